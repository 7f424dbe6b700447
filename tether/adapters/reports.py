"""What a session's worker is told, numbered and kept until it is an event. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from tether.wire.agents import Approval, Asked, Observed, Part
from tether.wire.codec import encode_body

# A worker that does not answer for long: what is oldest goes, but for what decides something.
WAITING_MAX: Final = 4096
# Of a long field, in one event; and of all its events together.
_HEAD_BYTES: Final = 8_000
_PIECE_BYTES: Final = 30_000
FIELD_BYTES_MAX: Final = 500_000


class Reports:
    """One session's, of one run of the adapter."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._n = 0
        self._waiting: deque[Observed] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, event: msgspec.Struct) -> Observed:
        """A report of `event`, whose seq and ts its worker sets."""
        self._n += 1
        report = Observed(self._boot, self._n, encode_body(event))
        self._waiting.append(report)
        return report

    @property
    def newest(self) -> int:
        """The number of the newest report."""
        return self._n

    @property
    def full(self) -> bool:
        """True when nothing that can be done without should be added."""
        return len(self._waiting) >= WAITING_MAX

    def noted(self, boot: str, n: int) -> None:
        """Everything up to `n` is an event."""
        while boot == self._boot and self._waiting and self._waiting[0].n <= n:
            self._waiting.popleft()

    def again(self) -> list[Observed]:
        """What has to be sent again, oldest first."""
        return list(self._waiting)


def asked(record: Approval) -> list[msgspec.Struct]:
    """The events of a new approval: the pieces of its long fields, then what is asked. The pieces of a field come
    before the end of it that stands in `asked`."""
    made: list[msgspec.Struct] = []
    cut = 0
    kept: dict[str, bytes] = {}
    for field, data in (("exact", record.exact), ("diff", record.diff.encode())):
        cut += max(0, len(data) - FIELD_BYTES_MAX)
        data = data[:FIELD_BYTES_MAX]
        head = max(0, len(data) - _HEAD_BYTES)
        while field == "diff" and 0 < head < len(data) and data[head] & 0xC0 == 0x80:
            head += 1  # not inside a character
        made += [
            Part(0, 0, record.id, field, data[at : min(at + _PIECE_BYTES, head)]) for at in range(0, head, _PIECE_BYTES)
        ]
        kept[field] = data[head:]
    text = kept["diff"].decode("utf-8", "ignore")
    made.append(Asked(0, 0, msgspec.structs.replace(record, exact=kept["exact"], diff=text, cut=cut)))
    return made
