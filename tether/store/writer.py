"""The one writer: gathers events into batches, commits them, keeps every session's record, and cuts.

What was taken and is not on disk stays here until a commit succeeds, so a full disk costs patience and nothing else.
Knows nothing of sockets; `tether.store.loop` carries what it says to the workers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tether.clock import monotonic
from tether.store import approvals, batching, keyspace, projection, retention
from tether.store.gaps import Cursor, Verdict
from tether.store.log import EventLog, LogFault
from tether.wire.codec import encode_body
from tether.wire.events import Cut, Event, Exited, Lost, Output, Unknown
from tether.wire.storing import Checkpoint
from tether.wire.views import SessionView

log = logging.getLogger("tether")

# Sessions whose cursor is kept in memory; those with nothing under way are read from the log again when they speak.
SESSIONS_KEPT: Final = 8192
# Checkpoints that wait for the next commit, in bytes. Each session sends one a second at most, of some kilobytes.
_CHECKPOINT_BYTES_MAX: Final = 8 << 20


@dataclass
class _Session:
    """What is known of a session that spoke: its durable record, and how far it is with what is not yet durable."""

    view: SessionView | None
    cursor: Cursor
    ended: bool
    lost: bool


@dataclass(frozen=True)
class _Taken:
    """An event that is not on disk yet, with its wire body."""

    sid: bytes
    event: Event | Unknown
    body: bytes


class Writer:
    """Takes events, commits them in batches. `quota` is in bytes, None keeps everything; `on_cut` is told from which
    event on a session's are left when some were removed."""

    def __init__(
        self, events: EventLog, quota: int | None, on_cut: Callable[[bytes, int], None] = lambda _sid, _first: None
    ) -> None:
        self.quota = quota
        self._on_cut = on_cut
        self._log = events
        self._sessions: dict[bytes, _Session] = {}
        self._taken: list[_Taken] = []  # in order of arrival
        self._bytes = 0  # of their bodies
        self._checkpoints: list[tuple[bytes, Checkpoint]] = []
        self._committed_at = -1.0
        self._behind: set[bytes] = set()  # sessions of which events were dropped while nothing could be written
        self._shares = {view.sid: retention.Share(view.sid, view.ended, view.log_bytes) for view in events.views()}
        self.total = sum(share.log_bytes for share in self._shares.values())
        self._orders: list[retention.Order] = []
        self._plan_above = quota or 0  # no plan is made while the log is not larger than this

    # -- taking

    def durable(self, sid: bytes) -> int:
        """The newest event of the session that is on disk; 0 when there is none."""
        view = self._session(sid).view
        return view.seq if view is not None else 0

    def view(self, sid: bytes) -> SessionView | None:
        """The session's record as it is on disk."""
        return self._session(sid).view

    def has_ended(self, sid: bytes) -> bool:
        """True when the session's end was taken, on disk or not."""
        return self._session(sid).ended

    def newest(self, sid: bytes) -> int:
        """The newest event that was taken, on disk or not."""
        return self._session(sid).cursor.last

    def is_lost(self, sid: bytes) -> bool:
        """True when the session was declared lost, on disk or not."""
        return self._session(sid).lost

    def take(self, sid: bytes, event: Event | Unknown, body: bytes, *, force: bool = False) -> Verdict:
        """Decide about one event and keep it if it is the next. `body` is its wire form without the envelope.

        While nothing can be written one full batch is kept and no more, unless `force`.
        """
        session = self._session(sid)
        if session.lost:
            # `Lost` may have the number of an event that a worker still holds: to call that one known would lose it.
            return Verdict.FINAL
        verdict = session.cursor.verdict(event.seq)
        if verdict is Verdict.MISSING and sid in self._behind:
            return Verdict.FULL
        if verdict is not Verdict.APPEND:
            return verdict
        if self.is_full() and not force:
            self._behind.add(sid)
            return Verdict.FULL
        session.cursor.take(event.seq)
        session.lost = isinstance(event, Lost)
        session.ended = session.ended or isinstance(event, (Exited, Lost))
        self._taken.append(_Taken(sid, event, body))
        self._bytes += len(body)
        return verdict

    def missing(self, sid: bytes, first: int, now_us: int) -> None:
        """The worker holds nothing before `first`: what the log has not is gone for ever. Number and say so."""
        session = self._session(sid)
        last = session.cursor.last
        if first <= last + 1 or session.ended:
            return
        log.error("event=events-missing session=%s from=%d to=%d", sid.hex(), last + 1, first - 1)
        offset = session.view.offset if session.view is not None else 0
        for taken in self._taken:
            if taken.sid == sid and isinstance(taken.event, Output):
                offset = taken.event.offset + len(taken.event.data)
        cut = Cut(first - 1, now_us, last + 1, offset, offset, projection.REASON_MISSING)
        session.cursor.last = first - 2
        self.take(sid, cut, encode_body(cut), force=True)

    def keep(self, sid: bytes, checkpoint: Checkpoint) -> None:
        """Keep a session's screen with the next commit. Dropped when it is ahead of the events, or too many wait."""
        known = 1 <= checkpoint.seq <= self.newest(sid)
        waiting = sum(len(other.data) for _, other in self._checkpoints)
        if known and not self.is_lost(sid) and waiting + len(checkpoint.data) <= _CHECKPOINT_BYTES_MAX:
            self._checkpoints.append((sid, checkpoint))

    def ask(self, sid: bytes, now: float) -> int | None:
        """The event that the session's worker is to go back to, or None when it was asked a moment ago."""
        return self._session(sid).cursor.ask(now)

    # -- committing

    def is_full(self) -> bool:
        """True when the batch must be committed before more is taken."""
        return len(self._taken) >= batching.LIMITS.messages or self._bytes >= batching.LIMITS.size_bytes

    def wait_s(self, now: float) -> float | None:
        """Seconds until the batch must be committed; None when there is none."""
        return batching.wait_s(len(self._taken) + len(self._checkpoints), self._bytes, self._committed_at, now)

    def commit(self, clock: Callable[[], float] = monotonic) -> dict[bytes, SessionView]:
        """Write what was taken. The sessions that changed, with their new records; LogFault: nothing was written.

        When the disk is all but full as much is written as finds a place, oldest first; see `is_idle`.
        """
        count = len(self._taken)
        while True:
            views, rows = self._rows(self._taken[:count])
            try:
                asked = [(one.sid, one.event) for one in self._taken[:count] if isinstance(one.event, approvals.KEPT)]
                self._log.write(rows, views.values(), self._checkpoints, asked)
                self._checkpoints.clear()
                break
            except LogFault as fault:
                self._checkpoints.clear()  # they can be done without: no event waits for their sake
                if fault.map_full:
                    self._log.grow()
                elif fault.full and count > 1:
                    count //= 2
                else:
                    raise
        self._committed_at = clock()
        del self._taken[:count]
        self._bytes = sum(len(taken.body) for taken in self._taken)
        for sid, view in views.items():
            self._remember(self._session(sid), view)
        self._forget_idle()
        return views

    def is_idle(self) -> bool:
        """True when everything that was taken is on disk."""
        return not self._taken

    def catch_up(self) -> set[bytes]:
        """The sessions of which events were dropped while nothing could be written; asked once."""
        behind, self._behind = self._behind, set()
        return behind

    # -- removing

    def over_quota(self) -> bool:
        """True when there may be something to remove."""
        return bool(self._orders) or (self.quota is not None and self.total > self._plan_above)

    def cut_step(self, now_us: int) -> int:
        """Remove up to 256 of the oldest events when the log is over its quota. Bytes freed, 0 when there is nothing
        to remove. LogFault: nothing was removed."""
        if self.quota is None:
            return 0
        if not self._orders and self.total > self._plan_above:
            self._orders = retention.plan(self._shares.values(), self.quota)
            self._plan_above = self.quota
        while self._orders:
            order = self._orders[0]
            view = self._session(order.sid).view
            if view is None:
                self._orders.pop(0)
                continue
            step = self._log.cut(view, order.free_bytes, now_us)
            self._remember(self._session(order.sid), step.view)
            left = order.free_bytes - step.freed
            if step.more and left > 0 and step.freed > 0:
                self._orders[0] = retention.Order(order.sid, left)
            else:
                self._orders.pop(0)
            if step.freed > 0:
                self._on_cut(order.sid, step.view.first_seq)
                return step.freed
        if self.total > self.quota:
            # What is left must stay. Look again when the log has grown by a good part, or a session has ended.
            self._plan_above = self.total + retention.slack_bytes(self.quota)
        return 0

    # -- inside

    def _session(self, sid: bytes) -> _Session:
        session = self._sessions.get(sid)
        if session is None:
            view = self._log.view(sid)
            last, lost = (view.seq, view.state == "lost") if view is not None else (0, False)
            session = _Session(view, Cursor(last), projection.has_ended(view), lost)
            self._sessions[sid] = session
        return session

    def _rows(self, batch: list[_Taken]) -> tuple[dict[bytes, SessionView], list[tuple[bytes, bytes]]]:
        events: dict[bytes, list[tuple[Event | Unknown, int]]] = {}
        for taken in batch:
            events.setdefault(taken.sid, []).append((taken.event, keyspace.row_bytes(len(taken.body))))
        views = {
            sid: projection.fold(self._session(sid).view or projection.blank(sid), sized)
            for sid, sized in events.items()
        }
        # In order of their keys, which spares the tree some steps.
        rows = sorted((keyspace.event_key(taken.sid, taken.event.seq), taken.body) for taken in batch)
        return views, rows

    def _remember(self, session: _Session, view: SessionView) -> None:
        old = self._shares.get(view.sid)
        self.total += view.log_bytes - (old.log_bytes if old is not None else 0)
        self._shares[view.sid] = retention.Share(view.sid, view.ended, view.log_bytes)
        session.view = view
        if view.ended and (old is None or not old.ended):
            self._plan_above = self.quota or 0  # an ended session gives more than a live one

    def _forget_idle(self) -> None:
        if len(self._sessions) > SESSIONS_KEPT:
            under_way = {taken.sid for taken in self._taken}
            self._sessions = {sid: session for sid, session in self._sessions.items() if sid in under_way}
