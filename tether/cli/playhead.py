"""How fast recorded output is played: its own pace, sped up or down, with long pauses cut. Pure."""

from __future__ import annotations

from typing import Final

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Playhead:
    """Times of events are microseconds, `now` monotonic seconds. `idle_s` is the longest pause that is played."""

    def __init__(self, speed: float, idle_s: float) -> None:
        self.speed = speed
        self.paused = False
        self._idle_s = idle_s
        self._shown_ts: int | None = None
        self._shown_at = 0.0

    def jumped(self, ts: int, now: float) -> None:
        """The screen is that of the moment `ts`."""
        self._shown_ts, self._shown_at = ts, now

    def wait(self, ts: int, now: float) -> float | None:
        """Seconds until the event of `ts` is to be shown, 0.0 when it is due; None while paused."""
        if self.paused:
            return None
        if self._shown_ts is None:
            return 0.0
        gap = min(max(0, ts - self._shown_ts) / 1e6, self._idle_s) / self.speed
        return max(0.0, self._shown_at + gap - now)

    def shown(self, ts: int, now: float) -> None:
        """The event of `ts` was shown; what comes is timed from when it was due, so that nothing drifts."""
        if self._shown_ts is None or ts < self._shown_ts:
            self._shown_at = now
        else:
            gap = min((ts - self._shown_ts) / 1e6, self._idle_s) / self.speed
            # More than a moment late (a machine that slept): begin anew from here.
            due = self._shown_at + gap
            self._shown_at = due if now - due < 1.0 else now
        self._shown_ts = ts

    def pause(self, now: float) -> None:
        """Stop, or go on."""
        self.paused = not self.paused
        self._shown_at = now

    def faster(self, steps: int, now: float) -> None:
        """Another speed, `steps` further along `SPEEDS`."""
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self.speed))
        self.speed = SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)]
        self._shown_at = now
