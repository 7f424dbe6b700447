"""What the server tells the application about the connection below a request: life, and the way to cut it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Scope

from tether.clock import monotonic


@dataclass
class Line:
    """`heard` is when bytes last came in or could be sent, in seconds (monotonic); `abort` drops the connection at
    once, also when it has unsent data."""

    abort: Callable[[], None]
    heard: float


def of(scope: Scope) -> Line:
    """The line below `scope`; one that can't be cut when another server runs the application."""
    found = scope.get("state", {}).get("line")
    return found if isinstance(found, Line) else Line(lambda: None, monotonic())
