"""The store's loop: frames in, batches to disk, acks and notices out. What is decided is decided next door."""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any, Final

from tether import bookshelf
from tether.bus import Poller, Publisher, Router
from tether.clock import monotonic, now_us
from tether.paths import Paths
from tether.store import ballast
from tether.store.gaps import Verdict
from tether.store.keyspace import SEQ_MAX
from tether.store.log import EventLog, LogFault
from tether.store.peers import Peers
from tether.store.sealing import Sealing
from tether.store.trail import Trail
from tether.store.writer import Writer
from tether.wire import WireError, decode, encode
from tether.wire.auditing import AuditAck, AuditEntry
from tether.wire.events import Cut, Event, Lost, Output, Unknown
from tether.wire.ids import NO_SESSION, is_session_id
from tether.wire.limits import OUTPUT_BYTES_MAX, SID_BYTES, SNAPSHOT_BYTES_MAX
from tether.wire.storing import (
    Ack,
    Checkpoint,
    Committed,
    Nak,
    OpenSessions,
    OpenSessionsQuery,
    Recall,
    Recalled,
    Seal,
    Sealed,
    Stalled,
    StoreHealth,
    Sync,
)
from tether.wire.version import PROTOCOL, compatible
from tether.wire.views import ENDED

log = logging.getLogger("tether")

HEALTH_EVERY_S: Final = 5.0
MINUTE_S: Final = 60.0
RETRY_S: Final = 0.5
# Frames taken in one turn while nothing can be written: enough to answer who connects, not so many as to spin.
_FRAMES_PER_TURN: Final = 4096
# Of events sent back to a worker at a time: a millisecond's work, and it fits into a frame with a checkpoint.
_RECALLED_BYTES: Final = SNAPSHOT_BYTES_MAX
_EVENTS: Final = (*Event.__args__, Unknown)


