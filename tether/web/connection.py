"""One client on one session, whatever carries its frames: what it says is acted upon, what it sees is its `Viewer`'s.

The broker knows the client as an attachment; that it is away does not stop the view.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tether.web import arrivals, permits
from tether.web.admission import Credential
from tether.web.arrivals import Arrival
from tether.web.carrier import Carrier
from tether.web.lane import LaneKeeper
from tether.web.standing import Standing
from tether.web.viewer import Viewer
from tether.wire.control import (
    Attach,
    Credit,
    Detach,
    HistoryQuery,
    Input,
    InputAck,
    Ping,
    Pong,
    Release,
    Resize,
    Seen,
    SnapshotQuery,
    Take,
)
from tether.wire.ids import public_id

if TYPE_CHECKING:
    from tether.web.busside import BusSide

# A client that answers nothing, pings neither, is gone. One that does not read can't answer: pings wait behind the
# output. It costs nothing, so it may sleep for longer, but loses its attachment (and the lease) with the silence.
IDLE_S: Final = 45.0
STALLED_S: Final = 300.0

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
        self.viewer = Viewer(side, sid, attach.client, attach.after, lambda: self.close(CLOSE_BUG))
        self._side = side
        self.standing = Standing(
            side.uplink,
            sid,
            attach,
            self._said,
            lambda: side.record(sid),
            lambda: self.close(CLOSE_TOO_MANY),
            LaneKeeper(side.paths.worker_lane(sid), sid, attach.client, self),
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

    async def show(self, carrier: Carrier, keepalive_s: float | None = None) -> None:
        """Attach, show the session, and send what follows until cancelled; with `keepalive_s` also an unasked Pong
        whenever nothing was sent for that long."""
        self.viewer.open(carrier, keepalive_s)
        try:
            await self._introduce()
            await self.viewer.begin()
            await asyncio.Event().wait()  # whoever carries the frames cancels
        finally:
            self.viewer.close()

    async def _introduce(self) -> None:
        """Attached comes first of all: the broker's, or our own when there is none to ask."""
        if not self._side.ended(self.sid):
            await self.standing.introduce()
        view = self._side.view(self.sid)
        if not self.standing.known and view is not None:
            self.tell(self.standing.stand_in(view))

    def tell(self, message: Any) -> None:
        """Have `message` sent before any further event."""
        self.viewer.tell(self._side.message_shown(self.sid, message))

    def _said(self, message: Any) -> None:
        """What the broker says to this client."""
        self.viewer.leads = self.standing.mode == "control"
        self.tell(message)

    # -- from the client

    def receive(self, frame: bytes) -> None:
        """Act on a frame of the client's. WireError when it is not one."""
        arrived = self._admitted(frame)
        if arrived is None:
            return
        if isinstance(arrived.message, Input):
            self.viewer.typed()
            self.standing.type(arrived.frame)
        else:
            self._act(arrived)

    def _act(self, arrived: Arrival) -> None:
        match arrived.message:
            case Resize():
                self.standing.order(arrived.frame)
            case Seen() as seen:
                self.seen = seen
                self._side.uplink.send(arrived.frame)
            case Credit() as credit:
                self.viewer.credit(credit)
            case SnapshotQuery() as query:
                self.viewer.show_screen(query)
            case Take() | Release() | HistoryQuery() as question:
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
        self.viewer.lane(opened=True)

    def lane_brought(self, ack: InputAck | None, events: list[bytes]) -> None:
        """What came over the lane at once, an acknowledgement perhaps: sent on at once."""
        if ack is not None:
            self._side.took(self, ack.n)
        self.viewer.brought(ack, events)

    def lane_lost(self) -> None:
        """Back to the bus; what was lost meanwhile is in the log."""
        self.viewer.lane(opened=False)

    def tick(self, now: float) -> None:
        """Once a second: look for events that no notice told of, and see that the broker knows this client."""
        self.viewer.tick(now)
        if self.standing.overdue(now) and not self._side.ended(self.sid):
            self.standing.attach_again()
