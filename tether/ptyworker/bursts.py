"""How much each client typed, gathered into bursts for the audit log: who, when and how much, never what. Pure."""

from __future__ import annotations

from typing import Final

from tether.wire.auditing import Typed

# A burst ends after a pause of this long, or when it has lasted this long, in seconds.
PAUSE_S: Final = 5.0
LASTS_S: Final = 60.0


class Bursts:
    """One burst at a time: the lease has one holder. Times of day in microseconds, `now` monotonic seconds."""

    def __init__(self) -> None:
        self._client = b""
        self._size = self._pieces = self._since = self._until = 0
        self._began = self._last = 0.0

    def typed(self, client: bytes, size: int, now_us: int, now: float) -> Typed | None:
        """`client` typed `size` bytes; another's burst that ends with it."""
        ended = self.end() if client != self._client else None
        if not self._pieces:
            self._client, self._since, self._began = client, now_us, now
        self._size += size
        self._pieces += 1
        self._until, self._last = now_us, now
        return ended

    def due(self, now: float) -> Typed | None:
        """The burst, when it is over."""
        return self.end() if self._pieces and self._left(now) <= 0 else None

    def wait_s(self, now: float) -> float | None:
        """Seconds until `due` is worth a call; None while nobody types."""
        return max(0.0, self._left(now)) if self._pieces else None

    def end(self) -> Typed | None:
        """The burst as it stands; None when there is none."""
        if not self._pieces:
            return None
        burst = Typed(self._client, self._size, self._pieces, self._since, self._until)
        self._client = b""
        self._size = self._pieces = 0
        return burst

    def _left(self, now: float) -> float:
        return min(self._last + PAUSE_S, self._began + LASTS_S) - now
