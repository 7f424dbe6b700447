"""What one client is at the broker: its attachment, what it may do there, and what it is told.

The broker may be away or be another one than before; then the client is attached again without its
doing. What the broker says goes through `tell`; what answers questions of ours stays here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether.bus.uplink import Uplink
from tether.clock import monotonic
from tether.web.lane import LaneKeeper
from tether.web.mirror import merge
from tether.wire.control import Attach, Attached, Control, HistoryQuery, Refused, Release, Take
from tether.wire.views import ENDED, SessionView

# How long the first answer waits for the broker before the client is told that it only observes for now.
ATTACH_WAIT_S: Final = 2.0
ATTACH_AGAIN_S: Final = 1.0
BROKER_AWAY: Final = "the gateway's broker is away: you observe until it is back"

_ABSENCE: Final = frozenset({"ended", "not-found", "not-ready"})


class Standing:
    """`mode` is what the broker granted last ("" before that), under the lease's `epoch`.

    `record` gives the record in the log; `give_up` is called when the session takes no more clients; `lane` is
    the client's own, and `taken` the newest input of it that was acknowledged there.
    """

    def __init__(
        self,
        uplink: Uplink,
        sid: bytes,
        attach: Attach,
        tell: Callable[[Any], None],
        record: Callable[[], SessionView | None],
        give_up: Callable[[], None],
        lane: LaneKeeper,
        taken: Callable[[], int],
    ) -> None:
        self.mode = ""
        self.epoch = attach.epoch
        self.known = False  # to this run of the broker
        self._uplink = uplink
        self._sid = sid
        self._attach = attach
        self._tell = tell
        self._record = record
        self._give_up = give_up
        self._lane = lane
        self._taken = taken
        self._answered = asyncio.Event()
        self._ordered = False  # the client wants something that may be refused
        self._refusal = ""
        self._asked_at = 0.0

    async def introduce(self) -> None:
        """Attach for the first time, and wait a little for the answer."""
        if self.attach_again(take=self._attach.take):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ATTACH_WAIT_S):
                    await self._answered.wait()

    def stand_in(self, view: SessionView) -> Attached:
        """The answer to the client's Attach when the broker has none."""
        reason = "the session has ended" if view.state in ENDED else self._refusal or BROKER_AWAY
        return Attached(self._attach.req, "observe", view.epoch, view, reason)

    def attach_again(self, *, take: bool = False) -> bool:
        """Make this client an attachment, or say again that it is one. False when the broker is away."""
        # Who only observes now must not become the controller because the broker was restarted.
        mode = self._attach.mode if not self.mode or self.mode == "control" else "observe"
        message = msgspec.structs.replace(self._attach, mode=mode, take=take, epoch=self.epoch)
        self.known = False
        self._asked_at = monotonic()
        self._answered.clear()
        return bool(self._uplink.question(self._sid, message, self._attach_answered))

    def overdue(self, now: float) -> bool:
        """True when the broker does not know this client and it is time to ask (again)."""
        return not self.known and self._uplink.ready and now - self._asked_at >= ATTACH_AGAIN_S

    def order(self, frame: bytes) -> None:
        """Pass a size on as it came."""
        self._ordered = True
        self._uplink.send(frame)

    def type(self, frame: bytes) -> None:
        """Pass input on as it came: over the lane, or through the broker, which fences it as well. Where it can't be,
        the client sends it again: it numbers its input."""
        if not self._lane.send(frame):
            self.order(frame)

    def leave(self) -> None:
        """The client is gone."""
        self._lane.leave()

    def ask(self, question: Take | Release | HistoryQuery) -> None:
        """Pass a question of the client's on; its answer carries the client's own number."""

        def answered(message: Any) -> None:
            self.from_broker(msgspec.structs.replace(message, req=question.req))

        if not self._uplink.question(self._sid, question, answered):
            text = "The gateway's broker is away"
            self._tell(Refused(question.req, "not-ready", text, "Try again in a moment", question.client))

    def from_broker(self, message: Any) -> None:
        """Pass on what the broker says to this client, and note what it may do."""
        if isinstance(message, Refused) and not self._concerns_client(message):
            return
        if isinstance(message, Attached | Control):
            self.mode, self.epoch = message.mode, message.epoch
            self._lane.granted(message.epoch, message.lane if message.mode == "control" else b"")
            # The key to the session's lane opens a socket of this machine: nothing a browser could use, or should have.
            message = msgspec.structs.replace(message, lane=b"")
        self._tell(message)

    def _concerns_client(self, refused: Refused) -> bool:
        if refused.code == "not-attached":
            # The broker was away, or took a pause of ours for the end: the client is attached again, and sends its
            # input again as it always does.
            self.known = False
            if self.overdue(monotonic()):
                self.attach_again()
            return bool(refused.req)
        if refused.code in _ABSENCE and not refused.req:
            # Without an order of the client's this answers a sign of life, of which it need not know.
            ordered, self._ordered = self._ordered, False
            return ordered
        return True

    def _attach_answered(self, message: Any) -> None:
        self._answered.set()
        if isinstance(message, Attached):
            self.known = True
            # The broker does not follow output: how far the session is stands in the log.
            view = merge(message.view, self._record()) or message.view
            last_n = max(message.last_n, self._taken())
            self.from_broker(msgspec.structs.replace(message, req=self._attach.req, view=view, last_n=last_n))
        elif isinstance(message, Refused):
            # The view goes on without the broker, which may only not know the session yet: it is asked again.
            self._refusal = message.message
            if message.code == "too-many":
                self._give_up()
