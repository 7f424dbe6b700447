"""Where a session's events come from: live over the lane or the worker's PUB, else the log; in order, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tether.bus import Bus, Poller, Subscriber
from tether.cli.cursor import Cursor
from tether.cli.lane import LaneClient
from tether.paths import Paths
from tether.store.reader import LogReader, LogUnavailable
from tether.wire import WireError, decode
from tether.wire.codec import decode_body
from tether.wire.control import InputAck, LaneBack, LaneOpen, LaneShown, Snapshot
from tether.wire.events import Event, Unknown
from tether.wire.storing import Committed
from tether.wire.views import SessionView

_FRAMES_A_TURN: Final = 64
_ROWS_A_TURN: Final = 64
_BYTES_A_TURN: Final = 512 * 1024
# The log is asked again after this long when the store said nothing.
_RETRY_S: Final = 0.1
# A viewer that is this far behind is shown the newest screen instead of everything in between.
JUMP_BYTES: Final = 8 << 20


class Feed:
    """All that is read of one session. `acks` collects what came over the lane beside events."""

    def __init__(self, bus: Bus, poller: Poller, paths: Paths, sid: bytes) -> None:
        self.cursor = Cursor()
        self.view: SessionView | None = None
        self.acks: list[InputAck] = []
        self.words: list[Any] = []  # for Lending: what the lane says of the terminal, and its events while that is away
        self.away = False
        self.lane: LaneClient | None = None
        self._bus = bus
        self._poller = poller
        self._paths = paths
        self._sid = sid
        self._log = LogReader(paths)
        self._live: Subscriber = bus.subscriber(paths.worker_pub(sid), sid)
        self._views: Subscriber = bus.subscriber(paths.broker_pub, sid)
        self._notices: Subscriber = bus.subscriber(paths.store_pub, sid)
        self._hearing_live = True
        self._hearing_store = True
        self.paused = False
        self._look = True
        self._retry_at = 0.0
        for socket in (self._live, self._views, self._notices):
            poller.add(socket)

    def close(self) -> None:
        """Let go of the log and of the lane; the sockets go with the bus."""
        self.leave_lane()
        self._log.close()

    def logged_screen(self, history: int) -> Snapshot | None:
        """The session's screen, with lines of `history`, made from the log. None when there is nothing to show yet."""
        from tether import rewind  # the emulator's, and seldom needed: the worker answers

        try:
            view = self._log.session(self._sid)
            found = None if view is None or not view.seq else rewind.snapshot(self._log, view, history)
        except LogUnavailable:
            return None
        return found if found is not None and found.seq else None

    def behind_bytes(self) -> int:
        """Output in the log that was not shown yet."""
        try:
            view = self._log.session(self._sid)
        except LogUnavailable:
            return 0
        return 0 if view is None else view.offset - self.cursor.offset

    def record(self) -> SessionView | None:
        """The session as the log has it."""
        try:
            return self._log.session(self._sid)
        except LogUnavailable:
            return None

    def take(self, ready: Mapping[Any, int], now: float) -> list[Event]:
        """What can be shown now, in order; `ready` is what the poller said."""
        shown: list[Event] = []
        if self.lane is not None and self.lane.fd in ready:
            self._from_lane(ready[self.lane.fd], shown)
        self._bury_lane()
        if self._live in ready:
            self._drain(self._live, shown)
        if self._views in ready:
            self._from_broker()
        if self._notices in ready:
            self._from_store()
        quiet = self.paused or self.away
        if (self._look or self.cursor.behind) and not quiet and (self._look or now >= self._retry_at):
            shown += self._from_log(now)
        if self.cursor.behind and not self.away:
            self._hear_store(True)
        return shown

    def deadline(self) -> float | None:
        """When to look again, in monotonic seconds; 0 is at once."""
        if self.paused or self.away:
            return None
        return 0.0 if self._look else self._retry_at if self.cursor.behind else None

    def check(self) -> None:
        """Look into the log at the next turn: something may have been lost without a trace."""
        self._look = True

    def lent(self, away: bool) -> None:
        """The worker shows the session by itself, or does not any more."""
        self.away = away
        self._hear_store(not away)
        self._look = not away

    def pause(self, paused: bool) -> None:
        """Stop reading while the terminal takes nothing: what is dropped meanwhile is in the log."""
        if paused == self.paused:
            return
        self.paused = paused
        self._look = not paused
        for socket in (self._live, self._notices):
            if paused:
                self._poller.remove(socket)
            else:
                self._poller.add(socket)
        self._poll_lane()

    # -- lane

    def enter_lane(self, client: bytes, epoch: int, key: bytes) -> None:
        """Try the short way; nothing changes until the worker lets us in."""
        self.leave_lane()
        self.lane = LaneClient(self._paths.worker_lane(self._sid), self._sid, client, epoch, key)
        self._bury_lane()
        self._poll_lane()

    def leave_lane(self) -> None:
        """Back to the bus."""
        if self.lane is not None:
            self._poller.remove(self.lane.fd)
            self.lane.close()
            self.lane = None
            self._hear_live(True)
            self._look = True

    def _from_lane(self, bits: int, shown: list[Event]) -> None:
        lane = self.lane
        if lane is None:
            return
        if bits & 2:
            lane.flush()
        for message in lane.receive() if bits & ~2 else ():
            if isinstance(message, InputAck):
                self.acks.append(message)
            elif isinstance(message, LaneOpen):
                lane.open, lane.terminals = True, message.terminals
                self._hear_live(False)
                self.words.append(message)
            elif self.away or isinstance(message, LaneShown | LaneBack):
                self.words.append(message)
            elif isinstance(message, Event):
                shown += self.cursor.live(message)
        self._poll_lane()

    def _bury_lane(self) -> None:
        """A lane that died in any way: back to the bus."""
        if self.lane is not None and self.lane.dead:
            self.leave_lane()

    def _poll_lane(self) -> None:
        if self.lane is not None:
            if self.paused and not self.lane.blocked:
                # Acknowledgements wait with the events; what is typed is still sent.
                self._poller.remove(self.lane.fd)
            else:
                self._poller.add(self.lane.fd, read=not self.paused, write=self.lane.blocked)

    # -- bus and log

    def _hear_live(self, wanted: bool) -> None:
        """Everything comes once: what the lane brings is not asked of the bus."""
        if wanted != self._hearing_live:
            self._hearing_live = wanted
            if wanted:
                self._live.subscribe(self._sid)
            else:
                self._live.unsubscribe(self._sid)

    def _hear_store(self, wanted: bool) -> None:
        if wanted != self._hearing_store:
            self._hearing_store = wanted
            if wanted:
                self._notices.subscribe(self._sid)
            else:
                self._notices.unsubscribe(self._sid)

    def _drain(self, socket: Subscriber, shown: list[Event]) -> None:
        size = 0
        for _ in range(_FRAMES_A_TURN):
            frame = socket.receive()
            if frame is None:
                return
            size += len(frame)
            try:
                message = decode(frame)[1]
            except WireError:
                continue
            if self.away:
                continue  # the log has it
            if isinstance(message, Event):
                got = self.cursor.live(message)
                if got:
                    shown += got
                    self._hear_store(False)
            elif isinstance(message, Unknown) and message.seq:
                self._look = True
            if size > _BYTES_A_TURN:
                return

    def _from_broker(self) -> None:
        while (frame := self._views.receive()) is not None:
            message = decode(frame)[1]
            if isinstance(message, SessionView):
                self.view = message
                if message.seq > self.cursor.seen and not self.away:
                    # Said by somebody who does not carry output: if it did not reach us live, the log has it.
                    self._hear_store(True)
                    self._look = True

    def _from_store(self) -> None:
        while (frame := self._notices.receive()) is not None:
            message = decode(frame)[1]
            if isinstance(message, Committed) and message.upto > self.cursor.seen:
                self._look = True

    def _from_log(self, now: float) -> list[Event]:
        self._look = False
        self._retry_at = now + _RETRY_S
        try:
            rows = self._log.events(self._sid, self.cursor.seen, _ROWS_A_TURN, _BYTES_A_TURN)
        except LogUnavailable:
            return []
        events: list[Event] = [event for _, body in rows if isinstance(event := decode_body(body), Event)]
        shown = self.cursor.logged(events)
        if rows and rows[-1][0] > self.cursor.seen:
            self.cursor.jump(rows[-1][0], self.cursor.offset)  # an event of a newer version, which we do not know
        self._look = bool(rows)
        return shown
