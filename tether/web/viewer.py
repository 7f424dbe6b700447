"""What one client is shown of a session: its screen, and every event from there on, at the pace of its carrier.

`pump` sends: news first, then events from where the client is, pulled from the live events or the log;
nothing is queued for the client. It is called whenever there may be something to send, and sends in that
very turn. A client that falls behind further than it wishes is shown the screen as it is instead.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tether.clock import monotonic
from tether.store.reader import LogUnavailable
from tether.web.attachment import READ_EVENTS, Attachment, Piece, logged
from tether.web.carrier import Carrier
from tether.web.flow import Flow
from tether.web.hub import Hub
from tether.web.outbox import Outbox
from tether.web.skipping import Skipping
from tether.wire.codec import encode
from tether.wire.control import Credit, Pong, SnapshotQuery
from tether.wire.ids import ClientId

if TYPE_CHECKING:
    from tether.web.busside import BusSide

# Rounds of `pump` in one turn of the loop, each of at most one visit to the log: a flood leaves turns to others' keys.
_ROUNDS_MAX: Final = 1

log = logging.getLogger("tether")


class Viewer:
    """One client's view of the session `sid`, from behind event `after` (0: from its screen). `failed` is called when a
    mistake of ours ends it. `leads` is set while the client controls the session."""

    def __init__(
        self, side: BusSide, sid: bytes, client: ClientId | bytes, after: int, failed: Callable[[], None]
    ) -> None:
        self.leads = False
        self._side = side
        self._sid = sid
        self._client = client
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(sid)
        self._place = Attachment(after, Flow())
        self._skipping = Skipping()
        self._carrier: Carrier | None = None
        self._hub: Hub | None = None
        self._introduced = False  # Attached has been sent: news may follow
        self._placed = False  # it is known where the client's events begin: they may follow
        self._pump_at: asyncio.Handle | None = None
        self._moving: asyncio.Task[None] | None = None  # the client is about to be shown the screen
        self._query: SnapshotQuery | None = None  # because it asked for it
        self._changed = asyncio.Event()  # something that a placement may be waiting for
        self._spoke_at = monotonic()
        self._rests_until = 0.0
        self._keepalive_s: float | None = None

    # -- life

    def open(self, carrier: Carrier, keepalive_s: float | None) -> None:
        """Watch the session; with `keepalive_s` an unasked Pong is sent whenever nothing was for that long."""
        self._carrier, self._keepalive_s = carrier, keepalive_s
        self._hub = self._side.hub(self._sid)
        self._hub.watchers[self] = None

    async def begin(self) -> None:
        """The client knows where it stands: show what there is, and what follows."""
        self._introduced = True
        self.pump()
        if not self._place.cursor:
            await self._show_screen(None)
        self._placed = True
        if self._query is not None:
            self._move()
        self.pump()

    def close(self) -> None:
        """Watch no more."""
        self._placed = self._introduced = False
        if self._moving is not None:
            self._moving.cancel()
        if self._pump_at is not None:
            self._pump_at.cancel()
        if self._hub is not None:
            self._hub.watchers.pop(self, None)
            self._side.release_hub(self._sid)

    @property
    def cursor(self) -> int:
        """The newest event that was handed over."""
        return self._place.cursor

    @property
    def sending(self) -> bool:
        """What was sent waits for the client to read."""
        return self._carrier is not None and not self._carrier.ready()

    # -- what is told

    def tell(self, message: Any) -> None:
        """Have `message` sent before any further event."""
        self._outbox.put(message)
        self.pump()

    def typed(self) -> None:
        """The client typed something."""
        now = self._loop.time()
        self._skipping.typed(now)
        self._side.courtesy.typed((self._sid, self._client), monotonic())

    def credit(self, credit: Credit) -> None:
        """The client says what it has rendered."""
        self._place.flow.credit(credit.offset, self._loop.time())
        self._skipping.wish = credit.skip
        self.pump()

    def brought(self, ack: Any, events: list[bytes]) -> None:
        """What came over the lane at once; `ack` may be None."""
        if ack is not None:
            self._outbox.put(ack)
        hub = self._hub
        # When it is news to the hub, the hub has it sent, with the acknowledgement.
        if (hub is None or not hub.arrived(events)) and ack is not None:
            self.pump()

    def lane(self, *, opened: bool) -> None:
        """The client's lane to the worker is there, or no more."""
        if self._hub is not None:
            self._hub.lane(opened=opened)

    def tick(self, now: float) -> None:
        """Once a second: look for events that no notice told of."""
        self._changed.set()
        if self._keepalive_s is not None and now - self._spoke_at > self._keepalive_s:
            self.tell(Pong(0))
        self.pump()

    # -- sending

    def pump(self) -> None:
        """Send what there is, as far as credit and the carrier let us; the rest when there is room, or next turn."""
        try:
            self._pump()
        except Exception:
            log.exception("event=bug in=pump")
            self._failed()

    def _pump(self) -> None:
        carrier, hub = self._carrier, self._hub
        if carrier is None or hub is None or not self._introduced:
            self._changed.set()
            return
        for _ in range(_ROUNDS_MAX):
            if not carrier.ready():
                return
            news = self._outbox.drain()
            pieces, shared = self._next_in_turn(hub) if self._placed else ([], False)
            if not news and not pieces:
                return
            self._spoke_at = monotonic()
            if news or not shared:
                carrier.write(carrier.pack([*news, *(piece.frame for piece in pieces)]))
            else:
                carrier.write(hub.packed(carrier, pieces))
            if hub.all_taken(self._place.cursor):
                return
        self._pump_later(0.0)

    def _pump_later(self, wait_s: float) -> None:
        """Go on when everybody else had a turn, or later."""
        if self._pump_at is None:
            again = self._pump_again
            self._pump_at = self._loop.call_later(wait_s, again) if wait_s > 0 else self._loop.call_soon(again)

    def _pump_again(self) -> None:
        self._pump_at = None
        self.pump()

    def _next_in_turn(self, hub: Hub) -> tuple[list[Piece], bool]:
        """As `_next`, or nothing while a flood rests for somebody else who types."""
        begun = monotonic()
        if begun < self._rests_until:
            self._pump_later(self._rests_until - begun)
            return [], False
        found = self._next(hub)
        ended = monotonic()
        self._rests_until = ended + self._side.courtesy.rest((self._sid, self._client), ended - begun, ended)
        return found

    def _next(self, hub: Hub) -> tuple[list[Piece], bool]:
        """The events to send now, which count as sent, and whether others here may get the same."""
        if self._skips(hub):
            return [], False
        if self._place.wants() and not hub.advance(self._place.cursor):
            return [], False
        newest = self._place.next(hub.recent)
        if newest is not None:
            return newest, True
        match self._place.source(hub.recent, hub.newest):
            case "live":
                return self._place.take(self._place.batch(hub.recent)), True
            case "log":
                pieces = self._place.take(self._read_log())
                if not pieces:
                    hub.lagging()
                return pieces, False
            case _:
                return [], False

    def _read_log(self) -> list[Piece]:
        try:
            rows = self._side.shown.events(
                self._sid, self._place.cursor, limit=READ_EVENTS, max_bytes=self._place.read_bytes()
            )
        except LogUnavailable:
            return []  # the store is starting: the next tick looks again
        return logged(self._sid, rows)

    # -- the screen instead

    def _skips(self, hub: Hub) -> bool:
        """True when the client is to be shown the screen instead of what it has not got."""
        now, flow = self._loop.time(), self._place.flow
        if not flow.has_rendered_most() or not self._skipping.wanted(flow.behind(hub.offset), now):
            return False
        wait_s = self._skipping.wait(now)
        if wait_s > 0:
            self._pump_later(wait_s)
        else:
            self._move()
        return True

    def show_screen(self, query: SnapshotQuery) -> None:
        """The client asks for the screen as it is."""
        self._query = query
        self._move()

    def _move(self) -> None:
        if self._moving is None and self._placed:
            asked, self._query = self._query, None
            self._moving = self._loop.create_task(self._show_screen(asked))
            self._moving.add_done_callback(self._moved)

    async def _show_screen(self, query: SnapshotQuery | None) -> None:
        """Show the session's screen as it is, and go on from there; meanwhile no events. While there is neither a
        worker to ask nor a log to read, wait for one."""
        self._placed = False
        history = query.history if query is not None else 0
        while True:
            view = self._side.view(self._sid)
            snapshot = await self._side.screens.of(view, history) if view is not None else None
            if snapshot is not None:
                break
            self._changed.clear()
            await self._changed.wait()  # `tick` wakes once a second
        if query is not None:
            snapshot = msgspec.structs.replace(snapshot, req=query.req, client=self._client)
        assert self._carrier is not None  # noqa: S101 - `open` set it
        self._carrier.write(self._carrier.pack([encode(self._sid, snapshot)]))
        self._place.cursor = snapshot.seq
        self._place.flow.snapshot(snapshot.offset, len(snapshot.data))
        self._skipping.shown(self._loop.time())
        self._placed = True

    def _moved(self, task: asyncio.Task[None]) -> None:
        self._moving = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("event=bug in=show-screen", exc_info=error)
            self._failed()
        elif self._query is not None:
            self._move()
        self.pump()
