"""What goes on inside one device's channel, whatever carries it: requests, attachments, and their end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final
from urllib.parse import unquote

from starlette.types import Scope

from tether.errors import printable
from tether.noise import Channel, NoiseError
from tether.web import line, parcels, permits
from tether.web.admission import Credential
from tether.web.carried import Carried
from tether.web.connection import CLOSE_IDLE, CLOSE_REVOKED, Close
from tether.web.line import Socket
from tether.web.parcels import Parcel, ParcelError
from tether.wire.codec import WireError
from tether.wire.ids import normalise_public

# At once, in one channel.
REQUESTS_MAX: Final = 16
ATTACHMENTS_MAX: Final = 32
# Whoever repeats a first message of somebody's gets the answer to it, which it can't read, and no more time than this.
PROVED_WITHIN_S: Final = 10.0
CLOSE_BROKEN: Final = (1002, "a message that does not fit")

log = logging.getLogger("tether")


class Inner:
    """See the module. `scope` is that of the connection which opened the channel, `path` how the device came."""

    def __init__(self, scope: Scope, socket: Socket, secured: Channel, credential: Credential, path: str) -> None:
        loop = asyncio.get_running_loop()
        self._outer = scope
        self._state = scope["app"].state
        self._socket = socket
        self._secured = secured
        self._credential = credential
        self._path = path
        self._line = line.of(scope)
        self._closing: asyncio.Future[Close] = loop.create_future()
        self._attachments: dict[int, Carried] = {}
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._proved = False
        self._unproved = loop.call_later(PROVED_WITHIN_S, self.close, CLOSE_IDLE)

    async def run(self, *watching: Coroutine[Any, Any, None]) -> Close | None:
        """Until one of both ends it, or one of `watching` ends: the connection is gone. How to close; None when nobody
        is left to be told."""
        side = self._state.side
        side.channels[self] = self.review
        self._socket.hand_over(self.take, self._ready)
        watchers = [asyncio.create_task(one) for one in watching]
        try:
            ends: set[asyncio.Future[Any]] = {*watchers, self._closing}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._unproved.cancel()
            side.channels.pop(self, None)
            for task in [*watchers, *self._requests.values(), *(one.task for one in self._attachments.values())]:
                task.cancel()
            await asyncio.gather(*watchers, *self._requests.values(), return_exceptions=True)
        return self._closing.result() if self._closing.done() else None

    def review(self) -> None:
        """Does the row still stand?"""
        if not self._state.credentials.stands(self._credential):
            self.close(CLOSE_REVOKED)

    def close(self, how: Close) -> None:
        """End it; whoever carries the channel tells the device."""
        if not self._closing.done():
            self._closing.set_result(how)

    @property
    def over(self) -> bool:
        """True when nothing is taken any more."""
        return self._closing.done()

    def send(self, parcel: bytes) -> None:
        """Seal and write. What is refused by a full buffer is not: whoever sends much asks `ready` first."""
        if not self._closing.done():
            self._socket.write(self.sealed(parcel))

    def sealed(self, parcel: bytes) -> bytes:
        """The next message, as it is carried. Messages go out in the order in which they were sealed."""
        return self._socket.pack([self._secured.seal(parcel)])

    def ready(self) -> bool:
        """See `Carrier`."""
        return self._socket.ready()

    # -- from the device

    def take(self, sealed: bytes) -> None:
        """The device's next message. One that is not ends the channel."""
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
            self._unproved.cancel()
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

        await self._state.gate().within(self._credential, self._asked(asked), receive, send)

    def _asked(self, asked: parcels.Request) -> dict[str, Any]:
        outer = self._outer
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
        attached = Carried(self, number, found[0].sid, side, self._credential, lambda: self._line.heard)
        self._attachments[number] = attached
        attached.task.add_done_callback(lambda _task: self._attachments.pop(number, None))
