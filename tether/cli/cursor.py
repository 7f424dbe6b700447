"""How far a session has been shown, and what may be shown next. Pure.

Live events are a hint and may be lost; the log is the truth and may be late. An event is shown when it follows the one
before; what arrives too early is held while the log is asked for what is missing.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from tether.wire.events import Cut, Event, Output

HELD_BYTES_MAX: Final = 4 << 20
_EVENT_COST: Final = 128


class Cursor:
    """`seen` is the newest event shown, `offset` the end of its output."""

    def __init__(self, seen: int = 0, offset: int = 0) -> None:
        self.seen = seen
        self.offset = offset
        self._held: deque[Event] = deque()
        self._held_bytes = 0

    @property
    def behind(self) -> bool:
        """True while something newer is known than can be shown."""
        return bool(self._held)

    def live(self, event: Event) -> list[Event]:
        """An event came from the worker: what can be shown now, in order."""
        if event.seq == self.seen + 1 and not self._held:
            return [self._show(event)]
        if event.seq <= self.seen:
            return []
        if self._held and event.seq != self._held[-1].seq + 1:
            if event.seq <= self._held[-1].seq:
                return self._release()
            self._clear()
        self._held.append(event)
        self._held_bytes += _cost(event)
        while self._held_bytes > HELD_BYTES_MAX:
            self._held_bytes -= _cost(self._held.popleft())  # the log has it, or will
        return self._release()

    def logged(self, events: list[Event]) -> list[Event]:
        """Events came from the log: what can be shown now, in order."""
        shown = [self._show(event) for event in events if self._follows(event)]
        return shown + self._release()

    def jump(self, seq: int, offset: int) -> list[Event]:
        """A snapshot shows the session as of `seq`: what is held beyond it follows."""
        self.seen, self.offset = seq, offset
        return self._release()

    def _follows(self, event: Event) -> bool:
        # A Cut stands for a run of events that ends with its own number.
        return event.seq == self.seen + 1 or (isinstance(event, Cut) and event.seq > self.seen)

    def _release(self) -> list[Event]:
        shown: list[Event] = []
        while self._held and self._held[0].seq <= self.seen + 1:
            event = self._held.popleft()
            self._held_bytes -= _cost(event)
            if event.seq == self.seen + 1:
                shown.append(self._show(event))
        return shown

    def _show(self, event: Event) -> Event:
        self.seen = event.seq
        if isinstance(event, Output):
            if event.offset < self.offset:
                # The worker, which had the terminal, showed its beginning already.
                data = event.data[self.offset - event.offset :]
                event = Output(event.seq, event.ts, min(self.offset, event.offset + len(event.data)), data)
            self.offset = max(self.offset, event.offset + len(event.data))
        elif isinstance(event, Cut):
            self.offset = max(self.offset, event.to_offset)
        return event

    def _clear(self) -> None:
        self._held.clear()
        self._held_bytes = 0


def _cost(event: Event) -> int:
    return _EVENT_COST + (len(event.data) if isinstance(event, Output) else 0)
