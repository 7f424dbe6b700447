"""What an agent's events make of its session and of what it asked: folds of worker, store and adapters. Pure.

Events of an approval say the same when they are said twice: the first `asked` makes the record, the first `settled`
decides it, later ones may only tell what the agent made of it.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from tether.wire.agents import Active, Approval, Asked, Part, Settled, Told
from tether.wire.views import SessionView

PENDING: Final = "pending"
# Of one session: an agent that asks without end is not to fill the session's record.
PENDING_MAX: Final = 256
# The scope of a decision for the session that no longer stands.
UNDONE: Final = "undone"
FINAL: Final = frozenset({"allowed", "denied", "answered", "terminal", "cancelled", "expired", "unknown"})


def after(view: SessionView, event: Any) -> SessionView:
    """The session's record after one of its agent's events; `view` itself when it changes nothing in it."""
    match event:
        case Active():
            return replace(view, activity=replace(event.activity, since=event.activity.since or event.ts))
        case Asked() if event.approval.id not in view.approvals and len(view.approvals) < PENDING_MAX:
            return replace(view, approvals=[*view.approvals, event.approval.id])
        case Settled() if event.id in view.approvals:
            return replace(view, approvals=[one for one in view.approvals if one != event.id])
        case Told(kind="conversation"):
            return replace(view, conversation=event.key)
        case Told(kind="usage") if "session_cost_usd" in event.facts:
            return replace(view, cost_usd=event.facts["session_cost_usd"])
        case _:
            return view


def part(record: Approval | None, event: Part, sid: bytes) -> Approval | None:
    """The record that a Part begins or adds to; None when it is asked already and nothing is to change."""
    if record is None:
        return Approval(event.id, "", "", "", "", state="", sid=sid, parts=[event.seq])
    return replace(record, parts=[*record.parts, event.seq]) if not record.state else None


def asked(record: Approval | None, event: Asked, sid: bytes) -> Approval | None:
    """The record of what is asked, with the parts that came before; None when it is known."""
    if record is not None and record.state:
        return None
    parts = record.parts if record is not None else []
    return replace(event.approval, state=PENDING, parts=parts, sid=sid, created=event.approval.created or event.ts)


def settled(record: Approval, event: Settled) -> Approval | None:
    """The record after a Settled; None when that changes nothing. One that was decided may still be told the effect,
    and that what was allowed for the session is so no more."""
    if record.state == PENDING:
        return replace(
            record, state=event.state, by=event.by, decided=event.ts, reason=event.reason, scope=event.scope,
            effect=event.effect, answers=event.answers, rule=event.rule,
        )  # fmt: skip
    if record.state in FINAL and event.scope == UNDONE != record.scope:
        return replace(record, scope=UNDONE)
    if record.state in FINAL and event.effect and event.effect != record.effect:
        return replace(record, effect=event.effect)
    return None


def ended(record: Approval, ts: int) -> Approval:
    """What is pending when its session ends will not be decided any more."""
    return replace(record, state="cancelled", decided=ts, reason="the session ended")


def whole(record: Approval, parts: list[Part]) -> Approval:
    """The record with the pieces that stood in events of their own."""
    exact = b"".join(one.data for one in parts if one.field == "exact")
    diff = b"".join(one.data for one in parts if one.field == "diff")
    text = record.diff if not diff else (diff + record.diff.encode()).decode("utf-8", "replace")
    return replace(record, exact=exact + record.exact, diff=text)
