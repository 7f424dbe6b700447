"""A browser's lane: for the client that holds the lease, the short way from this process to the session's worker.

The key comes with the lease and stays here; the browser never sees it. Whenever the lane is not there
its input goes through the broker as before, under the same numbers, so nothing depends on it.

What arrives is handed on in the turn of the loop in which it arrived: a key's echo waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec

from tether.web.outbox import merge_acks
from tether.wire.codec import WireError, decode, encode
from tether.wire.control import InputAck, Lane, LaneOpen
from tether.wire.framing import FrameBuffer, framed
from tether.wire.ids import SessionId
from tether.wire.limits import SID_BYTES

# What the worker has not read yet. Past it, input takes the broker's way, which drops what is too much.
UNSENT_MAX: Final = 256 * 1024
# A lane that broke is entered again: its worker may have been replaced. For this long a lease keeps trying.
_AGAIN_S: Final = 0.25
_TRIES: Final = 40
# Read at a time: a flood must not keep the loop from everybody else for long.
_READ_BYTES: Final = 64 * 1024

_OUTPUT_TAG: Final = b"\xa3out"
_TAG: Final = slice(SID_BYTES + 1, SID_BYTES + 5)
_ACK_TAG: Final = b"\xa9input-ack"
_TAG_OF_ACK: Final = slice(SID_BYTES + 1, SID_BYTES + 1 + len(_ACK_TAG))
_acks: Final = msgspec.msgpack.Decoder(InputAck)


class LaneUser(Protocol):
    """Whom a lane serves."""

    def lane_opened(self) -> None:
        """Events come over the lane from now on."""

    def lane_brought(self, ack: InputAck | None, events: list[bytes]) -> None:
        """What came at once: the newest acknowledgement, and frames of events."""

    def lane_lost(self) -> None:
        """An open lane is none any more."""


class LaneLink(asyncio.BufferedProtocol):
    """One connection to the worker."""

    def __init__(self, sid: bytes, first: Lane, user: LaneUser) -> None:
        self.open = False
        self._sid = SessionId(sid)
        self._first = first
        self._user = user
        self._buffer = FrameBuffer(_READ_BYTES)
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
        self._closed = True
        self._shut()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._closed:
            self._transport.close()
            return
        self._transport.write(framed(encode(self._sid, self._first)))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer.room()

    def buffer_updated(self, nbytes: int) -> None:
        if self._closed:
            return
        try:
            self._take(self._buffer.filled(nbytes))
        except WireError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._shut()
        self.lost.set()

    def _shut(self) -> None:
        if self.open:
            self.open = False
            self._user.lane_lost()

    def _take(self, frames: list[bytes]) -> None:
        ack: InputAck | None = None
        events: list[bytes] = []
        for frame in frames:
            if frame[_TAG] == _OUTPUT_TAG:
                events.append(frame)  # its bytes are nobody's business on the way
                continue
            if frame[_TAG_OF_ACK] == _ACK_TAG:
                ack = merge_acks(ack, _ack(frame))
                continue
            message = decode(frame)[1]
            if isinstance(message, LaneOpen):
                self.open = True
                self._user.lane_opened()
            else:
                events.append(frame)
        if ack is not None or events:
            self._user.lane_brought(ack, [frame for frame in events if frame.startswith(self._sid)])


def _ack(frame: bytes) -> InputAck:
    """What `decode` would make of it, by a shorter way: a key's echo is behind it."""
    try:
        return _acks.decode(memoryview(frame)[SID_BYTES:])
    except msgspec.DecodeError as error:
        raise WireError(f"an acknowledgement that does not fit: {error}") from None


class LaneKeeper:
    """Enters and leaves the lanes of one client as its lease comes and goes."""

    def __init__(self, path: Path, sid: bytes, client: bytes, user: LaneUser) -> None:
        self._path = path
        self._sid = sid
        self._client = client
        self._user = user
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
            link = self._link = LaneLink(self._sid, first, self._user)
            # No worker listens now: it is being replaced, or gone.
            with contextlib.suppress(OSError):
                await loop.create_unix_connection(lambda link=link: link, str(self._path))  # type: ignore[misc]
                await link.lost.wait()
            await asyncio.sleep(_AGAIN_S)  # noqa: TID251 - a pause between tries, not a wait for something
