"""When to commit: now, or how long to wait for more. Pure.

One flush to disk costs the same for one event and for thousands, so events are held for a moment and written together.
An event that comes alone, with no flush just before it, need not wait: holding it would save nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Limits:
    """A batch is committed when it holds this much, or this long after the commit before it."""

    messages: int = 2000
    size_bytes: int = 4 << 20
    wait_s: float = 0.008


LIMITS: Final = Limits()


def wait_s(messages: int, size_bytes: int, committed_at: float, now: float, limits: Limits = LIMITS) -> float | None:
    """Seconds until the batch must be committed: 0.0 is now, None never (it is empty). `committed_at`, when the commit
    before it ended, and `now` are monotonic seconds."""
    if not messages:
        return None
    if messages >= limits.messages or size_bytes >= limits.size_bytes:
        return 0.0
    return min(limits.wait_s, max(0.0, committed_at + limits.wait_s - now))
