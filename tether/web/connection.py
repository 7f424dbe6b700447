"""One client on one session, whatever carries its frames.

`pump` sends: news first, then the session's events from where the client is, pulled from the live
events or the log at the pace of the carrier; nothing is queued for the client. It is called whenever
there may be something to send, and sends in that very turn. `receive` takes what the client says. The
broker knows the client as an attachment; that it is away does not stop the view.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tether.clock import monotonic
from tether.screen.tail import tail_snapshot
from tether.store.reader import LogUnavailable
from tether.web import arrivals, permits
from tether.web.admission import Credential
from tether.web.attachment import READ_EVENTS, Attachment, Piece, logged
from tether.web.carrier import Carrier
from tether.web.flow import Flow
from tether.web.hub import Hub
from tether.web.lane import LaneKeeper
from tether.web.outbox import Outbox
from tether.web.standing import Standing
from tether.wire.codec import encode, peek_tag
from tether.wire.control import (
    Attach,
    Credit,
    Detach,
    Input,
    InputAck,
    Ping,
    Pong,
    Release,
    Resize,
    Seen,
    Take,
)
from tether.wire.ids import public_id
from tether.wire.limits import TAIL_BYTES_MAX

if TYPE_CHECKING:
    from tether.web.busside import BusSide

# A client that answers nothing, pings neither, is gone. One that does not read can't answer: pings wait behind the
# output. It costs nothing, so it may sleep for longer, but loses its attachment (and the lease) with the silence.
IDLE_S: Final = 45.0
STALLED_S: Final = 300.0

# Rounds of `pump` in one turn of the loop, each of at most one visit to the log.
_ROUNDS_MAX: Final = 2

log = logging.getLogger("tether")

Close = tuple[int, str]
"""A WebSocket close code and its reason."""

CLOSE_DETACHED: Final = (1000, "detached")
CLOSE_RESTARTING: Final = (1012, "the gateway's web part restarts: come back")
CLOSE_REVOKED: Final = (1008, "the credential was revoked")
CLOSE_REPLACED: Final = (4409, "this client attached again elsewhere")
CLOSE_TOO_MANY: Final = (1013, "too many clients")
CLOSE_IDLE: Final = (4408, "nothing was heard from this client")
CLOSE_BUG: Final = (1011, "the gateway made a mistake")


class Connection:
    """See the module. `alive` tells when the client last gave a sign of life (seconds, monotonic)."""

    def __init__(
        self, side: BusSide, sid: bytes, attach: Attach, credential: Credential, alive: Callable[[], float]
    ) -> None:
        self.sid = sid
        attach = permits.attaching(credential, sid, attach)
        self.attach = attach
        self.client = attach.client
        self.credential = credential
        self.alive = alive
        self.closing: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self.seen = Seen(attach.client, attach.after, 0)
        self._side = side
        self._outbox = Outbox(sid)
        self._place = Attachment(attach.after, Flow())
        self._loop = asyncio.get_running_loop()
        self._carrier: Carrier | None = None
        self._hub: Hub | None = None
        self._introduced = False  # Attached has been sent: news may follow
        self._placed = False  # it is known where the client's events begin: they may follow
        self._pump_soon = False
        self._changed = asyncio.Event()  # something that `show` may be waiting for
        self._spoke_at = monotonic()
        self._keepalive_s: float | None = None
        self.standing = Standing(
            side.uplink,
            sid,
            attach,
            self.tell,
            lambda: side.record(sid),
            lambda: self.close(CLOSE_TOO_MANY),
            LaneKeeper(side.paths.worker_lane(sid), sid, attach.client, self),
            lambda: side.taken(self),
        )

    # -- to the hub

    @property
    def leads(self) -> bool:
        """This client controls the session."""
        return self.standing.mode == "control"

    @property
    def cursor(self) -> int:
        """The newest event that was handed over."""
        return self._place.cursor

    @property
    def sending(self) -> bool:
        """What was sent waits for the client to read."""
        return self._carrier is not None and not self._carrier.ready()

    # -- ends

    def close(self, how: Close) -> None:
        """End the connection; whoever carries it closes with this code and reason."""
        if not self.closing.done():
            self.closing.set_result(how)

    def leave(self) -> None:
        """What carried the connection is gone."""
        self.standing.leave()
        self._side.leave(self)

    # -- towards the client

    async def show(self, carrier: Carrier, keepalive_s: float | None = None) -> None:
        """Attach, show the session's newest output, and send what follows until cancelled; with `keepalive_s` also an
        unasked Pong whenever nothing was sent for that long."""
        self._carrier, self._keepalive_s = carrier, keepalive_s
        hub = self._hub = self._side.hub(self.sid)
        hub.watchers[self] = None
        try:
            await self._introduce()
            if not self.attach.after:
                await self._show_newest()
            self._placed = True
            self.pump()
            await asyncio.Event().wait()  # whoever carries the frames cancels
        finally:
            self._placed = self._introduced = False
            hub.watchers.pop(self, None)
            self._side.release_hub(self.sid)

    def tell(self, message: Any) -> None:
        """Have `message` sent before any further event."""
        self._outbox.put(message)
        self.pump()

    def pump(self) -> None:
        """Send what there is, as far as credit and the carrier let us; the rest when there is room, or next turn."""
        try:
            self._pump()
        except Exception:
            log.exception("event=bug in=pump")
            self.close(CLOSE_BUG)

    def _pump(self) -> None:
        carrier, hub = self._carrier, self._hub
        if carrier is None or hub is None or not self._introduced:
            self._changed.set()
            return
        for _ in range(_ROUNDS_MAX):
            if not carrier.ready():
                return
            news = self._outbox.drain()
            pieces, shared = self._next(hub) if self._placed else ([], False)
            if not news and not pieces:
                return
            self._spoke_at = monotonic()
            if news or not shared:
                carrier.write(carrier.pack([*news, *(piece.frame for piece in pieces)]))
            else:
                carrier.write(hub.packed(carrier, pieces))
            if self._place.live(hub.recent):
                return
        self._pump_later()

    def _pump_later(self) -> None:
        """There is more: go on when everybody else had a turn."""
        if not self._pump_soon:
            self._pump_soon = True
            self._loop.call_soon(self._pump_again)

    def _pump_again(self) -> None:
        self._pump_soon = False
        self.pump()

    async def _introduce(self) -> None:
        """Attached comes first of all: the broker's, or our own when there is none to ask."""
        if not self._side.ended(self.sid):
            await self.standing.introduce()
        view = self._side.view(self.sid)
        if not self.standing.known and view is not None:
            self.tell(self.standing.stand_in(view))
        self._introduced = True
        self.pump()

    async def _show_newest(self) -> None:
        """Show the newest output. While there is no log to read (the store starts), wait for it."""
        while (rows := self._tail()) is None:
            self._changed.clear()
            await self._changed.wait()  # `tick` wakes once a second
        view = self._side.view(self.sid)
        if view is None:
            return
        if rows and peek_tag(rows[-1][1]) in ("exited", "lost"):
            rows.pop()  # how a session ended is told as an event, also to whoever comes after its end
        if not rows:
            # The broker's view may be ahead of the log: what is not in the log yet comes as events.
            view = msgspec.structs.replace(view, seq=0, offset=0)
        snapshot = tail_snapshot(rows, TAIL_BYTES_MAX, view)
        assert self._carrier is not None  # noqa: S101 - `show` set it
        self._carrier.write(self._carrier.pack([encode(self.sid, snapshot)]))
        self._place.cursor = snapshot.seq
        self._place.flow.snapshot(snapshot.offset, len(snapshot.data))

    def _tail(self) -> list[tuple[int, bytes]] | None:
        try:
            return self._side.reader.tail(self.sid, TAIL_BYTES_MAX)
        except LogUnavailable:
            return None

    def _next(self, hub: Hub) -> tuple[list[Piece], bool]:
        """The events to send now, which count as sent, and whether others here may get the same."""
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
            rows = self._side.reader.events(
                self.sid, self._place.cursor, limit=READ_EVENTS, max_bytes=self._place.read_bytes()
            )
        except LogUnavailable:
            return []  # the store is starting: the next tick looks again
        return logged(self.sid, rows)

    # -- from the client

    def receive(self, frame: bytes) -> None:
        """Act on a frame of the client's. WireError when it is not one."""
        arrived = self._admitted(frame)
        if arrived is None:
            return
        match arrived.message:
            case Input():
                self.standing.type(arrived.frame)
            case Resize():
                self.standing.order(arrived.frame)
            case Seen() as seen:
                self.seen = seen
                self._side.uplink.send(arrived.frame)
            case Credit(offset=offset):
                self._place.flow.credit(offset)
                self.pump()
            case Take() | Release() as question:
                self.standing.ask(question)
            case Ping(req=req):
                self.tell(Pong(req))
            case Detach():
                self._side.detach(self)
                self.close(CLOSE_DETACHED)

    def _admitted(self, frame: bytes) -> arrivals.Arrival | None:
        """What may be acted upon; the answer to everything else has been told."""
        arrived = arrivals.read(frame, self.sid, self.client)
        if isinstance(arrived, arrivals.Arrival):
            denied = permits.check(arrived.message, self.credential, self.sid)
            if denied is None:
                return arrived
            self._side.telling.denied(self.credential, public_id(self.sid), denied.code, type(arrived.message).__name__)
            arrived = denied
        if arrived is not None:
            self.tell(arrived)
        return None

    # -- the lane

    def lane_opened(self) -> None:
        """Events come over the lane from now on."""
        if self._hub is not None:
            self._hub.lane(opened=True)

    def lane_brought(self, ack: InputAck | None, events: list[bytes]) -> None:
        """What came over the lane at once, an acknowledgement perhaps: sent on at once."""
        if ack is not None:
            self._side.took(self, ack.n)
            self._outbox.put(ack)
        hub = self._hub
        if (hub is None or not hub.arrived(events)) and ack is not None:
            self.pump()

    def lane_lost(self) -> None:
        """Back to the bus; what was lost meanwhile is in the log."""
        if self._hub is not None:
            self._hub.lane(opened=False)

    def tick(self, now: float) -> None:
        """Once a second: look for events that no notice told of, and see that the broker knows this client."""
        self._changed.set()
        if self._keepalive_s is not None and now - self._spoke_at > self._keepalive_s:
            self.tell(Pong(0))
        self.pump()
        if self.standing.overdue(now) and not self._side.ended(self.sid):
            self.standing.attach_again()
