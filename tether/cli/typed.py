"""What was typed and is not yet taken by the session: numbered, bounded, sent again until acknowledged. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from tether.wire.control import Input
from tether.wire.limits import INPUT_BYTES_MAX, INPUT_WINDOW_BYTES

RESEND_S: Final = 0.3
RESEND_MAX_S: Final = 2.4
RETRY_S: Final = 0.05
# Typed but not numbered yet; beyond it the terminal is not read any more.
WAITING_BYTES_MAX: Final = INPUT_BYTES_MAX


@dataclass
class _Flying:
    n: int
    data: bytes
    sent: bool = False


class Typed:
    """The inputs of one client. Numbers grow by one from 1 and are never used twice for different bytes."""

    def __init__(self, client: bytes) -> None:
        self._client = client
        self._waiting = bytearray()
        self._flying: deque[_Flying] = deque()
        self._flying_bytes = 0
        self._next = 1
        self._wait_s = RESEND_S
        self._resend_at = 0.0

    @property
    def room(self) -> bool:
        """True while more may be typed."""
        return len(self._waiting) < WAITING_BYTES_MAX

    @property
    def settled(self) -> bool:
        """True when everything typed has been taken."""
        return not self._waiting and not self._flying

    @property
    def uncertain(self) -> int:
        """Inputs sent and not acknowledged."""
        return len(self._flying)

    @property
    def newest(self) -> int:
        """The newest number given to an input."""
        return self._next - 1

    def push(self, data: bytes) -> None:
        """More was typed."""
        self._waiting += data

    def due(self, epoch: int, now: float) -> list[Input]:
        """What is to be sent now (monotonic seconds) under the lease's `epoch`."""
        if self._flying and now >= self._resend_at and all(flying.sent for flying in self._flying):
            for flying in self._flying:
                flying.sent = False
            self._wait_s = min(self._wait_s * 2, RESEND_MAX_S)
        while self._waiting and self._flying_bytes < INPUT_WINDOW_BYTES:
            data = bytes(self._waiting[:INPUT_BYTES_MAX])
            del self._waiting[:INPUT_BYTES_MAX]
            self._flying.append(_Flying(self._next, data))
            self._flying_bytes += len(data)
            self._next += 1
        fresh = [flying for flying in self._flying if not flying.sent]
        if fresh:
            self._resend_at = now + self._wait_s
        for flying in fresh:
            flying.sent = True
        return [Input(self._client, epoch, flying.n, flying.data) for flying in fresh]

    def deadline(self) -> float | None:
        """When `due` has something to say again, in monotonic seconds."""
        return self._resend_at if self._flying else None

    def unsent(self, n: int, now: float) -> None:
        """Sending failed from number `n` on: it is due again, at the latest in a moment."""
        for flying in self._flying:
            if flying.n >= n:
                flying.sent = False
        self._resend_at = now + RETRY_S

    def acked(self, n: int, *, resend: bool = False) -> None:
        """The session has taken everything up to `n`; with `resend` what came after was dropped on its way."""
        while self._flying and self._flying[0].n <= n:
            self._flying_bytes -= len(self._flying.popleft().data)
            self._wait_s = RESEND_S
        if resend:
            self.again()

    def again(self) -> None:
        """Send everything that is not acknowledged once more: the connection is new."""
        for flying in self._flying:
            flying.sent = False
        self._wait_s = RESEND_S

    def adopt(self, last_n: int) -> None:
        """The session says that it took inputs of this client up to `last_n` (0: it does not know)."""
        self.acked(last_n)
        self._next = max(self._next, last_n + 1)
        self.again()

    def drop(self) -> None:
        """Control is lost: nothing of this may be applied later. The numbers stay taken, with nothing behind them, so
        that neither side can mistake a later input for one of these."""
        self._waiting.clear()
        self._flying_bytes = 0
        for flying in self._flying:
            flying.data = b""
