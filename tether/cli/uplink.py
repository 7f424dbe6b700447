"""What an attachment tells the broker and the worker: who it is, what was typed, its size, that it lives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tether import secret_files
from tether.bus import BrokerClient, Poller
from tether.bus.client import refusal
from tether.cli import screens
from tether.cli.feed import Feed
from tether.cli.typed import Typed
from tether.cli.username import user_name
from tether.errors import TetherError
from tether.paths import Paths
from tether.wire import encode
from tether.wire.control import (
    Attach,
    Attached,
    Control,
    Detach,
    Hello,
    InputAck,
    Ping,
    Refused,
    Release,
    Resize,
    Seen,
    Snapshot,
    Take,
)
from tether.wire.ids import NO_SESSION
from tether.wire.limits import CLIENT_HEARTBEAT_S
from tether.wire.version import PROTOCOL
from tether.wire.views import SessionView

# A lane that was refused may only have been asked for before its worker, or another in its place, was there.
_LANE_TRIES: Final = 8
_LANE_RETRY_S: Final = 0.05
_ATTACH_RETRY_S: Final = 0.2
_ATTACH_AGAIN: Final = frozenset({"not-attached", "observe-only", "stale-epoch"})


@dataclass(frozen=True)
class Wish:
    """How to attach. `size` auto: this terminal's size counts once it is typed in; fit: at once; keep: never."""

    name: str
    kind: str = "native"
    mode: str = "control"
    take: bool = False
    size: str = "auto"
    reconnect: bool = True
    fresh: bool = False  # launched by this very command: show it from its first byte


