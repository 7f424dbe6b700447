"""Who types goes first: while somebody does, what a flood costs here is spread out. Pure.

A flood that is shown without a pause (hiding what is secret in 20 MB/s takes all of a core) makes this process one
of those that the system lets wait: each of the four wake-ups of a key's way then costs milliseconds. One that rests
between two pieces of work is woken at once. Measured beside a flooding neighbour on two cores: 20 to 26 ms without,
0.8 ms with.
"""

from __future__ import annotations

from typing import Final

# So long after a key its typist may press another.
TYPING_S: Final = 1.0
# Rest for each second of work. The flood is still shown, at the pace of some MB/s, or by its screen.
REST: Final = 3.0
# What takes no longer is no flood: a key takes 0.015 ms, an event of 16 KB of a flood 0.16.
WORK_S: Final = 0.00015


class Courtesy:
    """For all clients of this process; times are seconds on a monotonic clock."""

    def __init__(self) -> None:
        self._typed = float("-inf")

    def typed(self, now: float) -> None:
        """Somebody typed at `now`."""
        self._typed = now

    def rest(self, spent: float, now: float) -> float:
        """For how long a client's output waits after `spent` seconds of work on it."""
        if spent < WORK_S or now - self._typed > TYPING_S:
            return 0.0
        return spent * REST
