"""The JSON API of what agents ask: what is pending, one of them whole, the decision, a prompt; and what has changed.

Who may see a session sees what it asks. Who may decide has the scope approve; a program inside a session never does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tether import masking
from tether.bus.uplink import BrokerAway
from tether.store.reader import LogUnavailable
from tether.web import permits
from tether.web.answers import ApiError, answer, session_json
from tether.web.bodies import check_query, query_int, read_json
from tether.web.busside import BusSide
from tether.web.lookup import base_of, credential_of, resolve, side_of
from tether.wire.agents import Approval, Decide, Decided, Interrupt, Prompt
from tether.wire.control import Refused
from tether.wire.plain import record as plain_record
from tether.wire.views import ENDED, SessionView

_LIST_MAX: Final = 500
_TEXT_CHARS_MAX: Final = 32_000
_LOG_WAIT_S: Final = 0.5
_FEED_WAIT_MAX_S: Final = 25
_REFUSED: Final = {"not-found": 404, "ended": 409, "not-ready": 503, "busy": 409, "own-session": 403, "scope": 403}


class DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST .../decision."""

    decision: Literal["allow", "deny", "answer", "undo"]
    scope: Literal["once", "session"] = "once"
    reason: str = ""
    answers: dict[str, str] = {}
    sha256: str = ""


class PromptBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST .../prompt."""

    text: str


async def list_approvals(request: Request) -> Response:
    """GET /api/v1/approvals?all=: what is pending, oldest first; with `all=1` what was decided too, newest first."""
    check_query(request, "all", "state")
    wanted = request.query_params.get("state", "pending")
    if wanted not in ("pending", "all"):
        raise ApiError(422, "query", "state is pending or all", field="state")
    every = wanted == "all" or query_int(request, "all", 0, 0, 1) == 1
    side = side_of(request)
    await _log_has(side, _pending(side))
    await _log_settles(side, lambda: side.reader.approvals(pending=True, limit=_LIST_MAX))
    records = _read(side, pending=not every)
    seen = {view.sid: view for view in side.sessions() if permits.visible(credential_of(request.scope), view)}
    shown = [_shown(side, record, seen[record.sid]) for record in records if record.sid in seen]
    return answer(approvals=shown)


async def get_approval(request: Request) -> Response:
    """GET /api/v1/approvals/{id}: one of them, whole."""
    check_query(request)
    side, id = side_of(request), request.path_params["id"]
    await _log_has(side, {id} & _pending(side))
    await _log_settles(side, lambda: side.reader.approval(id[:64]))
    record, view = _one(request)
    return answer(approval=_shown(side_of(request), record, view))


async def decide(request: Request) -> Response:
    """POST /api/v1/approvals/{id}/decision: 200 when it counts, 409 with state and who decided when another did."""
    check_query(request)
    body = await read_json(request, DecisionBody)
    record, view = _one(request)
    credential = credential_of(request.scope)
    if credential.inside:
        side_of(request).telling.denied(credential, view.id, "own-session", "a decision")
        raise ApiError(403, "own-session", "A program inside a session decides nothing", "Decide outside of it")
    order = Decide(
        0, os.urandom(16), record.id, body.decision, body.scope, body.reason[:_TEXT_CHARS_MAX], body.answers,
        body.sha256, credential.name or credential.via,
    )  # fmt: skip
    found = await _ask(side_of(request), view, order)
    if not isinstance(found, Decided):
        raise ApiError(503, "not-ready", "The gateway did not say what became of it", "Look again")
    if not found.won:
        code = "decided" if found.state != "pending" else "refused"
        why = {"code": code, "message": found.message, "hint": "Look again"}
        return answer(409, state=found.state, by=found.by, error=why)
    await _log_tells(side_of(request), record, body.decision)
    return answer(state=found.state, by=found.by)


async def prompt(request: Request) -> Response:
    """POST /api/v1/sessions/{id}/prompt: give the agent a prompt; 409 while it asks something."""
    check_query(request)
    body = await read_json(request, PromptBody)
    if not body.text.strip() or len(body.text) > _TEXT_CHARS_MAX:
        raise ApiError(422, "field", f"text has 1 to {_TEXT_CHARS_MAX} characters", field="text")
    return await _say(request, lambda by: Prompt(0, os.urandom(16), body.text, by))


async def interrupt(request: Request) -> Response:
    """POST /api/v1/sessions/{id}/interrupt: have the agent leave off what it does."""
    check_query(request)
    return await _say(request, lambda by: Interrupt(0, os.urandom(16), by))


async def feed(request: Request) -> Response:
    """GET /api/v1/feed?after=&wait=: the sessions that changed since `after` (0: all that live), as soon as there are
    any or after `wait` seconds; `next` is where to go on, `pending` every approval that waits."""
    check_query(request, "after", "wait")
    after = query_int(request, "after", 0, 0, (1 << 53) - 1)
    wait = query_int(request, "wait", 0, 0, _FEED_WAIT_MAX_S)
    side = side_of(request)
    changes = side.changes
    if wait:
        await changes.wait(after, wait)
    credential = credential_of(request.scope)
    newest, sids = changes.since(after)
    views = [view for view in side.sessions() if permits.visible(credential, view)]
    changed = [view for view in views if (view.state not in ENDED if sids is None else view.sid in sids)]
    base, seen = base_of(request), side.seen.of(credential)
    pending = [name for view in views if view.state not in ENDED for name in view.approvals]
    return answer(
        next=newest,
        whole=sids is None,
        sessions=[session_json(view, base, side.mask, seen) for view in changed],
        pending=pending,
    )


async def _say(request: Request, make: Any) -> Response:
    view = await resolve(request, request.path_params["id"])
    credential = credential_of(request.scope)
    problem = permits.refused_writing(credential, view.sid)
    if problem is not None:
        side_of(request).telling.denied(credential, view.id, problem[0], "a prompt")
        raise ApiError(403, *problem)
    await _ask(side_of(request), view, make(credential.name or credential.via))
    return answer(id=view.id)


async def _ask(side: BusSide, view: SessionView, order: Any) -> Any:
    try:
        found = await side.uplink.ask(view.sid, order)
    except (BrokerAway, asyncio.CancelledError):
        raise ApiError(503, "not-ready", "The gateway's broker is away", "Look at it with: tether status") from None
    if isinstance(found, Refused):
        raise ApiError(_REFUSED.get(found.code, 409), found.code, found.message, found.hint)
    return found


def _pending(side: BusSide) -> set[str]:
    return {name for view in side.mirror.views.values() if view.state not in ENDED for name in view.approvals}


async def _log_has(side: BusSide, names: set[str]) -> None:
    """Wait a moment for the log to have what the broker tells of already: news is faster than a disk."""

    def missing() -> bool:
        try:
            return not all(side.reader.approval(name) for name in names)
        except LogUnavailable:
            return False

    sids = [view.sid for view in side.mirror.views.values() if names.intersection(view.approvals)]
    await side.log_grows(sids, missing, _LOG_WAIT_S)


async def _log_tells(side: BusSide, decided: Approval, decision: str) -> None:
    """As `_log_has`, for a decision that counted: who asks next reads what became of it."""

    def missing() -> bool:
        try:
            found = side.reader.approval(decided.id)
        except LogUnavailable:
            return False
        return any(one.scope != "undone" if decision == "undo" else one.state == "pending" for one in found)

    await side.log_grows([decided.sid], missing, _LOG_WAIT_S)


async def _log_settles(side: BusSide, read: Callable[[], list[Approval]]) -> None:
    """As `_log_has`, for what the broker no longer tells of: the log still calls it pending for a moment."""
    live = {view.sid for view in side.mirror.views.values() if view.state not in ENDED}

    def behind() -> bool:
        try:
            found = read()
        except LogUnavailable:
            return False
        return any(one.state == "pending" and one.sid in live and one.id not in _pending(side) for one in found)

    await side.log_grows(live, behind, _LOG_WAIT_S)


def _one(request: Request) -> tuple[Approval, SessionView]:
    side = side_of(request)
    try:
        found = side.reader.approval(request.path_params["id"][:64])
    except LogUnavailable:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status") from None
    credential = credential_of(request.scope)
    seen = [(one, view) for one in found if (view := side.view(one.sid)) and permits.visible(credential, view)]
    if not seen:
        raise ApiError(404, "not-found", "There is no such approval", "List them: GET /api/v1/approvals?state=all")
    if len(seen) > 1:
        raise ApiError(409, "ambiguous", f"{len(seen)} approvals begin with that id", "Use more of it")
    return seen[0]


def _read(side: BusSide, *, pending: bool) -> list[Approval]:
    try:
        return side.reader.approvals(pending=pending, limit=_LIST_MAX)
    except LogUnavailable:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status") from None


def _shown(side: BusSide, record: Approval, view: SessionView) -> dict[str, Any]:
    """What is secret in it hidden at the same length; its digest is of what would be run."""
    shown = record if side.mask is None else masking.approval_masked(record, side.mask)
    return {**plain_record(shown), "session_title": view.title, "cwd": view.cwd}