class Uplink:
    """One client's connection to the broker and, while it holds the lease, to the worker's lane."""

    def __init__(self, broker: BrokerClient, poller: Poller, paths: Paths, sid: bytes, wish: Wish, feed: Feed) -> None:
        self.client = os.urandom(16)
        self.mode = ""  # not known yet
        self.epoch = 0
        self.holder = ""
        self.typed = Typed(self.client)
        self.view: SessionView | None = None  # as the broker had it when this client attached
        self.ended = False  # the broker says that the session is no more
        self.refused: TetherError | None = None
        self.changed = ""  # why the mode changed, for the person at the keys
        self._broker = broker
        self._greeted = 0
        self._paths = paths
        self._sid = sid
        self._wish = wish
        self._feed = feed
        self._size = (80, 24)
        self._session_size = (0, 0)
        self._released = False
        self._attached_at = 0.0  # when the broker last said so
        self._owns_size = wish.fresh or wish.size == "fit"
        self._attach_req = 0
        self._attach_at = 0.0
        self._seen_at = 0.0
        self._hello_at = 0.0
        self._lane: tuple[bytes, int, int, float] | None = None  # key, epoch, tries left, next try
        poller.add(self._broker.dealer)
        poller.add_monitor(self._broker.dealer)

    @property
    def connected(self) -> bool:
        """True while the broker is there."""
        return self._broker.dealer.connected

    def serve(self, ready: Mapping[Any, int], now: float) -> None:
        """Whatever is due: greetings, answers, input, signs of life."""
        if self._broker.dealer in ready:
            self._broker.hello()
        self._answers(now)
        if self._broker.greeted != self._greeted:
            self._greeted = self._broker.greeted
            self._attach(now)
        for ack in self._feed.acks:
            self.typed.acked(ack.n, resend=ack.resend)
        self._feed.acks.clear()
        if self._attach_req and now >= self._attach_at:
            self._attach(now)
        self._try_lane(now)
        self.send_typed(now)
        if self.mode and now >= self._seen_at:
            self._seen_at = now + CLIENT_HEARTBEAT_S
            self._broker.send(self._sid, Seen(self.client, self._feed.cursor.seen, self._feed.cursor.offset))
            self._feed.check()

    def screen(self, history: int) -> Snapshot | None:
        """What the worker says of its screen now; None when it does not answer at once, or has no model."""
        return screens.of_worker(self._broker, self._sid, history)

    def deadline(self) -> float | None:
        """When `serve` has something to do, in monotonic seconds."""
        times = [self._seen_at] if self.mode else []
        if self._broker.pending or self._broker.greeted != self._greeted:
            times.append(0.0)
        if self._attach_req:
            times.append(self._attach_at)
        if self._lane is not None and self._lane_away:
            times.append(self._lane[3])
        typed = self.typed.deadline()
        if typed is not None and self.mode == "control" and (self.connected or not self._lane_away):
            times.append(typed)
        return min(times) if times else None

    def type(self, data: bytes, now: float, *, by_hand: bool) -> bool:
        """Something was typed. False when this attachment only observes."""
        observing = (self.mode or self._wish.mode) == "observe"
        if observing and not (by_hand and self._take_free(now)):
            return False
        self.typed.push(data)
        if by_hand and not self._owns_size and self._wish.size == "auto":
            self._owns_size = True
            self._fit()
        self.send_typed(now)
        return True

    def _take_free(self, now: float) -> bool:
        """Ask for control that nobody holds, because somebody types; True when it was asked for. Whoever came to watch
        only, or gave control up, types nothing by mistake."""
        if self.holder or self._wish.mode != "control" or self._released:
            return False
        self.mode = ""
        self._attach(now)
        return True

    def send_typed(self, now: float) -> None:
        """Send what is due, over the lane when it is open."""
        if self.mode != "control" or self.typed.settled or (self._lane_away and not self.connected):
            return
        lane = self._feed.lane
        for item in self.typed.due(self.epoch, now):
            frame = encode(self._sid, item)
            sent = lane.send(frame) if lane is not None and lane.open else self._broker.dealer.send(frame)
            if not sent:
                self.typed.unsent(item.n, now)
                return

    def set_size(self, cols: int, rows: int) -> None:
        """This terminal's size, now and after every change."""
        self._size = (cols, rows)
        self._fit()

    def session_size(self, cols: int, rows: int) -> None:
        """The session's size changed."""
        self._session_size = (cols, rows)

    @property
    def size_settled(self) -> bool:
        """True when typing would not change the session's size."""
        return self._owns_size or self._wish.size == "keep" or self._size == self._session_size

    @property
    def misfit(self) -> str:
        """What to say while the session's screen is larger than this terminal, which then shows it garbled; "" when it
        fits."""
        (cols, rows), (wide, high) = self._session_size, self._size
        if not self.mode or not cols or not wide or (cols <= wide and rows <= high):
            return ""
        if self.mode == "control":
            way = "the next key makes it fit" if self._wish.size == "auto" else "make this one larger"
        else:
            way = "make this one larger, or take control"
        return f"the session has {cols}x{rows} cells, this terminal {wide}x{high}: {way}"

    def typed_elsewhere(self) -> None:
        """Something was typed that did not pass here."""
        if not self._owns_size and self._wish.size == "auto":
            self._owns_size = True
            self._fit()

    def attached_since(self, then: float, now: float) -> bool:
        """True when the broker has said since `then` what we have and what was taken of us; it is asked otherwise."""
        if self._attached_at <= then and not self._attach_req:
            self._attach(now)
        return self._attached_at > then

    def take(self) -> None:
        """Ask for control, whoever has it."""
        self._released = False
        self._broker.send(self._sid, Take(self._broker.next_number(), self.client))

    def release(self) -> None:
        """Give control up and observe."""
        self._released = True
        self._broker.send(self._sid, Release(self._broker.next_number(), self.client))

    def leave(self, limit_s: float = 0.5) -> None:
        """Detach, and wait until the broker has read it: a socket that closes drops what it has not sent."""
        if not self.connected:
            return
        self._broker.send(self._sid, Detach(self.client))
        try:
            self._broker.ask(NO_SESSION, Ping(0), limit_s)
        except TetherError:
            return

    # -- inside

    @property
    def _lane_away(self) -> bool:
        lane = self._feed.lane
        return lane is None or not lane.open

    def _attach(self, now: float) -> None:
        self._attach_req = self._broker.next_number()
        self._attach_at = now + _ATTACH_RETRY_S * 5
        wish = self._wish
        take = wish.take and not self._attached_at
        cols, rows = self._size
        # Coming back, one asks for what one had: an observer becomes controller only by an act.
        mode = self.mode or wish.mode
        attach = Attach(
            self._attach_req, self.client, wish.name, wish.kind, mode, cols, rows, take=take,
            after=self._feed.cursor.seen, epoch=self.epoch,
        )  # fmt: skip
        if not self._broker.send(self._sid, attach):
            self._attach_at = now + _ATTACH_RETRY_S

    def _answers(self, now: float) -> None:
        pending, self._broker.pending = self._broker.pending, []
        for _sid, message in pending:
            self._answer(message, now)
        while (got := self._broker.receive()) is not None:
            self._answer(got[1], now)

    def _answer(self, message: Any, now: float) -> None:
        match message:
            case InputAck(client=self.client):
                self.typed.acked(message.n, resend=message.resend)
            case Attached() if message.req == self._attach_req:
                self._attach_req = 0
                self._attached_at = now
                self.view = message.view
                self.session_size(message.view.cols, message.view.rows)
                self.typed.adopt(message.last_n)
                self._has(message.mode, message.epoch, message.view.controller, message.reason, message.lane, now)
            case Control(client=self.client):
                self._has(message.mode, message.epoch, message.holder, message.reason, message.lane, now)
            case Refused():
                self._was_refused(message, now)
            case _:
                pass

    def _has(self, mode: str, epoch: int, holder: str, reason: str, lane: bytes, now: float) -> None:
        """The mode that the broker says we have."""
        if epoch < self.epoch:
            return
        before, self.mode, self.epoch, self.holder = self.mode, mode, epoch, holder
        if mode == "control":
            self._lane = (lane, epoch, _LANE_TRIES, now) if lane else None
            if self._feed.lane is not None and not self._feed.lane.open:
                self._feed.leave_lane()  # it waits with a key that its worker may never hear of
            self._fit()
        else:
            self._lane = None
            if not self._feed.away:  # else the worker gives the terminal back first, and closes
                self._feed.leave_lane()
            self.typed.drop()
        if before != mode and (before or mode != self._wish.mode):
            self.changed = "you have control" if mode == "control" else reason

    def _was_refused(self, refused: Refused, now: float) -> None:
        if refused.code in ("ended", "not-found") and (
            refused.req == self._attach_req or refused.client == self.client
        ):
            self._attach_req = 0
            self.ended = True
            self._feed.check()
        elif refused.code == "notice":
            self.changed = refused.message
        elif refused.code == "hello-first":
            if now >= self._hello_at:
                self._hello_at = now + _ATTACH_RETRY_S
                token = secret_files.read(self._paths.bus_token) or ""
                self._broker.send(NO_SESSION, Hello(PROTOCOL, "client", token))
                self._attach(now)
        elif refused.req and refused.req == self._attach_req:
            if refused.code == "not-ready":
                self._attach_at = now + _ATTACH_RETRY_S
            else:
                self.refused = refusal(refused)
        elif refused.client == self.client and refused.code in _ATTACH_AGAIN and not self._attach_req:
            self._attach(now)

    def _fit(self) -> None:
        if self._wish.size == "keep" or not self._owns_size or self.mode != "control":
            return
        if self._size != self._session_size and self._broker.send(
            self._sid, Resize(self.client, self.epoch, *self._size)
        ):
            self._session_size = self._size

    def _try_lane(self, now: float) -> None:
        if self._lane is None:
            return
        if self._feed.lane is not None and self._feed.lane.open:
            self._lane = (*self._lane[:2], _LANE_TRIES, now)
        if self._feed.lane is not None or now < self._lane[3]:
            return
        key, epoch, left, _ = self._lane
        if not left:
            self._lane = None
            return
        self._lane = (key, epoch, left - 1, now + _LANE_RETRY_S * 2 ** (_LANE_TRIES - left))
        self._feed.enter_lane(self.client, epoch, key)


def default_name() -> str:
    """What others see as this client's name: user and terminal."""
    user = user_name()
    try:
        return f"{user}@{os.ttyname(0).removeprefix('/dev/')}"
    except OSError:
        return f"{user} (no terminal)"
