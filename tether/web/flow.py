"""Credit: how much output may be on its way to a client that says how far it has rendered. Pure.

Without it a flood fills kilobytes or megabytes of buffers between the agent and the screen, and
ctrl-c seems to do nothing until they have drained. Clients that never send Credit (programs that
want everything as fast as the socket takes it) are bounded by the socket alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# About 10 ms of a terminal that renders 6 MB/s: the screen never runs dry, and a key is seen at once. It is also what a
# slow one must still render before it can show anything else: 64 ms at 1 MB/s.
WINDOW_BYTES: Final = 64 * 1024
# One that renders faster may have more on its way, what it renders in so long: else it waits for every word of its own.
AHEAD_S: Final = 0.05
WINDOW_BYTES_MAX: Final = 256 * 1024


@dataclass
class Flow:
    """Offsets count the session's output bytes. `sent` is behind the newest byte handed to the client."""

    window: int = WINDOW_BYTES
    sent: int | None = None
    credited: int | None = None
    _pace: float = 0.0  # bytes a second, lately
    _credited_at: float = 0.0

    def credit(self, offset: int, now: float = 0.0) -> None:
        """The client has rendered everything up to `offset`, at `now` (monotonic seconds). A smaller offset than before
        changes nothing."""
        before = self.credited
        if before is None or offset > before:
            if before is not None and now > self._credited_at > 0:
                self._pace += ((offset - before) / (now - self._credited_at) - self._pace) / 2
            self.credited, self._credited_at = offset, now

    def room(self) -> int | None:
        """How many bytes may be sent now; None is without bound."""
        if self.credited is None:
            return None
        return max(0, self._window() - self._in_flight())

    def admits(self, size: int) -> bool:
        """True when `size` more bytes may be sent. With nothing in flight anything may, or an event larger than the
        window would never go."""
        room = self.room()
        return room is None or size <= room or self._in_flight() <= 0

    def output(self, offset: int, size: int) -> None:
        """`size` bytes that begin at `offset` were sent."""
        if self.sent is None:
            self._start(offset)
        elif offset > self.sent and self.credited is not None:
            # Retention cut what lies between: it is not in flight, and no client can credit it.
            self.credited += offset - self.sent
        self.sent = max(self.sent or 0, offset + size)

    def snapshot(self, offset: int, size: int) -> None:
        """A snapshot of `size` bytes, up to `offset`, was sent. What it skips is not in flight; what was still is."""
        in_flight = self._in_flight() + size
        if self.sent is None:
            self._start(max(0, offset - size))
        elif self.credited is not None:
            self.credited = max(self.credited, offset - in_flight)
        self.sent = offset

    def has_rendered_most(self) -> bool:
        """True when at most half the smallest window is in flight."""
        return self.credited is not None and self._in_flight() * 2 <= self.window

    def behind(self, newest: int) -> int:
        """How many bytes up to the offset `newest` were not sent."""
        return max(0, newest - self.sent) if self.sent is not None else 0

    def _window(self) -> int:
        return min(max(self.window, int(self._pace * AHEAD_S)), max(self.window, WINDOW_BYTES_MAX))

    def _start(self, offset: int) -> None:
        if self.credited is not None:
            self.credited = max(self.credited, offset)
        self.sent = offset

    def _in_flight(self) -> int:
        return (self.sent or 0) - (self.credited or 0) if self.sent is not None else 0
