"""When observers get what is new: at once when it was quiet, and then at most every frame. Pure.

Two hundred observers of a session that prints all the time cost two hundred writes a frame, however
many events the frame holds; an eye sees no difference, and a key of the controller's waits less.
"""

from __future__ import annotations

from typing import Final

FRAME_S: Final = 0.016


class FrameClock:
    """Times are seconds on a monotonic clock."""

    def __init__(self) -> None:
        self._shown = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next frame may be shown; 0: now."""
        return max(0.0, self._shown + FRAME_S - now)

    def shown(self, now: float) -> None:
        """A frame is shown at `now`."""
        self._shown = now
