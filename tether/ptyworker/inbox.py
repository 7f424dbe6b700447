"""Which input is taken: exactly the next one of a client, under the current epoch, if there is room. Pure."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import Final

from tether.wire.limits import INPUT_BYTES_MAX, INPUT_CLIENTS_REMEMBERED

_OVER: Final = 2


class Verdict(Enum):
    """What becomes of one Input."""

    TAKE = "take"  # queue it, then acknowledge
    REPEAT = "repeat"  # taken before: acknowledge again
    AGAIN = "again"  # something before it is missing: acknowledge what is taken and ask to resend
    FULL = "full"  # the agent does not read: drop, and ask to resend when there is room
    FENCED = "fenced"  # another epoch: drop
    TOO_LONG = "too-long"  # drop


class Inbox:
    """Remembers the newest input taken from each client, the least recently heard forgotten first."""

    def __init__(self, taken: dict[bytes, int] | None = None) -> None:
        self._taken: OrderedDict[bytes, int] = OrderedDict(taken or {})
        self.starved: set[bytes] = set()

    def judge(self, client: bytes, n: int, size: int, *, same_epoch: bool, room: int) -> Verdict:
        """What to do with input `n` of `client`, of `size` bytes, when `room` bytes may be queued."""
        if not same_epoch:
            return Verdict.FENCED
        if size > INPUT_BYTES_MAX:
            return Verdict.TOO_LONG
        last = self.last(client)
        if n <= last:
            return Verdict.REPEAT
        if n != last + 1:
            return Verdict.AGAIN
        if size > room:
            self.starved.add(client)
            return Verdict.FULL
        return Verdict.TAKE

    def took(self, client: bytes, n: int) -> None:
        """Input `n` of `client` is taken."""
        self._taken[client] = n
        self._taken.move_to_end(client)
        while len(self._taken) > INPUT_CLIENTS_REMEMBERED:
            self._taken.popitem(last=False)

    def last(self, client: bytes) -> int:
        """The newest input taken from `client`; 0 when none was."""
        return self._taken.get(client, 0)

    def feed(self, room: int) -> list[bytes]:
        """The clients to ask for a resend now that `room` bytes are free."""
        if not self.starved or room < INPUT_BYTES_MAX * _OVER:
            return []
        fed, self.starved = sorted(self.starved), set()
        return fed

    def remembered(self) -> dict[bytes, int]:
        """Newest input by client, for the next worker."""
        return dict(self._taken)
