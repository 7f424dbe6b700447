"""What the broker orders: input, size, lease, title, stop, reload. Decides with `inbox` and `stopping`."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tether.clock import monotonic, now_us
from tether.ptyworker import kin
from tether.ptyworker.bursts import Bursts
from tether.ptyworker.inbox import Verdict
from tether.ptyworker.state import StopAsked
from tether.ptyworker.stopping import LOOK_S, Stopping
from tether.ptyworker.terminal import LINE_BYTES_MAX
from tether.wire.agents import Compose, Observed, Signalled
from tether.wire.auditing import Typed
from tether.wire.codec import encode
from tether.wire.control import (
    Grant,
    HistoryQuery,
    Input,
    InputAck,
    Ping,
    Pong,
    Refused,
    Reload,
    Rename,
    Resize,
    SnapshotQuery,
    Stop,
    Welcome,
)
from tether.wire.events import Controlled, Resized, Titled
from tether.wire.limits import COLS_MAX, ROWS_MAX

if TYPE_CHECKING:
    from tether.ptyworker.loop import Worker

log = logging.getLogger("tether")

# What is typed by hand, in bytes: its echo is waited for.
KEY_BYTES: Final = 64
# For what was run beside an agent that has ended by itself. Nobody waits for it, and it has nothing left to say.
_SWEEP_S = 1.0
# For an agent to leave off what it does, before the first signal.
_LEAVE_S = 2.0


class Steering:
    """Carries the broker's orders out on one worker."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.stopping: Stopping | None = None
        self.bursts = Bursts()
        self.echoes = False  # a key was written to the agent, and its echo may be about to come
        self._looked = float("-inf")
        self._members: list[int] = []

    def obey(self, message: Any) -> None:
        """One message from the broker."""
        match message:
            case Input():
                self._passed_on(message)
            case Resize():
                self._resize(message)
            case Grant():
                self._grant(message)
            case Stop():
                self.begin_stop(message.by, message.grace_s, message.signal)
            case Rename():
                self._worker.event(lambda seq, ts: Titled(seq, ts, message.title))
                self._worker.change(title=message.title)
            case Reload():
                self._worker.reload_asked = not self._worker.kept.ended
            case SnapshotQuery() | HistoryQuery():
                self._worker.tell_broker(self._worker.model.answer(message))
            case Ping():
                self._worker.tell_broker(Pong(message.req))
            case _:
                self._others(message)

    def _others(self, message: Any) -> None:
        match message:
            case Observed():
                self._worker.beside.observed(message)
            case Compose():
                self._worker.beside.compose(message)
            case Signalled():
                self._worker.beside.repeat()
            case Refused(code="hello-first"):
                self._worker.hello()
            case Welcome():
                pass
            case _:
                log.warning("event=unexpected message=%s", type(message).__name__)

    def _passed_on(self, message: Input) -> None:
        self.take_input(message)
        worker = self._worker
        if worker.lane.holds(message.client):
            # On its way when the lane opened, so acknowledged there; but the broker waits for a word as well.
            worker.tell_broker(InputAck(message.client, worker.inbox.last(message.client)))

    def say_taken(self, client: bytes) -> None:
        """Tell the broker what is taken of `client`: of what is acknowledged on the lane it hears nothing."""
        taken = self._worker.inbox.last(client)
        if taken:
            self._worker.tell_broker(InputAck(client, taken))

    def take_input(self, message: Input) -> None:
        """One input, from the broker or over the lane."""
        worker = self._worker
        ring = worker.ring
        room = ring.input_room() if not worker.kept.agent_gone else 0
        same_epoch = message.epoch == ring.header.epoch
        inbox = worker.inbox
        client = message.client
        match inbox.judge(client, message.n, len(message.data), same_epoch=same_epoch, room=room):
            case Verdict.TAKE:
                if client != ring.header.last_client:
                    # The header remembers one client's number; the others' are in the state.
                    worker.save()
                if len(message.data) > LINE_BYTES_MAX:
                    self._warn_of_long_line(message.data)
                ring.queue_input(message.data, client, message.n)
                inbox.took(client, message.n)
                worker.write_input()
                self._acknowledge(client)
                self.echoes = len(message.data) <= KEY_BYTES and worker.lane.holds(client)
                self.note_typed(client, len(message.data))
            case Verdict.REPEAT:
                self._acknowledge(client)
            case Verdict.AGAIN:
                self._acknowledge(client, resend=True)
            case Verdict.FULL:
                self.say_taken(client)  # so that nobody takes an agent that does not read for a worker that is gone
            case Verdict.FENCED:
                text = "Another client has control"
                worker.tell_broker(Refused(0, "stale-epoch", text, client=client))
            case Verdict.TOO_LONG:
                worker.tell_broker(Refused(0, "bad-message", "An input is over 64 KiB", client=client))

    def note_typed(self, client: bytes, size: int) -> None:
        """Count what was typed for the audit log."""
        self._worker.beside.typed()
        self._tell_burst(self.bursts.typed(client, size, now_us(), monotonic()))

    def _tell_burst(self, burst: Typed | None) -> None:
        if burst is not None:
            self._worker.tell_broker(burst)

    def _warn_of_long_line(self, data: bytes) -> None:
        """Any terminal cuts such a line without a word; here the session's log says so."""
        longest = max(map(len, data.replace(b"\r", b"\n").split(b"\n")))
        if longest > LINE_BYTES_MAX and self._worker.terminal.gathers_lines():
            self._worker.note(
                "line-too-long",
                f"A line of {longest} bytes was typed to a program that reads whole lines: it gets {LINE_BYTES_MAX}",
            )

    def feed(self) -> None:
        """Ask the clients whose input was dropped for want of room to send it again."""
        inbox = self._worker.inbox
        for client in inbox.feed(self._worker.ring.input_room()):
            self._acknowledge(client, resend=True)

    def _acknowledge(self, client: bytes, *, resend: bool = False) -> None:
        """Tell the client what is taken of it: on the lane when it is there, else through the broker."""
        worker = self._worker
        ack = InputAck(client, worker.inbox.last(client), resend)
        if worker.lane.holds(client):
            worker.lane.send_later(encode(worker.sid, ack), monotonic())
        else:
            worker.tell_broker(ack)

    def _resize(self, order: Resize) -> None:
        worker = self._worker
        view = worker.kept.view
        fits = 1 <= order.cols <= COLS_MAX and 1 <= order.rows <= ROWS_MAX
        if order.epoch != worker.ring.header.epoch or not fits or (order.cols, order.rows) == (view.cols, view.rows):
            return
        # What was read before belongs to the old size.
        worker.flush()
        worker.terminal.resize(order.cols, order.rows)
        worker.event(lambda seq, ts: Resized(seq, ts, order.cols, order.rows, view.controller))
        worker.change(cols=order.cols, rows=order.rows, sized_by=view.controller)

    def _grant(self, grant: Grant) -> None:
        worker = self._worker
        if grant.epoch < worker.ring.header.epoch:
            return
        worker.loan.give_back("lease")
        worker.lane.grant(grant.client, grant.lane, grant.epoch)
        if grant.client:
            # What was acknowledged on a lane the broker has never seen: a client that comes back asks it.
            self.say_taken(grant.client)
        if grant.epoch == worker.ring.header.epoch:
            return  # the broker is new and gives the same holder a new key
        self._tell_burst(self.bursts.end())
        worker.ring.header.epoch = grant.epoch
        worker.event(lambda seq, ts: Controlled(seq, ts, grant.epoch, grant.holder, grant.reason))
        worker.kept.view = msgspec.structs.replace(
            worker.kept.view, controller=grant.holder, controller_id=grant.client
        )
        worker.save()

    # -- stop

    def begin_stop(self, by: str, grace_s: float, first: int) -> None:
        """Start ending the session, or hurry an end that is under way."""
        worker = self._worker
        if worker.kept.ended:
            return
        if self.stopping is not None:
            self.stopping.hurry(grace_s)
            return
        worker.kept.stop = StopAsked(by, grace_s)
        worker.note("stop-requested", f"Asked to end by {by}")
        worker.change(detail=f"ending, asked by {by}")
        asks = not first and grace_s > 0 and worker.beside.can_leave()
        if asks:
            worker.tell_broker(Signalled("stopping"))
        self.stopping = Stopping(by, monotonic(), grace_s, first, _LEAVE_S if asks else 0.0)
        self.tick(monotonic())

    def sweep(self, now: float) -> None:
        """The agent has ended by itself: end what was run beside it, and all that this started for the agent."""
        if self.stopping is None:
            self.stopping = Stopping("", now, _SWEEP_S, signal.SIGTERM)

    def tick(self, now: float) -> None:
        """Carry the stop on, if one is under way; tell of a burst of typing that is over."""
        self._tell_burst(self.bursts.due(now) if not self._worker.kept.ended else self.bursts.end())
        if self.stopping is None or self._worker.kept.ended:
            return
        step = self.stopping.step(now, rests=self._worker.beside.rests(), gone=self._worker.kept.agent_gone)
        if step is None:
            return
        pids = self.members(fresh=True)
        if step.whom == "groups":
            agent = self._worker.kept.view.agent_pid
            kin.send_groups([self._worker.terminal.foreground_group(), agent], step.signal)
        else:
            kin.send(pids, step.signal)

    def members(self, *, fresh: bool = False) -> list[int]:
        """The session's living processes, looked up at most every 50 ms."""
        worker = self._worker
        now = monotonic()
        if fresh or now - self._looked >= LOOK_S:
            self._looked = now
            view = worker.kept.view
            self._members = kin.kin(view.agent_pid, view.worker_pid, view.id)
        return self._members
