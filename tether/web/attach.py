"""The WebSocket transport: one attachment per socket, one protocol message per binary message."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from tether.web import answers, arrivals, gate, line
from tether.web.answers import ApiError
from tether.web.connection import CLOSE_IDLE, CLOSE_TOO_MANY, Close, Connection
from tether.web.lookup import credential_of, resolve, side_of
from tether.wire.codec import WireError
from tether.wire.control import Attach

ATTACH_WITHIN_S: Final = 5.0
CLOSE_NO_ATTACH: Final = (1008, "no Attach within 5 seconds")
CLOSE_TEXT: Final = (1003, "messages are binary")


class _Broken(Exception):
    """The client broke the protocol; `how` is the close code and its reason."""

    def __init__(self, how: Close) -> None:
        super().__init__(how[1])
        self.how = how


async def attach(websocket: WebSocket) -> None:
    """GET /api/v1/sessions/{id}/attach as a WebSocket."""
    try:
        credential = credential_of(websocket.scope)
        view = await resolve(websocket, websocket.path_params["id"])
    except ApiError as problem:
        response = answers.error(problem.status, **problem.document)
        await gate.deny(response, websocket.scope, websocket.receive, websocket.send)
        return
    side = side_of(websocket)
    await websocket.accept()
    under = line.of(websocket.scope)
    try:
        first = await _first(websocket, view.sid)
        connection = Connection(side, view.sid, first, credential, lambda: under.heard)
        if not side.join(connection):
            raise _Broken(CLOSE_TOO_MANY)
        try:
            how = await _serve(websocket, connection)
        finally:
            connection.leave()
    except _Broken as broken:
        how = broken.how
    except WebSocketDisconnect:
        return
    if how == CLOSE_IDLE:
        # A close frame would wait behind what the client does not read.
        under.abort()
        return
    with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
        await websocket.close(*how)


async def _first(websocket: WebSocket, sid: bytes) -> Attach:
    try:
        async with asyncio.timeout(ATTACH_WITHIN_S):
            frame = await _receive(websocket)
    except TimeoutError:
        raise _Broken(CLOSE_NO_ATTACH) from None
    try:
        return arrivals.read_attach(frame, sid)
    except WireError as error:
        raise _Broken(_protocol(error)) from None


async def _serve(websocket: WebSocket, connection: Connection) -> Close:
    """Push and receive until one of them ends or the connection is told to; how to close."""
    socket = line.of(websocket.scope).socket
    if socket is None:
        raise RuntimeError("the server below is not ours")
    socket.hand_over(lambda frame: _take(connection, frame), connection.viewer.pump)
    showing = asyncio.create_task(connection.show(socket))
    receiving = asyncio.create_task(_receive_all(websocket, connection))
    ends: set[asyncio.Future[Any]] = {showing, receiving, connection.closing}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (showing, receiving):
            task.cancel()
        ended = await asyncio.gather(showing, receiving, return_exceptions=True)
    if connection.closing.done():
        return connection.closing.result()
    for outcome in ended:
        if isinstance(outcome, Exception) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome
    raise WebSocketDisconnect


def _take(connection: Connection, frame: bytes) -> None:
    """A message, in the turn in which it came."""
    if connection.closing.done():
        return
    try:
        connection.receive(frame)
    except WireError as error:
        connection.close(_protocol(error))


async def _receive_all(websocket: WebSocket, connection: Connection) -> None:
    """What came before the hand-over, and then whatever is no message of bytes: the end of the connection above all."""
    while True:
        _take(connection, await _receive(websocket))


async def _receive(websocket: WebSocket) -> bytes:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    data = message.get("bytes")
    if data is None:
        raise _Broken(CLOSE_TEXT)
    return bytes(data)


def _protocol(error: WireError) -> Close:
    # A close frame's reason has at most 123 bytes.
    return 1002, str(error).encode("ascii", "replace")[:120].decode()
