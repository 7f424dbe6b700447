"""One attachment inside a device's channel; also what carries its frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tether.web import arrivals, parcels
from tether.web.admission import Credential
from tether.web.carrier import stretch
from tether.web.connection import CLOSE_DETACHED, CLOSE_TOO_MANY, Close, Connection
from tether.wire.framing import FrameReader
from tether.wire.limits import WEBSOCKET_FRAME_BYTES_MAX

if TYPE_CHECKING:
    from tether.web.inner import Inner

FIRST_WITHIN_S: Final = 5.0


class Carried:
    """See the module."""

    kind = "channel"
    pack = staticmethod(stretch)

    def __init__(
        self, inner: Inner, number: int, sid: bytes, side: Any, credential: Credential, alive: Callable[[], float]
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
