"""When a client that says what it has rendered is shown the newest screen instead of what it missed. Pure.

A terminal that takes a megabyte a second, under a flood of fifty, would show the past for ever, and the prompt
behind ctrl-c last of all. What it skips stays in the log, and its newest lines in the session's scrollback.
"""

from __future__ import annotations

from typing import Final

# Who has just typed wants to see what came of it: for so long, less than this is enough to skip.
TYPED_S: Final = 1.0
TYPED_BYTES: Final = 64 * 1024
# Screens a second are bounded: each costs the session's worker some milliseconds.
APART_S: Final = 0.05


class Skipping:
    """One client's. `wish` is how many bytes it would rather skip than get; 0: it wants everything. Times are seconds
    on a monotonic clock."""

    def __init__(self) -> None:
        self.wish = 0
        self._typed = float("-inf")
        self._shown = float("-inf")

    def typed(self, now: float) -> None:
        """The client typed something."""
        self._typed = now

    def shown(self, now: float) -> None:
        """The client is shown a screen."""
        self._shown = now

    def wanted(self, behind: int, now: float) -> bool:
        """True when a client `behind` bytes behind the session should be shown its screen."""
        if self.wish <= 0:
            return False
        return behind > (min(TYPED_BYTES, self.wish) if now - self._typed < TYPED_S else self.wish)

    def wait(self, now: float) -> float:
        """Seconds until the next screen may be shown."""
        return max(0.0, self._shown + APART_S - now)
