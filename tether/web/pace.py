"""How many may come to a door without a credential: a pace that may be run ahead of by a burst. Pure.

Whoever knocks there costs the gateway a handshake before it is known for a stranger. The pace is the door's, not
anybody's own: addresses are nobody's proof of anything, and behind a tunnel all come from one. So those who knock share
it, and who is let in already does not feel it.
"""

from __future__ import annotations

from typing import Final

PER_S: Final = 20.0
BURST: Final = 120.0


class Pace:
    """One door's, with `per_s` to come in the long run and `burst` at once."""

    def __init__(self, per_s: float = PER_S, burst: float = BURST) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at = float("-inf")

    def take(self, now: float) -> bool:
        """May one more come? `now` is monotonic seconds."""
        gained = (now - self._at) * self._per_s
        self._left = min(self._burst, self._left + max(0.0, gained))
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
