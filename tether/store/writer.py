"""The one writer: gathers events into batches, commits them, keeps every session's record, and cuts.

What was taken and is not on disk stays here until a commit succeeds, so a full disk costs patience and nothing else.
Knows nothing of sockets; `tether.store.loop` carries what it says to the workers.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from tether.store import batching, keyspace, projection, retention
from tether.store.gaps import Cursor, Verdict
from tether.store.log import EventLog, LogFault
from tether.wire.codec import encode_body
from tether.wire.events import Cut, Event, Exited, Lost, Output, Unknown
from tether.wire.views import SessionView

log = logging.getLogger("tether")

# Sessions whose cursor is kept in memory; those with nothing under way are read from the log again when they speak.
SESSIONS_KEPT: Final = 8192


@dataclass
class _Session:
    """What is known of a session that spoke: its durable record, and how far it is with what is not yet durable."""

    view: SessionView | None
    cursor: Cursor
    ended: bool
    lost: bool
    taken: list[tuple[Event | Unknown, bytes]] = field(default_factory=list)


class Writer:
    """Takes events, commits them in batches. `quota` is in bytes, None keeps everything."""

    def __init__(self, events: EventLog, quota: int | None) -> None:
        self.quota = quota
        self._log = events
        self._sessions: dict[bytes, _Session] = {}
        self._touched: dict[bytes, _Session] = {}  # those with events that are not on disk
        self._messages = 0
        self._bytes = 0
        self._first_at = 0.0
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

    def take(self, sid: bytes, event: Event | Unknown, body: bytes, now: float, *, force: bool = False) -> Verdict:
        """Decide about one event and keep it if it is the next. `body` is its wire form without the envelope.

        While nothing can be written one full batch is kept and no more, unless `force`.
        """
        session = self._session(sid)
        if session.lost:
            # `Lost` may have the number of an event that a worker still holds: to call that one known would lose it.
            return Verdict.FINAL
        verdict = session.cursor.verdict(event.seq)
        if verdict is not Verdict.APPEND:
            return verdict
        if self.is_full() and not force:
            self._behind.add(sid)
            return Verdict.FULL
        session.cursor.take(event.seq)
        session.taken.append((event, body))
        self._touched[sid] = session
        session.lost = isinstance(event, Lost)
        session.ended = session.ended or isinstance(event, (Exited, Lost))
        if not self._messages:
            self._first_at = now
        self._messages += 1
        self._bytes += len(body)
        return verdict

    def missing(self, sid: bytes, first: int, now: float, now_us: int) -> None:
        """The worker holds nothing before `first`: what the log has not is gone for ever. Number and say so."""
        session = self._session(sid)
        last = session.cursor.last
        if first <= last + 1 or session.ended:
            return
        log.error("event=events-missing session=%s from=%d to=%d", sid.hex(), last + 1, first - 1)
        offset = max(
            (e.offset + len(e.data) for e, _ in session.taken if isinstance(e, Output)),
            default=session.view.offset if session.view is not None else 0,
        )
        cut = Cut(first - 1, now_us, last + 1, offset, offset, projection.REASON_MISSING)
        session.cursor.last = first - 2
        self.take(sid, cut, encode_body(cut), now, force=True)

    def ask(self, sid: bytes, now: float) -> int | None:
        """The event that the session's worker is to go back to, or None when it was asked a moment ago."""
        return self._session(sid).cursor.ask(now)

    # -- committing

    def is_full(self) -> bool:
        """True when the batch must be committed before more is taken."""
        return self._messages >= batching.LIMITS.messages or self._bytes >= batching.LIMITS.size_bytes

    def wait_s(self, now: float) -> float | None:
        """Seconds until the batch must be committed; None when there is none."""
        return batching.wait_s(self._messages, self._bytes, self._first_at, now)

    def commit(self) -> dict[bytes, SessionView]:
        """Write everything that was taken. The sessions that changed, with their new records; LogFault: nothing."""
        rows = []
        views: dict[bytes, SessionView] = {}
        for sid, session in self._touched.items():
            old = session.view or projection.blank(sid)
            sized = [(event, keyspace.row_bytes(len(body))) for event, body in session.taken]
            views[sid] = projection.fold(old, sized)
            rows += [(keyspace.event_key(sid, event.seq), body) for event, body in session.taken]
        while True:
            try:
                self._log.write(rows, views.values())
                break
            except LogFault as fault:
                if not fault.map_full:
                    raise
                self._log.grow()
        for sid, session in self._touched.items():
            session.taken = []
            self._remember(session, views[sid])
        self._touched = {}
        self._messages = self._bytes = 0
        self._forget_idle()
        return views

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
            # With nothing to remove, look again only when the log has grown by a good part.
            self._plan_above = self.quota if self._orders else self.total + retention.slack_bytes(self.quota)
        while self._orders:
            order = self._orders[0]
            view = self._session(order.sid).view
            if view is None:
                self._orders.pop(0)
                continue
            step = self._log.cut(view, order.free_bytes, now_us)
            self._remember(self._session(order.sid), step.view)
            left = order.free_bytes - step.freed
            if step.more and left > 0:
                self._orders[0] = retention.Order(order.sid, left)
            else:
                self._orders.pop(0)
            if step.freed > 0:
                return step.freed
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

    def _remember(self, session: _Session, view: SessionView) -> None:
        old = self._shares.get(view.sid)
        self.total += view.log_bytes - (old.log_bytes if old is not None else 0)
        self._shares[view.sid] = retention.Share(view.sid, view.ended, view.log_bytes)
        session.view = view
        if view.ended and (old is None or not old.ended):
            self._plan_above = self.quota or 0  # an ended session gives more than a live one

    def _forget_idle(self) -> None:
        if len(self._sessions) > SESSIONS_KEPT:
            self._sessions = dict(self._touched)
