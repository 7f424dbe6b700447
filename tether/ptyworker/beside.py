"""What is told of the agent from beside its terminal: numbered here like everything that happens in the session.

Reports come from the adapter through the broker; each becomes an event, once for each run of the adapter. What the
terminal itself says beside its screen (`signals`) goes the other way.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from tether import asking
from tether.ptyworker.signals import Signals
from tether.wire import WireError
from tether.wire.agents import AgentEvent, Compose, Noted, Observed, Signalled
from tether.wire.codec import decode_body, encode_body
from tether.wire.control import Done, Refused
from tether.wire.limits import INPUT_BYTES_MAX, OUTPUT_BYTES_MAX

if TYPE_CHECKING:
    from tether.ptyworker.loop import Worker

log = logging.getLogger("tether")

_EVENTS: Final = AgentEvent.__args__
_BUSY: Final = frozenset({"working", "waiting"})
_TOLD: Final = frozenset({"hook", "api", "title"})


class Beside:
    """One worker's."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._signals = Signals(worker.kept.titles)
        self._called = False  # the terminal called for somebody, and nobody has typed since

    def said(self, data: bytes | memoryview) -> None:
        """There is new output: tell what is in it beside the screen."""
        for signal in self._signals.feed(data):
            self._called = self._called or signal.kind in ("bell", "notice")
            self._worker.tell_broker(signal)

    def typed(self) -> None:
        """Somebody typed: who called has been heard."""
        if self._called:
            self._called = False
            self._worker.tell_broker(Signalled("typed"))

    def repeat(self) -> None:
        """An adapter came in: tell it what it missed and still holds."""
        for signal in self._signals.latest():
            self._worker.tell_broker(signal)

    def observed(self, report: Observed) -> None:
        """Make an event of a report that is the next of its run; one that is known is acknowledged again."""
        worker = self._worker
        boot, last = worker.kept.noted
        if report.boot != boot:
            last = report.n - 1  # a new run begins anywhere: what came before was for another worker
        if report.n == last + 1:
            if not self._append(report.body):
                return  # the log can't be written: it is sent again
            last = report.n
            worker.kept.noted = (report.boot, last)
            worker.save()
        if report.n <= last:
            worker.tell_broker(Noted(report.boot, last))

    def _append(self, body: bytes) -> bool:
        worker = self._worker
        try:
            event = decode_body(body)
        except WireError as error:
            log.warning("event=bad-report sid=%s reason=%s", worker.sid.hex(), error)
            return True  # it will not get better
        if worker.kept.ended or not isinstance(event, _EVENTS) or len(body) > OUTPUT_BYTES_MAX - 64:
            log.warning("event=report-dropped sid=%s kind=%s", worker.sid.hex(), type(event).__name__)
            return True
        if worker.recording is not None:
            event = worker.recording.event(event)
        if not worker.ring.room(len(encode_body(event)) + 64):
            return False
        worker.event(lambda seq, ts: msgspec.structs.replace(event, seq=seq, ts=ts))
        changed = asking.after(worker.kept.view, event)
        if changed is not worker.kept.view:
            worker.change(
                activity=changed.activity,
                approvals=changed.approvals,
                conversation=changed.conversation,
                cost_usd=changed.cost_usd,
            )
        return True

    def rests(self) -> bool:
        """Whether the agent is in the middle of nothing, by its own word or its title's, which is sooner."""
        activity = self._worker.kept.view.activity
        return activity is None or activity.state not in _BUSY or self._signals.title_state == "idle"

    def can_leave(self) -> bool:
        """Whether the agent is in the middle of something, and can be asked to leave off."""
        activity = self._worker.kept.view.activity
        told = activity is not None and activity.source in _TOLD and not activity.degraded
        return told and not self.rests() and not self._worker.kept.agent_gone

    def compose(self, order: Compose) -> None:
        """Type a prompt for an agent that has no other door, if it still is in the state in which that is one."""
        worker = self._worker
        activity = worker.kept.view.activity
        doing = activity.state if activity is not None else ""
        asks = bool(worker.kept.view.approvals) and not order.leave
        if asks or doing != order.state or worker.kept.agent_gone:
            text = "The agent asks something by now, or does something else: nothing was typed"
            worker.tell_broker(Refused(order.req, "busy", text, "Look at the session"))
        elif len(order.data) > INPUT_BYTES_MAX or not worker.ring.queue_reply(order.data):
            worker.tell_broker(Refused(order.req, "busy", "The agent does not read what is typed", "Try again"))
        else:
            worker.write_input()
            worker.tell_broker(Done(order.req))