class Loop:
    """Everything of a running store. `boot` names this run; `stop` may be called from a signal handler."""

    def __init__(
        self, paths: Paths, router: Router, publisher: Publisher, events: EventLog, quota: int | None, boot: str
    ) -> None:
        self._paths = paths
        self._router = router
        self._publisher = publisher
        self._events = events
        self._boot = boot
        self._writer = Writer(events, quota, partial(bookshelf.forget, paths.lines))
        self._peers = Peers(router)
        self._sealing = Sealing(paths, self._writer)
        self._trail = Trail(events, paths.audit_head)
        self._again: set[bytes] = set()  # sessions to be told once more how far the log is
        self._stalled = ""
        self._retry_at = 0.0
        self._health_at = 0.0
        self._minute_at = 0.0
        self._parent = os.getppid()
        self._wake_read, self._wake_write = os.pipe()
        self._poller = Poller()
        self._poller.add(router)
        self._poller.add(self._wake_read)

    def stop(self) -> None:
        """Make `run` return after one last commit."""
        os.write(self._wake_write, b".")

    def run(self) -> None:
        """Serve until `stop`."""
        while True:
            ready = self._poller.wait(self._wait_s(monotonic()))
            self._drain()
            if self._wake_read in ready:
                break
            self._work(monotonic())
        if self._writer.wait_s(monotonic()) is not None:
            self._commit(monotonic())
        if self._trail.wait_s(monotonic()) is not None:
            self._trail.commit(monotonic())

    # -- one turn

    def _wait_s(self, now: float) -> float:
        deadlines = [self._health_at - now, self._minute_at - now]
        batch, audit = self._writer.wait_s(now), self._trail.wait_s(now)
        if audit is not None:
            deadlines.append(audit)
        if self._stalled:
            deadlines.append(self._retry_at - now)
        elif batch is not None:
            deadlines.append(batch)
        elif self._writer.over_quota():
            return 0.0
        return max(0.0, min(deadlines))

    def _drain(self) -> None:
        now = monotonic()
        for _ in range(_FRAMES_PER_TURN):
            if self._writer.is_full() and not self._stalled:
                break
            got = self._router.receive()
            if got is None:
                break
            self._receive(*got, now)

    def _work(self, now: float) -> None:
        if self._stalled:
            if now >= self._retry_at:
                self._commit(now)
        else:
            if self._writer.wait_s(now) == 0.0:
                self._commit(now)
            elif self._writer.over_quota():
                self._remove(1)
        if self._trail.wait_s(now) == 0.0 and self._trail.commit(now):
            self._peers.tell_brokers(AuditAck(*self._trail.durable))
        self._acknowledge_again()
        if now >= self._health_at:
            self._say_health(now)
            if os.getppid() != self._parent:  # macOS has no signal for the parent's death
                self.stop()
        if now >= self._minute_at:
            self._minute_at = now + MINUTE_S
            self._events.check_readers()
            if not self._stalled:
                ballast.lay(self._paths.ballast)

    # -- what arrives

    def _receive(self, peer: bytes, frame: bytes, now: float) -> None:
        try:
            sid, message = decode(frame)
        except WireError as error:
            self._peers.bad(peer, str(error))
            return
        if isinstance(message, _EVENTS) and is_session_id(sid):
            self._event(peer, sid, message, frame, now)
            return
        match message:
            case OpenSessionsQuery():
                self._open_sessions(peer)
            case AuditEntry():
                self._audit(peer, message, now)
            case _ if not is_session_id(sid):
                self._peers.bad(peer, "no session id")
            case Sync():
                self._sync(peer, sid, message)
            case Seal():
                self._seal(peer, sid, message)
            case Checkpoint():
                self._writer.keep(sid, message)
            case Recall():
                self._recall(peer, sid, message)
            case _:
                self._peers.bad(peer, f"{type(message).__name__} is not for the store")

    def _event(self, peer: bytes, sid: bytes, event: Any, frame: bytes, now: float) -> None:
        too_long = isinstance(event, Output) and len(event.data) > OUTPUT_BYTES_MAX
        # Cuts and losses are the store's own to write.
        if event.seq < 1 or too_long or isinstance(event, (Cut, Lost)):
            self._peers.bad(peer, f"a {type(event).__name__} that can't be kept, seq {event.seq}")
            return
        self._peers.worker(sid, peer)
        match self._writer.take(sid, event, frame[SID_BYTES:]):
            case Verdict.KNOWN:
                self._again.add(sid)
            case Verdict.MISSING:
                wanted = self._writer.ask(sid, now)
                if wanted is not None:
                    self._peers.tell(sid, Nak(wanted, self._boot))
            case Verdict.FINAL:
                self._peers.bad(peer, "events for a session that was declared lost")

    def _sync(self, peer: bytes, sid: bytes, sync: Sync) -> None:
        if not compatible(sync.protocol):
            reason = f"the store speaks protocol {PROTOCOL}, this session's worker {sync.protocol}"
            self._peers.bad(peer, reason)
            self._peers.answer(peer, sid, Stalled(reason))
            return
        if not 1 <= sync.first <= sync.next:
            self._peers.bad(peer, f"a worker that holds events {sync.first} to {sync.next - 1}")
            return
        self._peers.worker(sid, peer)
        if self._writer.is_lost(sid):
            log.error("event=lost-session-speaks session=%s", sid.hex())
            self._peers.answer(peer, sid, Stalled("the session was declared lost"))
            return
        if sync.next <= self._writer.durable(sid):
            log.error(
                "event=worker-behind session=%s next=%d durable=%d", sid.hex(), sync.next, self._writer.durable(sid)
            )
        self._writer.missing(sid, sync.first, now_us())
        if sync.first <= self._writer.durable(sid) + 1:
            self._peers.tell(sid, Ack(self._writer.durable(sid), self._boot))
        # Else the hole's own event answers, once it is on disk.
        if self._stalled:
            self._peers.tell(sid, Stalled(self._stalled))

    def _seal(self, peer: bytes, sid: bytes, seal: Seal) -> None:
        self._peers.broker(peer)
        if self._sealing.begin(peer, sid, seal.cause, now_us()):
            self._answer_seals()

    def _recall(self, peer: bytes, sid: bytes, asked: Recall) -> None:
        """A worker that took over wants to know what stood on the screen."""
        if not 0 <= asked.after <= asked.upto < SEQ_MAX:
            self._peers.bad(peer, f"a recall of the events behind {asked.after} up to {asked.upto}")
            return
        checkpoint, bodies, last = self._events.recall(sid, asked.after, asked.upto, _RECALLED_BYTES)
        self._peers.answer(peer, sid, Recalled(asked.after, last, checkpoint, bodies))

    def _audit(self, peer: bytes, entry: AuditEntry, now: float) -> None:
        self._peers.broker(peer)
        if not self._trail.take(entry, now):
            self._peers.answer(peer, NO_SESSION, AuditAck(*self._trail.durable, resend=True))

    def _open_sessions(self, peer: bytes) -> None:
        self._peers.broker(peer)
        alive = [view for view in self._events.views() if view.state not in ENDED]
        self._peers.answer(peer, NO_SESSION, OpenSessions(alive))
        if self._stalled:
            self._peers.answer(peer, NO_SESSION, Stalled(self._stalled))

    # -- what is written

    def _commit(self, now: float) -> None:
        before = self._writer.total
        try:
            views = self._writer.commit()
        except LogFault as fault:
            self._stall(fault, now)
            return
        for sid, view in views.items():
            self._again.discard(sid)
            if view.state != "lost":
                # `Lost` has a number of the store's own making: it would acknowledge what the worker never sent.
                self._peers.tell(sid, Ack(view.seq, self._boot))
            self._publisher.send(encode(sid, Committed(view.seq)))
            if view.ended:
                self._peers.forget(sid)
        self._answer_seals()
        if self._writer.is_idle():
            self._go_on(now)
        self._retry_at = now
        added = self._writer.total - before
        if self._writer.over_quota():
            self._remove(2 * added)

    def _stall(self, fault: LogFault, now: float) -> None:
        self._retry_at = now + RETRY_S
        if fault.full and self._writer.over_quota() and (ballast.drop(self._paths.ballast) or self._stalled):
            self._remove(1)
        if str(fault) == self._stalled:
            return
        log.error("event=stalled reason=%r", str(fault))
        self._stalled = str(fault)
        self._peers.tell_all(Stalled(self._stalled))
        self._say_health(now)

    def _go_on(self, now: float) -> None:
        if not self._stalled:
            return
        log.warning("event=resumed")
        self._stalled = ""
        self._peers.tell_all(Stalled(""))
        for sid in self._writer.catch_up():
            wanted = self._writer.ask(sid, now)
            if wanted is not None:
                self._peers.tell(sid, Nak(wanted, self._boot))
        self._say_health(now)

    def _remove(self, enough: int) -> None:
        """Cut until `enough` bytes are free or the log is within its quota."""
        freed = 0
        try:
            while freed < enough and self._writer.over_quota():
                step = self._writer.cut_step(now_us())
                if not step:
                    break
                freed += step
        except LogFault as fault:
            log.warning("event=cut-failed reason=%r", str(fault))
            if fault.full:
                ballast.drop(self._paths.ballast)

    # -- what is said

    def _acknowledge_again(self) -> None:
        for sid in self._again:
            self._peers.tell(sid, Ack(self._writer.durable(sid), self._boot))
        self._again.clear()

    def _answer_seals(self) -> None:
        for peer, sid, view in self._sealing.finished():
            self._peers.answer(peer, sid, Sealed(view))

    def _say_health(self, now: float) -> None:
        self._health_at = now + HEALTH_EVERY_S
        state = "stalled" if self._stalled else "ok"
        quota = self._writer.quota or 0
        self._publisher.send(
            encode(NO_SESSION, StoreHealth(state, self._stalled, self._writer.total, quota, self._boot))
        )
