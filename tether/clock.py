"""The only reader of time."""

from __future__ import annotations

import time


def now_us() -> int:
    """Microseconds since 1970 on the machine's clock: for what people read; it may jump."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Seconds on a clock that never goes back: for waiting and measuring."""
    return time.monotonic()
