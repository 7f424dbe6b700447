"""The registry: every live session, its states and legal moves, and why one can't be reached. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from tether.broker.clients import Attachment
from tether.broker.control import Lease
from tether.wire.ids import public_id
from tether.wire.limits import INPUT_CLIENTS_REMEMBERED
from tether.wire.views import ENDED, SessionView

# After the broker's start, workers get this long to say Hello before an unknown session is unknown for good.
READY_S = 10.0
# Input that the worker has not acknowledged for this long: it does not respond.
UNRESPONSIVE_S = 5.0
# An ended session whose worker does not leave is forgotten after this long.
FORGET_S = 30.0
# Ended sessions remembered by name, so that a late order is told "ended" and not "not-found".
ENDED_REMEMBERED = 1000

_ORDER = {"created": 0, "starting": 1, "running": 2, "stalled": 2, "unresponsive": 2, "recovering": 2}
_LAST = 3


def may_move(old: str, new: str) -> bool:
    """True when a session in state `old` may be said to be in state `new`: only forward, and an end is final."""
    if old in ENDED:
        return new == old
    return (_LAST if new in ENDED else _ORDER.get(new, -1)) >= _ORDER.get(old, 0)


class Trouble(NamedTuple):
    """What the broker knows of a session that its worker does not say; `since` in microseconds."""

    state: str
    detail: str
    since: int


@dataclass(slots=True)
class Session:
    """One session. `view` is the last word of its worker (or of the store, while no worker has spoken); `worker` is
    the worker's connection. Times are monotonic seconds."""

    sid: bytes
    view: SessionView
    worker: bytes | None = None
    lease: Lease = field(default_factory=Lease)
    attachments: dict[bytes, Attachment] = field(default_factory=dict)
    last_n: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    actors: OrderedDict[bytes, str] = field(default_factory=OrderedDict)
    trouble: Trouble | None = None
    # Bytes forwarded to the worker since it last spoke, and since when it owes a word.
    owed_bytes: int = 0
    owed_since: float = 0.0
    ended_at: float = 0.0
    # The epoch that the worker has been told of.
    granted: int = 0
    # The key to the worker's lane that belongs to this lease; b"" when none was made.
    lane: bytes = b""
    # Questions that its worker was asked (see `questions`).
    asked: OrderedDict[tuple[bytes, int], bytes] = field(default_factory=OrderedDict)

    @property
    def ended(self) -> bool:
        return self.view.state in ENDED

    @property
    def newest_offset(self) -> int:
        """The end of the output as far as the broker knows it: output does not pass here."""
        return max(self.view.offset, *(one.offset for one in self.attachments.values()), 0)

    def worker_spoke(self) -> bool:
        """Any word of the worker shows that it lives. True when it had been thought not to respond."""
        self.owed_bytes = 0
        self.owed_since = 0.0
        if self.trouble is not None and self.trouble.state == "unresponsive":
            self.trouble = None
            return True
        return False

    def remember_actor(self, client: bytes, actor: str) -> None:
        """Who `client` is, for what is told of it after it has left."""
        self.actors[client] = actor
        self.actors.move_to_end(client)
        if len(self.actors) > INPUT_CLIENTS_REMEMBERED:
            self.actors.popitem(last=False)

    def remember_input(self, client: bytes, n: int) -> None:
        """The worker has taken `client`'s inputs up to `n`."""
        self.last_n[client] = n
        self.last_n.move_to_end(client)
        if len(self.last_n) > INPUT_CLIENTS_REMEMBERED:
            self.last_n.popitem(last=False)

    def overdue(self, now: float) -> bool:
        """True when input has waited too long for the worker's word."""
        return bool(self.owed_since) and now - self.owed_since >= UNRESPONSIVE_S


def present(session: Session, store_stalled: str = "") -> SessionView:
    """The session as others see it: the worker's word with what the broker knows. `store_stalled` is the store's
    reason for writing nothing, if it has one."""
    state, detail, since = session.view.state, session.view.detail, session.view.since
    if state not in ENDED:
        if session.trouble is not None:
            state, detail, since = session.trouble
        elif store_stalled and state == "running":
            state, detail = "stalled", store_stalled
    shown = replace(session.view, state=state, detail=detail, since=since, clients=len(session.attachments))
    if session.worker is None:
        return shown  # the lease is known when the worker has said Hello; until then the log's word stands
    return replace(
        shown,
        epoch=session.lease.epoch,
        controller=session.lease.name,
        controller_id=session.lease.holder,
    )


class Registry:
    """Every session that is known to live, by its id, and the names of those that ended lately."""

    def __init__(self, started: float) -> None:
        self.live: dict[bytes, Session] = {}
        self._ended: OrderedDict[bytes, None] = OrderedDict()
        self._started = started

    def adopt(self, sid: bytes, view: SessionView, worker: bytes | None) -> Session:
        """Enter a session on the word of its worker, which is believed in everything, or of the store (no `worker`)."""
        session = self.live.get(sid)
        if session is None:
            session = self.live[sid] = Session(sid, view, worker)
        if worker is not None:
            session.view = view
            session.worker = worker
            session.trouble = None
            session.worker_spoke()
            self._ended.pop(sid, None)
        return session

    def report(self, session: Session, view: SessionView) -> bool:
        """Take the worker's new word on its session. False when that would be a step back."""
        if view.sid != session.sid or not may_move(session.view.state, view.state):
            return False
        session.view = view
        return True

    def forget(self, sid: bytes) -> Session | None:
        """The session has ended: remember only that it was."""
        self._ended[sid] = None
        self._ended.move_to_end(sid)
        while len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)
        return self.live.pop(sid, None)

    def has_ended(self, sid: bytes) -> bool:
        session = self.live.get(sid)
        return session.ended if session is not None else sid in self._ended

    def absence(self, sid: bytes, now: float) -> tuple[str, str, str]:
        """Why an order for `sid` can't be carried out: code, message and hint of the refusal."""
        name = public_id(sid)
        if self.has_ended(sid):
            return "ended", f"Session {name} has ended", f"Read it with: tether logs {name}"
        if sid in self.live:
            return "not-ready", f"The worker of session {name} does not answer now", "Try again, or see: tether ls"
        if not self.settled(now):
            return "not-ready", f"Session {name} is not known yet; the gateway has just started", "Try again"
        return "not-found", f"There is no live session {name}", "See: tether ls"

    def settled(self, now: float) -> bool:
        """True when every living worker has had its time to say Hello after the broker's start."""
        return now - self._started >= READY_S

    def public_ids(self) -> set[str]:
        """The names in use."""
        return {public_id(sid) for sid in self.live}
