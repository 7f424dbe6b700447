"""A paired device's one line to the gateway: a Noise IK channel inside a WebSocket, with everything in it.

The first message proves which device asks and that it means this gateway; the answer proves that this is
it. From then on every message is a parcel (`parcels`): requests to the same addresses as over HTTP, and
attachments. Each is asked for its scope as if it had come by itself. What carries the WebSocket (a
network, a tunnel, a relay) sees sizes and times. `channel_http` carries the same without a WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from tether.noise import Channel, NoiseError, Responder
from tether.web import line
from tether.web.admission import Credential
from tether.web.connection import Close
from tether.web.inner import Inner
from tether.web.line import Line
from tether.web.pairing_api import Pairing, path_of
from tether.wire.version import PROTOCOL

PROLOGUE: Final = b"tether/1 session"
FIRST_WITHIN_S: Final = 5.0
CLOSE_UNKNOWN: Final = (4401, "this device is not paired")


class Greeted(NamedTuple):
    """A device that was known by its first message: `reply` answers it."""

    credential: Credential
    reply: bytes
    secured: Channel


def greet(state: Any, under: Line, first: bytes, **said: str) -> Greeted | None:
    """The answer to a device's first message, with `said` in it; None when it is no paired device's."""
    house: Pairing = state.pairing
    responder = Responder(house.keys, PROLOGUE)
    try:
        responder.read(first)
    except NoiseError:
        return None
    credential = state.credentials.of_key(responder.peer)
    if credential is None:
        return None
    credential = replace(credential, inside=state.credentials.inside(under))
    about = {"protocol": PROTOCOL, "name": credential.name, **said}
    return Greeted(credential, *responder.write(msgspec.json.encode(about)))


async def channel(websocket: WebSocket) -> None:
    """GET /api/v1/channel as a WebSocket."""
    await websocket.accept()
    try:
        how = await _serve(websocket)
    except (WebSocketDisconnect, TimeoutError):
        return
    if how is not None:
        with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
            await websocket.close(*how)


async def _serve(websocket: WebSocket) -> Close | None:
    under = line.of(websocket.scope)
    async with asyncio.timeout(FIRST_WITHIN_S):
        first = await websocket.receive_bytes()
    greeted = greet(websocket.app.state, under, first)
    if greeted is None or under.socket is None:
        return CLOSE_UNKNOWN
    await websocket.send_bytes(greeted.reply)
    inner = Inner(websocket.scope, under.socket, greeted.secured, greeted.credential, path_of(websocket))
    return await inner.run(_watch(websocket, inner))


async def _watch(websocket: WebSocket, inner: Inner) -> None:
    """What came before the hand-over, and then the end of the connection."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        inner.take(message.get("bytes") or b"")
