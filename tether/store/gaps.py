"""Go-back-N for one session: append the next event, acknowledge a known one again, ask back for a missing one. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Final

# A worker that is asked to go back still has a pipe full of later events under way. One question for all of them.
NAK_EVERY_S: Final = 0.1


class Verdict(Enum):
    """What to do with an event."""

    APPEND = "append"  # it is the next one
    KNOWN = "known"  # the log has it: acknowledge again
    MISSING = "missing"  # one before it never came: ask for that one
    FULL = "full"  # it is the next one, but nothing can be taken now: drop it, ask again later
    FINAL = "final"  # the session was declared lost: no worker may add to it


class Cursor:
    """How far one session has come. `last` is the newest event taken, durable or about to be."""

    __slots__ = ("_asked_at", "_asked_for", "last")

    def __init__(self, last: int) -> None:
        self.last = last
        self._asked_for = 0
        self._asked_at = 0.0

    def verdict(self, seq: int) -> Verdict:
        """What to do with event `seq`. Changes nothing: call `take` once it is taken."""
        if seq == self.last + 1:
            return Verdict.APPEND
        return Verdict.KNOWN if seq <= self.last else Verdict.MISSING

    def take(self, seq: int) -> None:
        """Event `seq`, the next one, is taken."""
        if seq != self.last + 1:
            raise AssertionError(f"event {seq} taken after {self.last}")
        self.last = seq

    def ask(self, now: float) -> int | None:
        """The event to go back to, or None when it was asked for a moment ago. `now` is monotonic seconds."""
        wanted = self.last + 1
        if self._asked_for == wanted and now - self._asked_at < NAK_EVERY_S:
            return None
        self._asked_for, self._asked_at = wanted, now
        return wanted
