"""The live events of one session, subscribed to once and shared by all of its clients here.

While a client here has the session's lane, the lane feeds the hub: the copies on the bus, and the store's word for
each of them, would only wake this process again for what it has sent already.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, Protocol

from tether.bus import Subscriber
from tether.bus.readers import AsyncSockets
from tether.masking import SILENCE_S
from tether.web.attachment import Piece, Recent, live_piece
from tether.web.carrier import Carrier
from tether.web.frameclock import FrameClock
from tether.web.masked import Live
from tether.wire.codec import WireError

# Two megabytes of full events may wait in the socket; what is dropped beyond is read from the log.
LIVE_HWM: Final = 64
# Events taken in one turn of the loop, so that a flood leaves room for everybody else.
DRAIN_MAX: Final = 256
# Observers served in one turn of the loop: a key of the controller's waits for so many at most.
SHOW_MAX: Final = 16

log = logging.getLogger("tether")


class Watcher(Protocol):
    """A client of the session, to its hub."""

    @property
    def leads(self) -> bool:
        """True for who controls the session: it gets everything at once, the others get it on a clock."""

    @property
    def cursor(self) -> int:
        """The newest event it has."""

    def pump(self) -> None:
        """Send on, if there is something and room for it."""


class Hub:
    """Recent events of the session `sid`, and who wants more of them. `hear_store(wanted)` turns the store's notices of
    this session on and off."""

    def __init__(
        self,
        sid: bytes,
        subscribe: Callable[[], Subscriber],
        hear_store: Callable[[bool], None],
        sockets: AsyncSockets,
        masked: Callable[[Recent], Live] | None = None,
    ) -> None:
        self.sid = sid
        self._raw = Recent()
        self._live = masked(self._raw) if masked is not None else None
        self.recent = self._live.recent if self._live is not None else self._raw
        self._silence: asyncio.TimerHandle | None = None
        self._heard = 0.0  # when something came last, on the loop's clock
        self.newest = 0  # the newest event that is known to exist
        self.offset = 0  # behind the newest output that was seen here
        self.watchers: dict[Watcher, None] = {}
        self._lanes = 0
        self._hear_store = hear_store
        self._hearing = (True, True)  # the worker's socket, the store's notices
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._clock = FrameClock()
        self._due: asyncio.Handle | None = None
        self._owed = False  # something came that the observers do not have
        self._chunks: dict[tuple[str, int, int], bytes] = {}
        hear_store(True)
        self._subscriber: Subscriber | None = subscribe()
        sockets.add(self._subscriber, self._drain)

    def close(self) -> None:
        """Unsubscribe."""
        if self._due is not None:
            self._due.cancel()
        if self._silence is not None:
            self._silence.cancel()
        if self._hearing[1]:
            self._hear_store(False)
        if self._subscriber is not None:
            self._sockets.remove(self._subscriber)
            self._subscriber.close()
            self._subscriber = None

    # -- what exists

    def exists(self, seq: int) -> None:
        """The event `seq` is known to exist: whoever has not got that far has something to fetch."""
        if seq > self.newest:
            self.newest = seq
            self._news()

    def arrived(self, frames: Iterable[bytes]) -> bool:
        """Events over a lane, ahead of their copies on the bus. False when none of them was news."""
        news = False
        for frame in frames:
            news = self._add(frame) or news
        if news:
            self._news()
        return news

    def lane(self, opened: bool) -> None:
        """A client here has entered the session's lane, or left it."""
        self._lanes += 1 if opened else -1
        self._hear()

    def lagging(self) -> None:
        """A client waits for what only the log has: hear what the store says of it."""
        self._hear(lagging=True)

    def look(self, last: int) -> None:
        """The log ends at `last`: notices can be lost."""
        self.exists(last)
        self._hear(lagging=any(watcher.cursor + 1 < self.recent.first for watcher in self.watchers))

    def _hear(self, *, lagging: bool = False) -> None:
        fed = self._lanes > 0
        wanted = (not fed, not fed or lagging)
        before, self._hearing = self._hearing, wanted
        if self._subscriber is not None and wanted[0] != before[0]:
            (self._subscriber.subscribe if wanted[0] else self._subscriber.unsubscribe)(self.sid)
        if wanted[1] != before[1]:
            self._hear_store(wanted[1])

    # -- what is secret in it

    def advance(self, cursor: int) -> bool:
        """A client at `cursor` wants what follows: have it masked. False when that has to wait for more, or silence."""
        if self._live is None:
            return True
        self._live.advance(cursor)
        if self._live.waiting and self._silence is None:
            self._silence = self._loop.call_later(SILENCE_S, self._listen)
        return not self._live.awaits(cursor)

    def all_taken(self, cursor: int) -> bool:
        """True when a client at `cursor` has everything that there is."""
        return cursor >= self.recent.last > 0 and (
            self._live is None or self._live.awaits(cursor) or not self._live.more
        )

    def _listen(self) -> None:
        """Has the session been silent for long enough to show, hidden, what waits?"""
        self._silence = None
        if self._live is None or not self._live.waiting:
            return
        left = self._heard + SILENCE_S - self._loop.time()
        if left > 0:
            self._silence = self._loop.call_later(left, self._listen)
            return
        self._live.silent()
        self._news()

    # -- who gets it when

    def packed(self, carrier: Carrier, pieces: list[Piece]) -> bytes:
        """`pieces` as `carrier` carries them, made once for all clients that get the same."""
        key = (carrier.kind, pieces[0].seq, pieces[-1].seq)
        chunk = self._chunks.get(key)
        if chunk is None:
            chunk = self._chunks[key] = carrier.pack(piece.frame for piece in pieces)
        return chunk

    def _news(self) -> None:
        """Something can be fetched: who controls gets it at once, the others when their frame is due."""
        self._chunks.clear()
        if self.newest < self._raw.last:
            self.newest = self._raw.last
        observers = False
        for watcher in list(self.watchers):
            if watcher.leads:
                watcher.pump()
            else:
                observers = True
        if observers:
            self._owed = True
            self._schedule()

    def _schedule(self) -> None:
        if self._due is None:
            self._due = self._loop.call_later(self._clock.wait(self._loop.time()), self._show)

    def _show(self) -> None:
        self._owed = False
        self._clock.shown(self._loop.time())
        self._show_some(iter([watcher for watcher in self.watchers if not watcher.leads]))

    def _show_some(self, waiting: Iterator[Watcher]) -> None:
        """Serve some of those who wait, and the rest in the next turns."""
        self._due = None
        served = list(islice(waiting, SHOW_MAX))
        for watcher in served:
            watcher.pump()
        if len(served) == SHOW_MAX:
            self._due = self._loop.call_soon(self._show_some, waiting)
            return
        self._chunks.clear()
        if self._owed:
            self._schedule()

    # -- the worker's socket

    def _add(self, frame: bytes) -> bool:
        try:
            piece = live_piece(frame)
        except WireError as error:
            log.warning("event=bad-live-frame error=%r", str(error))
            return False
        if piece is None or not self._raw.add(piece):
            return False
        self._heard = self._loop.time()
        self.offset = max(self.offset, piece.offset + piece.size)
        return True

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
            self._news()
