"""The live events of one session, subscribed to once and shared by all of its clients here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tether.bus import Subscriber
from tether.bus.readers import AsyncSockets
from tether.web.attachment import Recent, live_piece
from tether.wire.codec import WireError

# Two megabytes of full events may wait in the socket; what is dropped beyond is read from the log.
LIVE_HWM = 64
# Events taken in one turn of the loop, so that a flood leaves room for everybody else.
DRAIN_MAX = 256

log = logging.getLogger("tether")


class Hub:
    """Recent events of the session `sid`, and who waits for more of them."""

    def __init__(self, sid: bytes, subscribe: Callable[[], Subscriber], sockets: AsyncSockets) -> None:
        self.sid = sid
        self.recent = Recent()
        self.newest = 0
        self.watchers: set[asyncio.Event] = set()
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._subscriber: Subscriber | None = subscribe()
        sockets.add(self._subscriber, self._drain)

    def close(self) -> None:
        """Unsubscribe."""
        if self._subscriber is not None:
            self._sockets.remove(self._subscriber)
            self._subscriber.close()
            self._subscriber = None

    def exists(self, seq: int) -> None:
        """The event `seq` is known to exist: whoever has not got that far has something to fetch."""
        if seq > self.newest:
            self.newest = seq
            self.wake()

    def wake(self) -> None:
        """Have every client look again."""
        for watcher in self.watchers:
            watcher.set()

    def arrived(self, frame: bytes) -> None:
        """One event over a lane, ahead of its copy on the bus."""
        if self._add(frame):
            self.newest = max(self.newest, self.recent.last)
            self.wake()

    def _add(self, frame: bytes) -> bool:
        try:
            piece = live_piece(frame)
        except WireError as error:
            log.warning("event=bad-live-frame error=%r", str(error))
            return False
        return piece is not None and self.recent.add(piece)

    def _drain(self) -> None:
        news = False
        for _ in range(DRAIN_MAX):
            frame = self._subscriber.receive() if self._subscriber is not None else None
            if frame is None:
                break
            news = self._add(frame) or news
        else:
            # The socket's descriptor reports only changes: what is left must be asked for.
            self._loop.call_soon(self._drain)
        if news:
            self.newest = max(self.newest, self.recent.last)
            self.wake()
