"""The service's whole state: its sessions, what they ask, and what has to be told. No sockets: `Outbox` has them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from tether import asking
from tether.adapters import accounts, decisions, facts, reports, tools
from tether.adapters.channels import Channel
from tether.adapters.decisions import Book
from tether.adapters.reports import Reports
from tether.adapters.spending import Spending
from tether.wire.agents import Active, Activity, Approval, Decide, Decided, Interrupt, Noted, Prompt, Settled
from tether.wire.auditing import Deed
from tether.wire.control import Refused
from tether.wire.ids import NO_SESSION, public_id
from tether.wire.views import SessionView

log = logging.getLogger("tether")

_BUSY: Final = frozenset({"starting", "waiting"})
_WAITS: Final = {"question": "question", "plan": "plan"}
# Kinds of unknown things that are told of in the service's log, each once.
_UNKNOWN_MAX: Final = 200


class Outbox(Protocol):
    """What the loop does for the desk. `send` is False while the broker is away."""

    def send(self, sid: bytes, message: msgspec.Struct) -> bool: ...

    def deliver(self, session: Session, record: Approval) -> None:
        """Tell the agent, and then the desk (`delivered`) what became of it."""
        ...

    def wake_at(self, when_us: int) -> None:
        """Call `expire` at this time (microseconds since 1970); 0: there is nothing to wait for."""
        ...


@dataclass
class Session:
    """One session. `waiting` holds what is to be done when the report of that number is an event, `under` what the
    agent does beneath what it asks."""

    sid: bytes
    provider: str
    channel: Channel
    reports: Reports
    book: Book = field(default_factory=Book)
    spending: Spending = field(default_factory=Spending)
    activity: Activity | None = None
    under: facts.StateFact | None = None
    degraded: str = ""
    said: str = ""
    worker_pid: int = 0
    directory: str = ""
    open: bool = False
    restored: bool = False
    held: list[facts.Fact] = field(default_factory=list)
    waiting: list[tuple[int, Callable[[], None]]] = field(default_factory=list)


class Desk:
    """`boot` names this run; `now` is the time in microseconds since 1970, `make_name` a fresh approval's id."""

    def __init__(self, outbox: Outbox, boot: str, now: Callable[[], int], make_name: Callable[[], str]) -> None:
        self.outbox = outbox
        self.boot = boot
        self.sessions: dict[bytes, Session] = {}
        self.unknown: dict[str, int] = {}
        # What a rule of the owner's, or a standing grant, decides of what is asked; None leaves it to people.
        self.judge: Callable[[Session, Approval], Decide | None] = lambda _session, _record: None
        self._now = now
        self._make_name = make_name

    # -- sessions

    def begin(self, sid: bytes, provider: str, channel: Channel) -> Session:
        """A session that is new, or was found."""
        session = self.sessions[sid] = Session(sid, provider, channel, Reports(self.boot))
        return session

    def restore(self, session: Session, view: SessionView, records: list[Approval]) -> None:
        """Take over what the log knows of the session; then what was said meanwhile counts."""
        session.activity = view.activity
        session.spending = Spending(view.cost_usd)
        if view.activity is not None:
            session.degraded, session.said = view.activity.degraded, view.activity.said
        for record in records:
            session.book.restore(record)
        session.restored = True
        held, session.held = session.held, []
        if held:
            self.take(session.sid, held)
        self._expiry()

    def end(self, sid: bytes) -> None:
        """The session has ended."""
        session = self.sessions.pop(sid, None)
        if session is not None:
            session.channel.close()
            self._expiry()

    # -- facts

    def take(self, sid: bytes, said: list[facts.Fact]) -> None:
        """What a translator has to say."""
        session = self.sessions.get(sid)
        if session is None:
            return
        if not session.restored:
            session.held += said[: max(0, 1000 - len(session.held))]
            return
        for fact in said:
            self._fact(session, fact)

    def _fact(self, session: Session, fact: facts.Fact) -> None:
        match fact:
            case facts.StateFact():
                self._state(session, fact)
            case facts.Asked():
                self._asked(session, fact)
            case facts.Settled():
                self._settled(session, fact)
            case facts.StillOpen():
                for record in session.book.pending():
                    if record.key not in fact.keys and not record.key.startswith(tools.PREFIX):
                        why = "it was answered while nobody listened"
                        self._settled(session, facts.Settled(record.key, "unknown", "", why))
            case facts.Effect():
                told = session.book.effect(fact.key, fact.effect)
                if told is not None:
                    self._report(session, Settled(0, 0, told.id, told.state, told.by, effect=told.effect))
            case _:
                self._account(session, fact)

    def _settled(self, session: Session, fact: facts.Settled) -> None:
        record = session.book.settle(fact.key, fact.outcome, fact.by, self._now(), fact.detail)
        if record is not None:
            self._report(session, Settled(0, 0, record.id, record.state, record.by, record.reason))
            self._surface(session)
            self._expiry()

    def _account(self, session: Session, fact: facts.Fact) -> None:
        match fact:
            case facts.Degraded():
                self._degraded(session, fact.reason)
            case facts.Unknown():
                self._unknown(session, fact.what)
            case facts.Reported():
                self._reported(session, fact)
            case _:
                total = session.spending.add(fact) if isinstance(fact, facts.Usage) else ""
                event = accounts.told(fact, total)
                if event is not None and not session.reports.full:
                    self._report(session, event)

    def _state(self, session: Session, fact: facts.StateFact) -> None:
        if fact.state == "working" and session.book.pending():
            # It may do something else meanwhile; what counts for people is that it asks.
            session.under = fact
            return
        session.under = None
        now = session.activity
        new = accounts.activity(fact, session.degraded, session.said, self._now())
        if now is not None and (now.state, now.detail, now.degraded) == (new.state, new.detail, new.degraded):
            return
        session.activity = new
        self._report(session, Active(0, 0, new))

    def _surface(self, session: Session) -> None:
        """Nothing is asked any more: what the agent did beneath it is what it does."""
        if session.under is not None and not session.book.pending():
            self._state(session, session.under)

    def _reported(self, session: Session, fact: facts.Reported) -> None:
        event = accounts.told(fact)
        if event is None or session.reports.full:
            return
        self._report(session, event)
        session.said = accounts.status(fact.status)
        known = session.activity or Activity("unknown", why="It says nothing of itself", source="process")
        session.activity = msgspec.structs.replace(known, said=session.said)
        self._report(session, Active(0, 0, session.activity))

    def _degraded(self, session: Session, reason: str) -> None:
        if reason == session.degraded:
            return
        session.degraded = reason
        log.warning("event=degraded session=%s reason=%r", public_id(session.sid), reason)
        activity = session.activity or Activity("unknown", why="It says nothing of itself", source="process")
        if reason:
            activity = Activity("unknown", source="process", why=reason, said=session.said)
        session.activity = msgspec.structs.replace(activity, degraded=reason, since=self._now())
        self._report(session, Active(0, 0, session.activity))

    def _unknown(self, session: Session, what: str) -> None:
        key = f"{session.provider}: {what}"
        if key not in self.unknown and len(self.unknown) < _UNKNOWN_MAX:
            log.info("event=unknown session=%s what=%r", public_id(session.sid), key)
            self.unknown[key] = 0
        if key in self.unknown:
            self.unknown[key] += 1

    def _asked(self, session: Session, asked: facts.Asked) -> None:
        known = session.book.by_key(asked.key)
        if known is None:
            record = decisions.record_of(
                asked, self._make_name(), public_id(session.sid), session.sid, session.provider, self._now()
            )
            session.book.ask(record)
            for event in reports.asked(record):
                self._report(session, event)
            self._expiry()
            order = self.judge(session, record)
            if order is not None:
                self._ruled(session, order, record.kind)
                return
        elif known in session.book.undelivered():
            # Asked again by who did not hear the answer: it is the same one.
            self.outbox.deliver(session, known)
            return
        elif known.state != asking.PENDING:
            if known.key.startswith(tools.PREFIX):
                self.outbox.deliver(session, known)  # the call waits, whatever became of it
            return
        detail: Any = _WAITS.get(asked.kind, "approval")
        self._state(session, facts.StateFact("waiting", f"It asks: {asked.title}", "hook", detail))

    def _ruled(self, session: Session, order: Decide, kind: str) -> None:
        """A rule or a grant decides like anybody else, first; who looks at the log sees which one it was."""
        self.decide(session.sid, order)
        told = {"approval": order.id, "decision": order.decision, "rule": order.rule, "kind": kind}
        self.outbox.send(NO_SESSION, Deed("decide", order.by, public_id(session.sid), told))

    def _report(self, session: Session, event: msgspec.Struct) -> None:
        self.outbox.send(session.sid, session.reports.add(event))

    # -- decisions

    def decide(self, sid: bytes, order: Decide) -> None:
        """A decision that the broker passed on: taken, kept, delivered, answered; in this order."""
        session = self.sessions.get(sid)
        if session is None or not session.restored:
            text = f"Session {public_id(sid)} is not known here yet"
            self.outbox.send(sid, Refused(order.req, "not-ready", text, "Try again", order.client))
            return
        if order.decision == "undo":
            self._undo(session, order)
            return
        verdict = session.book.decide(order, self._now())
        answer = Decided(order.req, order.client, order.id, verdict.state, verdict.by, verdict.won, verdict.message)
        record = session.book.get(order.id)
        if not verdict.won or record is None:
            self.outbox.send(sid, answer)
            return
        self._report(
            session,
            Settled(
                0, 0, record.id, record.state, record.by, record.reason, record.scope, "", order.rule, record.answers
            ),
        )

        def kept() -> None:
            self.outbox.deliver(session, record)
            self.outbox.send(sid, answer)

        session.waiting.append((session.reports.newest, kept))
        self._surface(session)
        self._expiry()

    def _undo(self, session: Session, order: Decide) -> None:
        verdict = session.book.undo(order.id)
        answer = Decided(order.req, order.client, order.id, verdict.state, verdict.by, verdict.won, verdict.message)
        if not verdict.won:
            self.outbox.send(session.sid, answer)
            return
        self._report(session, Settled(0, 0, order.id, verdict.state, order.by, scope=asking.UNDONE))

        def kept() -> None:
            self.outbox.send(session.sid, answer)

        session.waiting.append((session.reports.newest, kept))

    def delivered(self, session: Session, record: Approval, *, told: bool) -> None:
        """The agent was told of a decision, or can't be."""
        if not told:
            self._fact(session, facts.Effect(record.key, "unknown"))

    def expire(self) -> None:
        """What has been open for too long is open no more; the agent's own dialog stays."""
        for session in self.sessions.values():
            for record in session.book.expire(self._now()):
                self._report(session, Settled(0, 0, record.id, record.state))
                if record.key.startswith(tools.PREFIX):
                    self.outbox.deliver(session, record)
                    continue
                self._state(session, facts.StateFact("waiting", "It still asks at its terminal", "hook", "terminal"))
        self._expiry()

    def _expiry(self) -> None:
        falls_due = [due for one in self.sessions.values() if (due := one.book.next_expiry())]
        self.outbox.wake_at(min(falls_due, default=0))

    # -- prompts

    def may_prompt(self, session: Session, order: Prompt | Interrupt) -> Refused | None:
        """Why a prompt can't be given now: typed into a dialog it would answer that."""
        activity = session.activity
        if session.book.pending() and isinstance(order, Prompt):
            text, hint = "The agent waits for a decision", "Decide first"
        elif isinstance(order, Prompt) and (activity is None or activity.state in _BUSY):
            text, hint = "The agent is not ready for a prompt", "Look at its terminal"
        else:
            return None
        return Refused(order.req, "busy", text, hint, order.client)

    # -- the worker

    def noted(self, sid: bytes, noted: Noted) -> None:
        """Reports have become events."""
        session = self.sessions.get(sid)
        if session is None:
            return
        session.reports.noted(noted.boot, noted.n)
        due = [act for n, act in session.waiting if noted.boot == self.boot and n <= noted.n]
        session.waiting = session.waiting[len(due) :]
        for act in due:
            act()

    def say_again(self, session: Session) -> None:
        """The worker, or the way to it, is another one: send again what is no event yet."""
        for report in session.reports.again():
            if not self.outbox.send(session.sid, report):
                return

    def unsaid(self) -> bool:
        """True while something is no event yet."""
        return any(len(session.reports) for session in self.sessions.values())
