"""One client on one session, whatever carries its frames.

`push` sends: news first, then the session's events from where the client is, pulled from the live
events or the log at the pace of `send`; nothing is queued for the client. `receive` takes what the
client says. The broker knows the client as an attachment; that it is away does not stop the view.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tether.clock import monotonic
from tether.screen.tail import tail_snapshot
from tether.store.reader import LogUnavailable
from tether.web import arrivals
from tether.web.admission import Credential
from tether.web.attachment import READ_EVENTS, Attachment, Piece, logged
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
    Refused,
    Release,
    Resize,
    Seen,
    Take,
)
from tether.wire.limits import TAIL_BYTES_MAX

if TYPE_CHECKING:
    from tether.web.busside import BusSide

# A client that answers nothing, pings neither, is gone. One that does not read can't answer: pings wait behind the
# output. It costs nothing, so it may sleep for longer, but loses its attachment (and the lease) with the silence.
IDLE_S: Final = 45.0
STALLED_S: Final = 300.0

Send = Callable[[bytes], Awaitable[None]]
Close = tuple[int, str]
"""A WebSocket close code and its reason."""

CLOSE_DETACHED: Final = (1000, "detached")
CLOSE_RESTARTING: Final = (1012, "the gateway's web part restarts: come back")
CLOSE_REVOKED: Final = (1008, "the credential was revoked")
CLOSE_REPLACED: Final = (4409, "this client attached again elsewhere")
CLOSE_TOO_MANY: Final = (1013, "too many clients")
CLOSE_IDLE: Final = (4408, "nothing was heard from this client")


class Connection:
    """See the module. `alive` tells when the client last gave a sign of life (seconds, monotonic)."""

    def __init__(
        self, side: BusSide, sid: bytes, attach: Attach, credential: Credential, alive: Callable[[], float]
    ) -> None:
        self.sid = sid
        self.attach = attach
        self.client = attach.client
        self.credential = credential
        self.alive = alive
        self.sending = False  # a send is waiting for the client to read
        self.wake = asyncio.Event()
        self.closing: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self.seen = Seen(attach.client, attach.after, 0)
        self._side = side
        self._outbox = Outbox(sid)
        self._place = Attachment(attach.after, Flow())
        self.standing = Standing(
            side.uplink,
            sid,
            attach,
            self.tell,
            lambda: side.record(sid),
            lambda: self.close(CLOSE_TOO_MANY),
            LaneKeeper(side.paths.worker_lane(sid), sid, attach.client, self._taken, self._over_lane),
            lambda: side.taken(self),
        )

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

    async def push(self, send: Send, keepalive_s: float | None = None) -> None:
        """Send until cancelled; with `keepalive_s` an unasked Pong whenever nothing was sent for that long."""
        send = self._noting(send)
        hub = self._side.hub(self.sid)
        hub.watchers.add(self.wake)
        try:
            await self._introduce(send)
            if not self.attach.after:
                await self._send_snapshot(send)
            spoke_at = monotonic()
            while True:
                self.wake.clear()
                busy = await self._send_news(send)
                busy = await self._send_events(send, hub) or busy
                if busy:
                    spoke_at = monotonic()
                    await turn()
                elif keepalive_s is not None and monotonic() - spoke_at > keepalive_s:
                    self.tell(Pong(0))
                else:
                    await self.wake.wait()  # `tick` wakes once a second
        finally:
            hub.watchers.discard(self.wake)
            self._side.release_hub(self.sid)

    def tell(self, message: Any) -> None:
        """Have `message` sent before any further event."""
        self._outbox.put(message)
        self.wake.set()

    def _noting(self, send: Send) -> Send:
        async def noting(frame: bytes) -> None:
            self.sending = True
            await send(frame)
            self.sending = False

        return noting

    async def _introduce(self, send: Send) -> None:
        """Attached comes first of all: the broker's, or our own when there is none to ask."""
        if not self._side.ended(self.sid):
            await self.standing.introduce()
        view = self._side.view(self.sid)
        if not self.standing.known and view is not None:
            self.tell(self.standing.stand_in(view))
        await self._send_news(send)

    async def _send_snapshot(self, send: Send) -> None:
        """Show the newest output. While there is no log to read (the store starts), wait for it."""
        while (rows := self._tail()) is None:
            self.wake.clear()
            await self.wake.wait()
        view = self._side.view(self.sid)
        if view is None:
            return
        if rows and peek_tag(rows[-1][1]) in ("exited", "lost"):
            rows.pop()  # how a session ended is told as an event, also to whoever comes after its end
        if not rows:
            # The broker's view may be ahead of the log: what is not in the log yet comes as events.
            view = msgspec.structs.replace(view, seq=0, offset=0)
        snapshot = tail_snapshot(rows, TAIL_BYTES_MAX, view)
        await send(encode(self.sid, snapshot))
        self._place.cursor = snapshot.seq
        self._place.flow.snapshot(snapshot.offset, len(snapshot.data))

    def _tail(self) -> list[tuple[int, bytes]] | None:
        try:
            return self._side.reader.tail(self.sid, TAIL_BYTES_MAX)
        except LogUnavailable:
            return None

    async def _send_news(self, send: Send) -> bool:
        frames = self._outbox.drain()
        for frame in frames:
            await send(frame)
        return bool(frames)

    async def _send_events(self, send: Send, hub: Hub) -> bool:
        """Send what comes next, one batch. False when there was nothing to send."""
        sent = False
        for piece in self._next_batch(hub):
            if not self._place.admits(piece):
                break
            await send(piece.frame)
            self._place.sent(piece)
            sent = True
            if self._outbox:
                await self._send_news(send)
        return sent

    def _next_batch(self, hub: Hub) -> list[Piece]:
        match self._place.source(hub.recent, hub.newest):
            case "live":
                return self._place.batch(hub.recent)
            case "log":
                return self._read_log()
            case _:
                return []

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
        arrived = arrivals.read(frame, self.sid, self.client)
        if arrived is None:
            return
        if isinstance(arrived, Refused):
            self.tell(arrived)
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
                self.wake.set()
            case Take() | Release() as question:
                self.standing.ask(question)
            case Ping(req=req):
                self.tell(Pong(req))
            case Detach():
                self._side.detach(self)
                self.close(CLOSE_DETACHED)

    def _taken(self, ack: InputAck) -> None:
        self._side.took(self, ack.n)
        self.tell(ack)

    def _over_lane(self, frame: bytes) -> None:
        hub = self._side.watched(self.sid)
        if hub is not None:
            hub.arrived(frame)

    def tick(self, now: float) -> None:
        """Once a second: look for events that no notice told of, and see that the broker knows this client."""
        self.wake.set()
        if self.standing.overdue(now) and not self._side.ended(self.sid):
            self.standing.attach_again()


@types.coroutine
def turn() -> Generator[None, None, None]:
    """Give everybody else a turn of the loop."""
    yield
