"""One client on one session, whatever carries its frames.

`push` sends: news first, then the session's events from where the client is, pulled from the live
events or the log at the pace of `send`; nothing is queued for the client. `receive` takes what the
client says. The broker knows the client as an attachment; that it is away does not stop the view.
"""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tether.clock import monotonic
from tether.replay import tail_snapshot
from tether.store.reader import LogUnavailable
from tether.web import arrivals
from tether.web.admission import Credential
from tether.web.attachment import READ_EVENTS, Attachment, Piece, logged
from tether.web.flow import Flow
from tether.web.hub import Hub
from tether.web.mirror import merge
from tether.web.outbox import Outbox
from tether.wire.codec import encode, peek_tag
from tether.wire.control import (
    Attach,
    Attached,
    Control,
    Credit,
    Detach,
    Input,
    Ping,
    Pong,
    Refused,
    Release,
    Resize,
    Seen,
    Take,
)
from tether.wire.limits import TAIL_BYTES_MAX
from tether.wire.views import ENDED, SessionView

if TYPE_CHECKING:
    from tether.web.busside import BusSide

# How long the first answer waits for the broker before the client is told that it only observes for now.
ATTACH_WAIT_S: Final = 2.0
ATTACH_AGAIN_S: Final = 1.0
# A client that answers nothing, pings neither, is gone. One that does not read can't answer: pings wait behind the
# output. It costs nothing, so it may sleep for longer, but loses its attachment (and the lease) with the silence.
IDLE_S: Final = 45.0
STALLED_S: Final = 300.0
BROKER_AWAY: Final = "the gateway's broker is away: you observe until it is back"

_ABSENCE: Final = frozenset({"ended", "not-found", "not-ready"})

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
        self.mode = ""
        self.sending = False  # a send is waiting for the client to read
        self.epoch = attach.epoch
        self.wake = asyncio.Event()
        self.closing: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self.seen = Seen(attach.client, attach.after, 0)
        self._side = side
        self._outbox = Outbox(sid)
        self._place = Attachment(attach.after, Flow())
        self._answered = asyncio.Event()
        self._known = False  # to this run of the broker
        self._ordered = False  # the client wants something that may be refused
        self._refusal = ""
        self._asked_at = 0.0

    # -- ends

    def close(self, how: Close) -> None:
        """End the connection; whoever carries it closes with this code and reason."""
        if not self.closing.done():
            self.closing.set_result(how)

    def leave(self) -> None:
        """What carried the connection is gone."""
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
        if not self._side.ended(self.sid) and self.ask_to_attach(take=self.attach.take):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ATTACH_WAIT_S):
                    await self._answered.wait()
        view = self._side.view(self.sid)
        if not self._known and view is not None:
            reason = "the session has ended" if view.state in ENDED else self._refusal or BROKER_AWAY
            self.tell(Attached(self.attach.req, "observe", view.epoch, view, reason))
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
            case Input() | Resize():
                # What can't be passed on now is sent again by the client, which numbers its input.
                self._ordered = True
                self._side.uplink.send(arrived.frame)
            case Seen() as seen:
                self.seen = seen
                self._side.uplink.send(arrived.frame)
            case Credit(offset=offset):
                self._place.flow.credit(offset)
                self.wake.set()
            case Take() | Release() as question:
                self._ask(question)
            case Ping(req=req):
                self.tell(Pong(req))
            case Detach():
                self._side.detach(self)
                self.close(CLOSE_DETACHED)

    def _ask(self, question: Take | Release) -> None:
        def answered(message: Any) -> None:
            self.from_broker(msgspec.structs.replace(message, req=question.req))

        if not self._side.uplink.question(self.sid, question, answered):
            self.tell(
                Refused(question.req, "not-ready", "The gateway's broker is away", "Try again in a moment", self.client)
            )

    # -- with the broker

    def ask_to_attach(self, *, take: bool = False) -> bool:
        """Make this client an attachment at the broker, or say again that it is one. False when the broker is away."""
        # Who only observes now must not become the controller because the broker was restarted.
        mode = self.attach.mode if not self.mode or self.mode == "control" else "observe"
        message = msgspec.structs.replace(self.attach, mode=mode, take=take, epoch=self.epoch, after=self._place.cursor)
        self._known = False
        self._asked_at = monotonic()
        self._answered.clear()
        return bool(self._side.uplink.question(self.sid, message, self._attach_answered))

    def tick(self, now: float) -> None:
        """Once a second: look for events that no notice told of, and see that the broker knows this client."""
        self.wake.set()
        if self._known or now - self._asked_at < ATTACH_AGAIN_S:
            return
        if self._side.uplink.ready and not self._side.ended(self.sid):
            self.ask_to_attach()

    def _attach_answered(self, message: Any) -> None:
        self._answered.set()
        if isinstance(message, Attached):
            self._known = True
            # The broker does not follow output: how far the session is stands in the log.
            view = merge(message.view, self._side.record(self.sid)) or message.view
            self.from_broker(msgspec.structs.replace(message, req=self.attach.req, view=view))
        elif isinstance(message, Refused):
            # The view goes on without the broker; `tick` asks again, for it may only not know the session yet.
            self._refusal = message.message
            if message.code == "too-many":
                self.close(CLOSE_TOO_MANY)

    def from_broker(self, message: Any) -> None:
        """Pass on what the broker says to this client, and note what it may do."""
        if isinstance(message, Refused) and message.code == "not-attached":
            # The broker was away, or took a pause of ours for the end. The client need not know: it is attached again,
            # and sends its input again.
            self._known = False
            self.tick(monotonic())
            return
        if isinstance(message, Refused) and message.code in _ABSENCE and not message.req:
            if not self._ordered:
                return  # the answer to a sign of life, which the client did not ask for
            self._ordered = False
        if isinstance(message, Attached | Control):
            self.mode, self.epoch = message.mode, message.epoch
            # The key to the session's lane opens a socket of this machine: nothing a browser could use, or should have.
            message = msgspec.structs.replace(message, lane=b"")
        self.tell(message)

    def changed(self, view: SessionView) -> None:
        """The session looks different now."""
        self.tell(view)


@types.coroutine
def turn() -> Generator[None, None, None]:
    """Give everybody else a turn of the loop."""
    yield
