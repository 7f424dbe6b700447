"""Who types goes first: while somebody does, what another's flood costs here is spread out. Pure.

A flood that is shown without a pause (hiding what is secret in 20 MB/s takes all of a core) makes this process one
of those that the system lets wait: each of the four wake-ups of a key's way then costs milliseconds. One that rests
between two pieces of work is woken at once. Measured beside a flooding neighbour on two cores: 20 to 26 ms without,
0.8 ms with.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

# So long after a key its typist may press another.
TYPING_S: Final = 1.0
# Rest for each second of work. The flood is still shown, at the pace of some MB/s, or by its screen.
REST: Final = 3.0
# What takes no longer is no flood: a key takes 0.015 ms, an event of 16 KB of a flood 0.16.
WORK_S: Final = 0.00015


class Courtesy:
    """For all clients of this process; times are seconds on a monotonic clock. Nobody rests for a key of its own: what
    comes of it is what is shown."""

    def __init__(self) -> None:
        self._typed: dict[Hashable, float] = {}  # when each client typed last, the newest at the end

    def typed(self, who: Hashable, now: float) -> None:
        """The client `who` typed at `now`."""
        self._typed.pop(who, None)
        self._typed[who] = now
        while now - self._typed[oldest := next(iter(self._typed))] > TYPING_S:
            del self._typed[oldest]

    def rest(self, who: Hashable, spent: float, now: float) -> float:
        """For how long the output of `who` waits after `spent` seconds of work on it."""
        if spent < WORK_S:
            return 0.0
        newest = next((at for other, at in reversed(self._typed.items()) if other != who), float("-inf"))
        return spent * REST if now - newest <= TYPING_S else 0.0
