"""A paired device's one line to the gateway: a Noise IK channel inside a WebSocket, with everything in it.

The first message proves which device asks and that it means this gateway; the answer proves that this is
it. From then on every message is a parcel (`parcels`): requests to the same addresses as over HTTP, and
attachments. Each is asked for its scope as if it had come by itself. What carries the WebSocket (a
network, a tunnel, a relay) sees sizes and times.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from tether.errors import printable
from tether.noise import Channel, NoiseError, Responder
from tether.web import arrivals, line, parcels, permits
from tether.web.admission import Credential
from tether.web.carrier import stretch
from tether.web.connection import CLOSE_DETACHED, CLOSE_REVOKED, CLOSE_TOO_MANY, Close, Connection
from tether.web.line import Socket
from tether.web.pairing_api import Pairing, path_of
from tether.web.parcels import Parcel, ParcelError
from tether.wire.codec import WireError
from tether.wire.framing import FrameReader
from tether.wire.ids import normalise_public
from tether.wire.limits import WEBSOCKET_FRAME_BYTES_MAX
from tether.wire.version import PROTOCOL

PROLOGUE: Final = b"tether/1 session"
FIRST_WITHIN_S: Final = 5.0
# At once, in one channel.
REQUESTS_MAX: Final = 16
ATTACHMENTS_MAX: Final = 32
CLOSE_UNKNOWN: Final = (4401, "this device is not paired")
CLOSE_BROKEN: Final = (1002, "a message that does not fit")

log = logging.getLogger("tether")


async def channel(websocket: WebSocket) -> None:
    """GET /api/v1/channel as a WebSocket."""
    await websocket.accept()
    try:
        how = await _serve(websocket)
    except (WebSocketDisconnect, TimeoutError):
        return
    with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
        await websocket.close(*how)


async def _serve(websocket: WebSocket) -> Close:
    state, under = websocket.app.state, line.of(websocket.scope)
    house: Pairing = state.pairing
    async with asyncio.timeout(FIRST_WITHIN_S):
        first = await websocket.receive_bytes()
    responder = Responder(house.keys, PROLOGUE)
    try:
        responder.read(first)
    except NoiseError:
        return CLOSE_UNKNOWN
    credential = state.credentials.of_key(responder.peer)
    if credential is None or under.socket is None:
        return CLOSE_UNKNOWN
    credential = replace(credential, inside=state.credentials.inside(under))
    reply, secured = responder.write(msgspec.json.encode({"protocol": PROTOCOL, "name": credential.name}))
    await websocket.send_bytes(reply)
    inner = _Inner(websocket, under.socket, secured, credential)
    state.side.channels[inner] = inner.review
    try:
        return await inner.run()
    finally:
        state.side.channels.pop(inner, None)


class _Inner:
    """What goes on inside one channel."""

    def __init__(self, websocket: WebSocket, socket: Socket, secured: Channel, credential: Credential) -> None:
        self._websocket = websocket
        self._state = websocket.app.state
        self._socket = socket
        self._secured = secured
        self._credential = credential
        self._path = path_of(websocket)
        self._line = line.of(websocket.scope)
        self._closing: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._attachments: dict[int, _Attached] = {}
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._proved = False

    async def run(self) -> Close:
        """Until one of both ends it; how to close."""
        self._socket.hand_over(self._take, self._ready)
        watching = asyncio.create_task(self._watch())
        try:
            ends: set[asyncio.Future[Any]] = {watching, self._closing}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            for task in [*self._requests.values(), *(one.task for one in self._attachments.values())]:
                task.cancel()
            await asyncio.gather(watching, *self._requests.values(), return_exceptions=True)
        if not self._closing.done():
            raise WebSocketDisconnect
        return self._closing.result()

    def review(self) -> None:
        """Does the row still stand?"""
        if not self._state.credentials.stands(self._credential):
            self.close(CLOSE_REVOKED)

    def close(self, how: Close) -> None:
        if not self._closing.done():
            self._closing.set_result(how)

    def send(self, parcel: bytes) -> None:
        """Seal and write. What is refused by a full buffer is not: whoever sends much asks `ready` first."""
        if not self._closing.done():
            self._socket.write(self._socket.pack([self._secured.seal(parcel)]))

    def ready(self) -> bool:
        return self._socket.ready()

    # -- from the device

    async def _watch(self) -> None:
        """What came before the hand-over, and then the end of the connection."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._take(message.get("bytes") or b"")

    def _take(self, sealed: bytes) -> None:
        if self._closing.done():
            return
        try:
            self._act(parcels.unpack(self._secured.open(sealed)))
        except (NoiseError, ParcelError, WireError) as error:
            log.info("event=channel-broken device=%s error=%r", self._credential.device, printable(str(error), 120))
            self.close(CLOSE_BROKEN)

    def _act(self, parcel: Parcel) -> None:
        if not self._proved:
            # Whoever replays a first message gets no further than the answer: only now it is the device.
            self._proved = True
            self._state.credentials.note_seen(self._credential.device, self._path)
        match parcel.kind:
            case parcels.REQUEST:
                self._request(parcel.number, parcels.request(parcel.body))
            case parcels.OPEN:
                self._open(parcel.number, parcels.opening(parcel.body))
            case parcels.DATA:
                attached = self._attachments.get(parcel.number)
                if attached is not None:
                    attached.take(parcel.body)
            case parcels.CLOSE:
                attached = self._attachments.get(parcel.number)
                if attached is not None:
                    attached.end()
            case parcels.PING:
                self.send(parcels.pack(parcels.PING, parcel.number))
            case _:
                raise ParcelError(f"a device does not send parcels of kind {parcel.kind}")

    # -- requests

    def _request(self, number: int, asked: parcels.Request) -> None:
        if len(self._requests) >= REQUESTS_MAX or number in self._requests:
            self.send(parcels.answer(number, 503, b"{}", last=True))
            return
        task = asyncio.create_task(self._answer(number, asked))
        self._requests[number] = task
        task.add_done_callback(lambda _task: self._requests.pop(number, None))

    async def _answer(self, number: int, asked: parcels.Request) -> None:
        body = bytes(asked.body) if asked.method == "POST" else b""
        sent = False
        status = 500

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await self._closing
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                return
            data, last = message.get("body", b""), not message.get("more_body", False)
            for piece in parcels.stretches(data):
                await self._wait_for_room()
                self.send(parcels.answer(number, status, piece, last=False))
            if last:
                self.send(parcels.answer(number, status, b"", last=True))

        await self._state.gate().within(self._credential, self._scope(asked), receive, send)

    def _scope(self, asked: parcels.Request) -> dict[str, Any]:
        outer = self._websocket.scope
        path, _, query = asked.path.partition("?")
        headers = [(k, v) for k, v in outer["headers"] if k == b"host"]
        headers += [(b"content-type", b"application/json"), (b"x-tether", b"1")]
        return {
            "type": "http", "asgi": outer["asgi"], "http_version": "1.1", "method": asked.method, "scheme": "https",
            "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": headers, "server": None, "client": None, "state": dict(outer.get("state", {})),
        }  # fmt: skip

    async def _wait_for_room(self) -> None:
        while not self._socket.ready() and not self._closing.done():
            self._room.clear()
            await self._room.wait()

    def _ready(self) -> None:
        self._room.set()
        for attached in list(self._attachments.values()):
            attached.pump()

    # -- attachments

    def _open(self, number: int, session: str) -> None:
        side = self._state.side
        prefix = normalise_public(session)
        found = [one for one in side.find(prefix) if permits.visible(self._credential, one)] if prefix else []
        if len(found) != 1 or number in self._attachments or len(self._attachments) >= ATTACHMENTS_MAX:
            self.send(parcels.close(number, 4404, "there is no such session"))
            return
        attached = _Attached(self, number, found[0].sid, side, self._credential, lambda: self._line.heard)
        self._attachments[number] = attached
        attached.task.add_done_callback(lambda _task: self._attachments.pop(number, None))


