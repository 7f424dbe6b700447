"""Where decisions go out: the four ways to say something, and lists that fit into one frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from tether.wire import encode
from tether.wire.control import Clients, Sessions
from tether.wire.ids import NO_SESSION
from tether.wire.limits import FRAME_BYTES_MAX
from tether.wire.views import ClientView, SessionView

_T = TypeVar("_T")
_CWD_CHARS = 200


class Outbox(Protocol):
    """What the loop does for the rules. Nothing here waits; False means that it could not be sent."""

    def send(self, peer: bytes, frame: bytes) -> bool: ...

    def publish(self, frame: bytes) -> None: ...

    def to_store(self, frame: bytes) -> bool: ...

    def to_spawner(self, line: dict[str, Any]) -> bool: ...


def sessions_frame(req: int, views: list[SessionView], store: str) -> bytes:
    """The answer to ListSessions. Sessions with long arguments may not fit: then lists go without them."""
    frame = encode(NO_SESSION, Sessions(req, views, store))
    if len(frame) <= FRAME_BYTES_MAX:
        return frame
    slim = [replace(view, args=[], cwd=view.cwd[-_CWD_CHARS:]) for view in views]
    return _fitting(slim, lambda some: Sessions(req, some, store))


def clients_frame(req: int, views: list[ClientView]) -> bytes:
    """The answer to ListClients; the oldest attachments when there are more than fit."""
    return _fitting(views, lambda some: Clients(req, some))


def _fitting(items: list[_T], message: Callable[[list[_T]], msgspec.Struct]) -> bytes:
    while len(frame := encode(NO_SESSION, message(items))) > FRAME_BYTES_MAX:
        items = items[: len(items) // 2]
    return frame
