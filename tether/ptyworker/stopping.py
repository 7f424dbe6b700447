"""The ladder by which a session ends: HUP, then TERM, then KILL, over everything it started. Pure.

An agent in the middle of something is first asked to leave off, by whoever can (`patience_s`): then what it runs ends
with it, and its conversation is whole.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Final

_TERM_AFTER: Final = 0.4  # of the grace
_KILL_AGAIN_S: Final = 0.2  # what was forked meanwhile is killed as well
_GIVE_UP_S: Final = 2.0  # after the first KILL: what is left is stuck in the kernel
LOOK_S: Final = 0.05


@dataclass(frozen=True)
class Step:
    """Send `signal` to `whom`: the foreground and leader's process groups, or every process of the session."""

    signal: int
    whom: str  # "groups" or "all"


class Stopping:
    """One stop, asked for by `by` at `began` (seconds): the first signal when the agent rests, `patience_s` later at
    the latest, KILL `grace_s` after it."""

    def __init__(self, by: str, began: float, grace_s: float, first: int = 0, patience_s: float = 0.0) -> None:
        self.by = by
        self.began = began
        self.grace_s = max(0.0, grace_s)
        self._first = first or signal.SIGHUP
        self._patient_until = began + patience_s
        self._sent: list[int] = []
        self._last_kill = 0.0

    def step(self, now: float, *, rests: bool = False, gone: bool = False) -> Step | None:
        """The signal that is due at `now`, once; KILL is repeated for what was started meanwhile. `rests`: the agent is
        in the middle of nothing; `gone`: it has ended, and what it left has nothing to wait for."""
        if not self._sent:
            if now < self._patient_until and not rests:
                return None
            self.began = now
        age = now - self.began
        if not self._sent:
            self._sent.append(self._first)
            return Step(self._first, "groups")
        if age >= self.grace_s:
            if signal.SIGKILL not in self._sent or now - self._last_kill >= _KILL_AGAIN_S:
                self._sent.append(signal.SIGKILL)
                self._last_kill = now
                return Step(signal.SIGKILL, "all")
            return None
        if (gone or age >= self.grace_s * _TERM_AFTER) and signal.SIGTERM not in self._sent:
            self._sent.append(signal.SIGTERM)
            return Step(signal.SIGTERM, "all")
        return None

    def over(self, now: float, left: int) -> bool:
        """True when the session counts as ended: `left` processes remain, or what remains can't be killed."""
        return left == 0 or now - self.began >= self.grace_s + _GIVE_UP_S

    def hurry(self, grace_s: float) -> None:
        """Asked again: a shorter grace counts, a longer one does not."""
        self.grace_s = min(self.grace_s, max(0.0, grace_s))
        self._patient_until = self.began