class _Attached:
    """One attachment inside a channel; also its carrier."""

    kind = "channel"
    pack = staticmethod(stretch)

    def __init__(
        self, inner: _Inner, number: int, sid: bytes, side: Any, credential: Credential, alive: Callable[[], float]
    ) -> None:
        self._inner = inner
        self._number = number
        self._sid = sid
        self._side = side
        self._credential = credential
        self._alive = alive
        self._reader = FrameReader(WEBSOCKET_FRAME_BYTES_MAX)
        self._connection: Connection | None = None
        self._first: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._run())

    def write(self, chunk: bytes) -> None:
        """See `Carrier`."""
        for piece in parcels.stretches(chunk):
            self._inner.send(parcels.pack(parcels.DATA, self._number, piece))

    def ready(self) -> bool:
        """See `Carrier`."""
        return self._inner.ready()

    def pump(self) -> None:
        """There is room again."""
        if self._connection is not None:
            self._connection.viewer.pump()

    def end(self) -> None:
        """The device leaves the session."""
        if self._connection is None:
            self.task.cancel()
        else:
            self._side.detach(self._connection)
            self._connection.close(CLOSE_DETACHED)

    def take(self, stretch_: bytes) -> None:
        """A stretch of the device's frames. WireError ends the channel."""
        for frame in self._reader.feed(stretch_):
            if self._connection is not None:
                if not self._connection.closing.done():
                    self._connection.receive(frame)
            elif not self._first.done():
                self._first.set_result(arrivals.read_attach(frame, self._sid))
                self._begin()

    def _begin(self) -> None:
        connection = Connection(self._side, self._sid, self._first.result(), self._credential, self._alive)
        if self._side.join(connection):
            self._connection = connection

    async def _run(self) -> None:
        how: Close = CLOSE_TOO_MANY
        try:
            async with asyncio.timeout(FIRST_WITHIN_S):
                await self._first
            if self._connection is not None:
                how = await self._show(self._connection)
        except TimeoutError:
            how = (1008, "no Attach within 5 seconds")
        finally:
            if self._connection is not None:
                self._connection.leave()
        self._inner.send(parcels.close(self._number, *how))

    async def _show(self, connection: Connection) -> Close:
        showing = asyncio.create_task(connection.show(self))
        try:
            ends: set[asyncio.Future[Any]] = {showing, connection.closing}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        return connection.closing.result() if connection.closing.done() else (1011, "the gateway made a mistake")
