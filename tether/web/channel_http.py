"""The channel of a paired device without a WebSocket, for networks that let none through: the same messages, downwards
as one long answer, upwards as posts.

Nothing of it is trusted more or less than a WebSocket: whoever carries it sees sizes and times, and can only break it.
A post that is repeated, left out or overtaken holds messages that are not the next ones, which ends the channel. The
name of a channel is told inside its first answer; it opens nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tether.clock import monotonic
from tether.web import line, parcels
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, read_body
from tether.web.channel import Greeted, greet
from tether.web.inner import Inner
from tether.web.line import Line
from tether.web.longanswer import LongAnswer, left
from tether.web.pairing_api import path_of
from tether.wire.codec import WireError
from tether.wire.framing import FrameReader

FIRST_BYTES_MAX: Final = 1024
POST_BYTES_MAX: Final = 1 << 20
MESSAGE_BYTES_MAX: Final = 65535  # Noise's own limit
KEEPALIVE_S: Final = 15.0
# So long a device that is told to go may take to read why.
LINGER_S: Final = 1.0
QUIET: Final = parcels.pack(parcels.NEWS, 0, b'{"kind":"quiet","text":""}')


class Held(NamedTuple):
    """An open channel; `under` is the connection of its long answer."""

    inner: Inner
    under: Line


class Channels:
    """The open channels, by the names that their devices were told."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def hold(self, name: str, held: Held) -> None:
        """It is open."""
        self._held[name] = held

    def drop(self, name: str) -> None:
        """It is not any more."""
        self._held.pop(name, None)

    def find(self, name: str) -> Held | None:
        """The channel of that name, as long as it takes anything."""
        held = self._held.get(name)
        return None if held is None or held.inner.over else held


async def begin(request: Request) -> Response:
    """POST /api/v1/channel: a device's first message; the answer, and all that follows it, as a stream."""
    check_query(request)
    first = await _octets(request, FIRST_BYTES_MAX)
    name = secrets.token_hex(16)
    greeted = greet(request.app.state, line.of(request.scope), first, channel=name)
    if greeted is None:
        raise ApiError(401, "not-paired", "This device is not paired", "Pair it: tether pair, on the gateway's machine")
    return _Stream(request, name, greeted)


async def onward(request: Request) -> Response:
    """POST /api/v1/channel/{id}: the device's next messages, each with its length before it."""
    check_query(request)
    _held(request)  # whoever knows of no channel has nothing of its body read
    body = await _octets(request, POST_BYTES_MAX)
    held = _held(request)
    reader = FrameReader(MESSAGE_BYTES_MAX)
    try:
        messages = reader.feed(body)
    except WireError as error:
        raise ApiError(400, "bad-message", f"The body does not fit: {error}") from None
    if reader.partial:
        raise ApiError(400, "bad-message", "The body does not fit: it ends inside a message")
    held.under.heard = monotonic()
    for message in messages:
        held.inner.take(message)
    return answer(200, messages=len(messages))


def _held(request: Request) -> Held:
    channels: Channels = request.app.state.channels
    held = channels.find(request.path_params["id"])
    if held is None:
        raise ApiError(404, "no-channel", "There is no such channel (any more)", "Open one: POST /api/v1/channel")
    return held


async def _octets(request: Request, bytes_max: int) -> bytes:
    if request.headers.get("content-type", "") != "application/octet-stream":
        raise ApiError(415, "content-type", "The body must be application/octet-stream")
    return await read_body(request, bytes_max)


class _Stream(Response):
    """The gateway's side of a channel, as an answer without an end."""

    def __init__(self, request: Request, name: str, greeted: Greeted) -> None:
        super().__init__()
        self._request = request
        self._name = name
        self._greeted = greeted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, under = self._request, line.of(scope)
        channels: Channels = request.app.state.channels
        body = LongAnswer(send, under)
        inner = Inner(scope, body, self._greeted.secured, self._greeted.credential, path_of(request))
        body.write(body.pack([self._greeted.reply]))
        await body.begin()
        channels.hold(self._name, Held(inner, under))
        try:
            how = await inner.run(body.run(), left(receive), _keep_open(inner))
        finally:
            channels.drop(self._name)
        if how is None:
            return
        body.write(inner.sealed(parcels.close(0, *how)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await body.end(flush=True)
                return
        under.abort()


async def _keep_open(inner: Inner) -> None:
    """Something now and then, so that nobody on the way takes the silence for the end."""
    while True:
        await asyncio.sleep(KEEPALIVE_S)  # noqa: TID251 - a pace, not a wait for something
        inner.send(QUIET)
