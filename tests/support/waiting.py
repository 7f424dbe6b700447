"""Wait on a condition, never on time. A wait that fails says what was awaited and what there was instead."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def pause(seconds: float = 0.02) -> None:
    """Give other processes a turn between two looks at a condition."""
    select.select([], [], [], seconds)


def wait_until(
    what: str, predicate: Callable[[], T], timeout: float = 15.0, *, context: Callable[[], str] | None = None
) -> T:
    """Look at `predicate` until it is true and return its value; AssertionError with `what` and `context()` otherwise.

    An AssertionError or OSError inside `predicate` counts as "not yet" and is shown at the end.
    """
    deadline = time.monotonic() + timeout
    last: object = None
    while True:
        try:
            last = predicate()
            if last:
                return last  # type: ignore[return-value]
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() >= deadline:
            break
        pause()
    shown = f"waited {timeout:g} s for: {what}\nlast seen: {last!r}"
    if context is not None:
        shown += "\n" + context()
    raise AssertionError(shown)
