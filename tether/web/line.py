"""What the server tells the application about the connection below a request: life, and the way to cut it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Scope

from tether.clock import monotonic
from tether.web.admission import Peer
from tether.web.carrier import Carrier


class Socket(Carrier, Protocol):
    """A WebSocket, past the application's interface: what comes is handed over in the turn in which it came."""

    def hand_over(self, take: Callable[[bytes], None], on_ready: Callable[[], None]) -> None:
        """From now on `take` gets every binary message, and `on_ready` hears when there is room to write again."""


@dataclass
class Line:
    """`heard` is when bytes last came in or could be sent, in seconds (monotonic); `abort` drops the connection at
    once, also when it has unsent data. `socket` is there once the connection has become a WebSocket. `peer` is who is
    at the other end of a Unix socket, `ends` are our and the peer's address of a TCP connection; `inside` keeps which
    sessions the peer is in, once that was asked."""

    abort: Callable[[], None]
    heard: float
    socket: Socket | None = None
    peer: Peer | None = None
    ends: tuple[tuple[str, int], tuple[str, int]] | None = None
    inside: frozenset[bytes] | None = None


def of(scope: Scope) -> Line:
    """The line below `scope`; one that can't be cut when another server runs the application."""
    found = scope.get("state", {}).get("line")
    return found if isinstance(found, Line) else Line(lambda: None, monotonic())
