"""What was asked in one session and who decided it: the first decision counts. Pure.

A decision counts from the moment in which it is taken here; it becomes an event, and when that is kept the agent is
told, once. One that comes later learns who was first. What the agent's own terminal answered is a decision like any
other, seen through the side channel. Nothing here ever decides by itself, but for time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from tether import asking
from tether.adapters import facts, grants
from tether.adapters.reports import FIELD_BYTES_MAX
from tether.wire.agents import Approval, Decide, Option, Question

# How long something that is asked may be decided, in microseconds. The agent waits longer; who comes later than this
# is sent to the agent's own terminal.
EXPIRES_US: Final = 24 * 3600 * 1_000_000
_STATES: Final = {"allow": "allowed", "deny": "denied", "answer": "answered"}
# Settled records that are remembered, so that a late decision learns of them.
_REMEMBERED_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a decision: whether it `won`, and how the approval stands now. `message` says why it did not."""

    won: bool
    state: str
    by: str
    message: str = ""


class Book:
    """One session's. Times are microseconds since 1970."""

    def __init__(self) -> None:
        self._by_id: dict[str, Approval] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, name: str) -> Approval | None:
        """The record of an approval."""
        return self._by_id.get(name)

    def by_key(self, key: str) -> Approval | None:
        """The newest record of what the side channel calls `key`."""
        found = [one for one in self._by_id.values() if one.key == key]
        return found[-1] if found else None

    def pending(self) -> list[Approval]:
        """What nobody has decided, oldest first."""
        return [one for one in self._by_id.values() if one.state == asking.PENDING]

    def undelivered(self) -> list[Approval]:
        """Decided here, and nobody knows whether the agent heard of it."""
        return [one for one in self._by_id.values() if one.state in _STATES.values() and one.effect in ("", "unknown")]

    def restore(self, record: Approval) -> None:
        """Take a record over from the log."""
        self._by_id[record.id] = record
        self._forget()

    def ask(self, record: Approval) -> None:
        """Something new is asked."""
        self._by_id[record.id] = record
        self._forget()

    def _forget(self) -> None:
        settled = [name for name, one in self._by_id.items() if one.state != asking.PENDING and not grants.stands(one)]
        for name in settled[: max(0, len(settled) - _REMEMBERED_MAX)]:
            del self._by_id[name]

    def decide(self, order: Decide, now: int) -> Verdict:
        """A person, or a rule, decides. The first one counts."""
        record = self._by_id.get(order.id)
        if record is None:
            return Verdict(False, "unknown", "", "Nothing of that name is asked here")
        if record.state != asking.PENDING:
            return Verdict(False, record.state, record.by, _late(record))
        if record.expires and now >= record.expires:
            return Verdict(False, "expired", "", "It was asked too long ago: answer at the agent's own terminal")
        if order.sha256 and order.sha256 != record.sha256:
            return Verdict(False, record.state, "", "What was shown is not what is asked: look again")
        wrong = _unfit(order, record)
        if wrong:
            return Verdict(False, record.state, "", wrong)
        state = _STATES[order.decision]
        self._by_id[order.id] = replace(
            record, state=state, by=order.by, decided=now, reason=order.reason, scope=order.scope,
            answers=order.answers, rule=order.rule,
        )  # fmt: skip
        return Verdict(True, state, order.by)

    def undo(self, name: str) -> Verdict:
        """What was allowed for the session is so no more. `won` when that changed something."""
        record = self._by_id.get(name)
        if record is None:
            return Verdict(False, "unknown", "", "Nothing of that name was asked here")
        if not grants.stands(record):
            return Verdict(False, record.state, record.by, "It is no standing grant")
        self._by_id[name] = replace(record, scope=asking.UNDONE)
        return Verdict(True, record.state, record.by)

    def granting(self, record: Approval, directory: str, resolve: Callable[[str], str]) -> Approval | None:
        """The standing grant that covers what is asked; see `grants.covering`."""
        return grants.covering(self._by_id.values(), record, directory, resolve)

    def settle(self, key: str, outcome: str, by: str, now: int, reason: str = "") -> Approval | None:
        """The side channel says that `key` is open no more. The record when that was news, else None."""
        record = self.by_key(key)
        if record is None or record.state != asking.PENDING:
            return None
        settled = replace(record, state=outcome, by=by, decided=now, reason=reason)
        self._by_id[record.id] = settled
        return settled

    def effect(self, key: str, effect: str) -> Approval | None:
        """What the agent made of the decision on `key`. None when that is known, or nothing was decided."""
        record = self.by_key(key)
        if record is None or record.state == asking.PENDING or record.effect in ("done", "refused", "failed", effect):
            return None
        told = replace(record, effect=effect)
        self._by_id[record.id] = told
        return told

    def expire(self, now: int) -> list[Approval]:
        """What has been open for too long is open no more."""
        late = [one for one in self.pending() if one.expires and now >= one.expires]
        for one in late:
            self._by_id[one.id] = replace(one, state="expired", decided=now)
        return [self._by_id[one.id] for one in late]

    def next_expiry(self) -> int:
        """When the next one falls due; 0 when nothing does."""
        return min((one.expires for one in self.pending() if one.expires), default=0)


def record_of(asked: facts.Asked, name: str, session: str, sid: bytes, provider: str, now: int) -> Approval:
    """The whole record of what is asked, bound by a digest to its exact bytes."""
    return grants.offered(Approval(
        name, session, provider, asked.kind, asked.title, asked.intent, asked.exact, len(asked.exact),
        hashlib.sha256(asked.exact).hexdigest(), asked.diff, asked.detail,
        [Option(one.id, one.label) for one in asked.options],
        [Question(q.text, q.header, [Option(o.id, o.label) for o in q.options], q.multiple) for q in asked.questions],
        now, now + EXPIRES_US, key=asked.key, sid=sid,
    ))  # fmt: skip


def _unfit(order: Decide, record: Approval) -> str:
    if order.decision not in _STATES or order.scope not in ("once", "session"):
        return f"A decision is allow, deny or answer, once or session, and not {order.decision[:20]!r}"
    if order.decision == "answer":
        if record.kind != "question":
            return "It is no question: allow or deny it"
        missing = [one.text for one in record.questions if not order.answers.get(one.text)]
        return f"Not answered: {missing[0][:80]}" if missing else ""
    if order.decision == "allow" and not order.rule and _is_cut(record):
        return "It is too long to be shown whole: allow it at the agent's own terminal, or deny it"
    if order.decision == "allow" and record.kind == "question" and record.questions:
        return "It is a question: answer it, or deny it"
    if order.decision == "allow" and order.scope == grants.SESSION and not grants.may_stand(record):
        return "What that would be for the session can't be told for certain: allow it once"
    return ""


def _is_cut(record: Approval) -> bool:
    """Does the log keep, and any surface show, only a part of it?"""
    return bool(record.cut) or max(len(record.exact), len(record.diff.encode())) > FIELD_BYTES_MAX


def _late(record: Approval) -> str:
    words = {"terminal": "answered at the agent's own terminal", "cancelled": "withdrawn by the agent"}
    how = words.get(record.state, record.state)
    return f"Already {how}" + (f" by {record.by}" if record.by and record.state != "terminal" else "")
