"""When a session's screen is worth keeping, and when its model may be made small. Pure.

A screen is rebuilt from the newest checkpoint and the output behind it, so what is bounded is that output. A session
that says little is cheap to rebuild from its beginning, and one that says nothing costs nothing: every time here
passes once after the last output, and none comes back by itself.
"""

from __future__ import annotations

from typing import Final

# Output between two checkpoints: a tenth of a second's work for who rebuilds.
EVERY_BYTES: Final = 8 << 20
# Under a flood not more often than this: each takes the worker some milliseconds.
APART_S: Final = 1.0
# After this long without output a smaller step is enough, so that a session at rest is shown at once.
IDLE_S: Final = 30.0
IDLE_BYTES: Final = 256 << 10
# After this long without output the model gives back what memory it can.
COMPRESS_S: Final = 2.0


class Checkpointing:
    """Decides for one session. Times are seconds on a monotonic clock, sizes bytes of output."""

    def __init__(self) -> None:
        self._since = 0  # output since the newest checkpoint
        self._made_at = float("-inf")
        self._fed_at = 0.0
        self._loose = False  # fed since it was compressed

    def fed(self, size: int, now: float) -> None:
        """The model was fed."""
        self._since += size
        self._fed_at = now
        self._loose = True

    def due(self, now: float) -> bool:
        """True when a checkpoint should be made."""
        if self._since >= EVERY_BYTES:
            return now - self._made_at >= APART_S
        return self._since >= IDLE_BYTES and now - self._fed_at >= IDLE_S

    def worth(self) -> bool:
        """True when a last one is worth its place, at the session's end."""
        return self._since >= IDLE_BYTES

    def made(self, now: float) -> None:
        """A checkpoint of what was fed was made."""
        self._since = 0
        self._made_at = now

    def compress(self, now: float) -> bool:
        """True, once after the last output, when the model should be compressed."""
        if self._loose and now - self._fed_at >= COMPRESS_S:
            self._loose = False
            return True
        return False

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; None while nothing will be."""
        waits: list[float] = []
        if self._loose:
            waits.append(self._fed_at + COMPRESS_S - now)
        if self._since >= EVERY_BYTES:
            waits.append(self._made_at + APART_S - now)
        elif self._since >= IDLE_BYTES:
            waits.append(self._fed_at + IDLE_S - now)
        return max(0.0, min(waits)) if waits else None
