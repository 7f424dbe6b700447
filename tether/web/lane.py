"""A browser's lane: for the client that holds the lease, the short way from this process to the session's worker.

The key comes with the lease and stays here; the browser never sees it. Whenever the lane is not there
its input goes through the broker as before, under the same numbers, so nothing depends on it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from tether.wire.codec import WireError, decode, encode
from tether.wire.control import InputAck, Lane, LaneOpen
from tether.wire.framing import FrameReader, framed
from tether.wire.ids import SessionId

# What the worker has not read yet. Past it, input takes the broker's way, which drops what is too much.
UNSENT_MAX: Final = 256 * 1024
# A lane that broke is entered again: its worker may have been replaced. For this long a lease keeps trying.
_AGAIN_S: Final = 0.25
_TRIES: Final = 40


class LaneLink(asyncio.Protocol):
    """`on_ack(ack)` gets the worker's acknowledgements, `on_event(frame)` the session's events."""

    def __init__(
        self, sid: bytes, first: Lane, on_ack: Callable[[InputAck], None], on_event: Callable[[bytes], None]
    ) -> None:
        self.open = False
        self._sid = SessionId(sid)
        self._first = first
        self._on_ack = on_ack
        self._on_event = on_event
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self.lost = asyncio.Event()

    def send(self, frame: bytes) -> bool:
        """Pass an Input on. False when the lane is not open, or full."""
        transport = self._transport
        if not self.open or transport is None or transport.get_write_buffer_size() > UNSENT_MAX:
            return False
        transport.write(framed(frame))
        return True

    def close(self) -> None:
        """Leave the lane, also one that is still being entered."""
        self._closed, self.open = True, False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._closed:
            self._transport.close()
            return
        self._transport.write(framed(encode(self._sid, self._first)))

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except WireError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self.lost.set()

    def _take(self, frame: bytes) -> None:
        sid, message = decode(frame)
        match message:
            case LaneOpen():
                self.open = not self._closed
            case InputAck():
                self._on_ack(message)
            case _ if sid == self._sid:
                self._on_event(frame)


class LaneKeeper:
    """Enters and leaves the lanes of one client as its lease comes and goes."""

    def __init__(
        self,
        path: Path,
        sid: bytes,
        client: bytes,
        on_ack: Callable[[InputAck], None],
        on_event: Callable[[bytes], None],
    ) -> None:
        self._path = path
        self._sid = sid
        self._client = client
        self._on_ack = on_ack
        self._on_event = on_event
        self._link: LaneLink | None = None
        self._keeping: asyncio.Task[None] | None = None

    def granted(self, epoch: int, key: bytes) -> None:
        """The client holds the lease under `epoch`; `key` opens the lane (b"": there is none)."""
        self.leave()
        if key:
            first = Lane(self._client, epoch, key)
            self._keeping = asyncio.get_running_loop().create_task(self._keep(first))

    def leave(self) -> None:
        """The lease is gone, or the client."""
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        if self._link is not None:
            self._link.close()
            self._link = None

    def send(self, frame: bytes) -> bool:
        """Pass an Input on; False: take the broker's way."""
        return self._link is not None and self._link.send(frame)

    async def _keep(self, first: Lane) -> None:
        """Enter the lane, and again when it breaks. Meanwhile, and in the end, the broker's way is there."""
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES):
            link = self._link = LaneLink(self._sid, first, self._on_ack, self._on_event)
            # No worker listens now: it is being replaced, or gone.
            with contextlib.suppress(OSError):
                await loop.create_unix_connection(lambda link=link: link, str(self._path))  # type: ignore[misc]
                await link.lost.wait()
            await asyncio.sleep(_AGAIN_S)  # noqa: TID251 - a pause between tries, not a wait for something
