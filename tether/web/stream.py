"""The plain-HTTP transport, for networks that block WebSocket: the same frames, downwards as one long answer, upwards
as posts. An attachment is named by its client id, as on a WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tether.web import arrivals, line
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, query_int, read_body
from tether.web.connection import CLOSE_IDLE, Connection
from tether.web.longanswer import LongAnswer, left
from tether.web.lookup import credential_of, resolve, side_of
from tether.wire.codec import WireError
from tether.wire.control import Attach
from tether.wire.framing import FrameReader
from tether.wire.ids import is_client_id
from tether.wire.limits import COLS_MAX, ROWS_MAX, WEBSOCKET_FRAME_BYTES_MAX

KEEPALIVE_S: Final = 15.0
POST_BYTES_MAX: Final = 1 << 20
_SEQ_MAX: Final = (1 << 62) - 1
_ATTACH_FIELDS: Final = ("after", "client", "mode", "name", "cols", "rows", "take", "epoch", "device")


async def stream(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/stream: attach, and everything that a WebSocket would get."""
    check_query(request, *_ATTACH_FIELDS)
    view = await resolve(request, request.path_params["id"])
    side = side_of(request)
    under = line.of(request.scope)
    connection = Connection(side, view.sid, _attach(request), credential_of(request.scope), lambda: under.heard)
    if not side.join(connection):
        raise ApiError(503, "too-many", "Too many clients are attached", "Close some of them")
    return _Frames(connection, under)


async def frames(request: Request) -> Response:
    """POST /api/v1/sessions/{id}/frames?client=: what a WebSocket client would send, each with its length before it."""
    check_query(request, "client")
    client = _client(request)
    view = await resolve(request, request.path_params["id"])
    connection = side_of(request).connections.get((view.sid, client))
    if connection is None:
        raise ApiError(
            409, "not-attached", "This client has no open stream of that session", "Open GET .../stream first"
        )
    if request.headers.get("content-type", "") != "application/octet-stream":
        raise ApiError(415, "content-type", "The body must be application/octet-stream")
    body = await read_body(request, POST_BYTES_MAX)
    try:
        reader = FrameReader(WEBSOCKET_FRAME_BYTES_MAX)
        received = reader.feed(body)
        if reader.partial:
            raise WireError("it ends inside a frame")
        for frame in received:
            connection.receive(frame)
    except WireError as error:
        raise ApiError(400, "bad-message", f"The body does not fit: {error}") from None
    return answer(200, frames=len(received))


def _client(request: Request) -> bytes:
    try:
        client = bytes.fromhex(request.query_params.get("client", ""))
    except ValueError:
        client = b""
    if not is_client_id(client) or not any(client):
        raise ApiError(422, "field", "client is the client's id, 32 hexadecimal digits", field="client")
    return client


def _attach(request: Request) -> Attach:
    query = request.query_params
    take = query.get("take", "0")
    if take not in ("0", "1"):
        raise ApiError(422, "field", "take is 0 or 1", field="take")
    message = Attach(
        req=0,
        client=_client(request),
        name=query.get("name", "browser"),
        kind="http",
        mode=query.get("mode", "observe"),
        cols=query_int(request, "cols", 0, 0, COLS_MAX),
        rows=query_int(request, "rows", 0, 0, ROWS_MAX),
        take=take == "1",
        after=query_int(request, "after", 0, 0, _SEQ_MAX),
        epoch=query_int(request, "epoch", 0, 0, _SEQ_MAX),
        device=query.get("device", ""),
    )
    try:
        return arrivals.check_attach(message, frozenset({"http"}))
    except WireError as error:
        raise ApiError(422, "field", str(error), field=str(error).rpartition("fit: ")[2].partition(":")[0]) from None


class _Frames(Response):
    """An answer without an end: frames, each with its length before it."""

    media_type = "application/octet-stream"

    def __init__(self, connection: Connection, under: line.Line) -> None:
        super().__init__()
        self._connection = connection
        self._line = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = self._connection
        body = LongAnswer(send, self._line, connection.viewer.pump)
        try:
            await body.begin()
            showing = asyncio.create_task(connection.show(body, KEEPALIVE_S))
            writing = asyncio.create_task(body.run())
            leaving = asyncio.create_task(left(receive))
            ends: set[asyncio.Future[Any]] = {showing, writing, leaving, connection.closing}
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (showing, writing, leaving):
                    task.cancel()
                outcomes = await asyncio.gather(showing, writing, leaving, return_exceptions=True)
        finally:
            connection.leave()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        if connection.closing.done() and connection.closing.result() == CLOSE_IDLE:
            self._line.abort()
        else:
            await body.end()
