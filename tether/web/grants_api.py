"""GET /api/v1/grants: everything that agents may do without asking. What was allowed for a session is undone by the
decision "undo" on its approval; the rest stands in files of its owner."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tether import agentgrants, masking, policy
from tether.clock import now_us
from tether.errors import TetherError
from tether.store.reader import LogUnavailable
from tether.web import permits
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query
from tether.web.busside import BusSide
from tether.web.lookup import credential_of, side_of
from tether.wire.agents import Approval
from tether.wire.views import ENDED, SessionView

_RULES_BYTES_MAX = 1 << 20


async def list_grants(request: Request) -> Response:
    """GET /api/v1/grants: `grants` for sessions that live, `rules` that allow, and what the `agents`' own settings
    allow."""
    check_query(request)
    side, credential = side_of(request), credential_of(request.scope)
    views = [one for one in side.sessions() if one.state not in ENDED and permits.visible(credential, one)]
    try:
        standing = [
            _session_grant(record, view, side)
            for view in views
            if view.activity is not None
            for record in side.reader.approvals(sid=view.sid, limit=10_000)
            if record.state == "allowed" and record.scope == "session"
        ]
    except LogUnavailable:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status") from None
    return answer(grants=standing, **await asyncio.to_thread(_of_files, side, views))


def _session_grant(record: Approval, view: SessionView, side: BusSide) -> dict[str, Any]:
    shown = record if side.mask is None else masking.approval_masked(record, side.mask)
    return {
        "id": record.id, "session": view.id, "session_title": view.title, "agent": record.provider,
        "kind": record.kind, "what": shown.title, "by": record.by, "since": record.decided,
    }  # fmt: skip


def _of_files(side: BusSide, views: list[SessionView]) -> dict[str, Any]:
    def text(words: str) -> str:
        return words if side.mask is None else side.mask.text(words)

    agents = sorted({view.provider for view in views} | {"claude", "codex", "opencode"})
    own = agentgrants.listed(agents, [view.cwd for view in views], os.environ, Path.home())
    rows = [
        {"agent": one.agent, "what": text(one.what), "file": one.file, "line": one.line, "everywhere": one.everywhere}
        for one in own
    ]
    rules, problem = _rules(side.paths.policy)
    return {"rules": rules, "rules_file": str(side.paths.policy), "rules_problem": problem, "agents": rows}


def _rules(file: Path) -> tuple[list[dict[str, Any]], str]:
    """The rules of the owner's that allow something, and what is wrong with their file."""
    try:
        status = file.stat()
        if not file.is_file() or status.st_size > _RULES_BYTES_MAX:
            return [], f"{file} is no rule file"
        found = policy.load(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        return [], ""
    except (TetherError, OSError, ValueError) as error:
        return [], str(error)
    now = now_us()
    return [
        {
            "name": rule.name, "agent": rule.agent, "about": [*rule.command, *rule.path, *rule.tool],
            "since": int(status.st_mtime * 1e6), "expires": rule.expires.isoformat() if rule.expires else "",
        }
        for rule in found.rules
        if rule.decision == "allow" and not policy.expired(rule, now)
    ], ""  # fmt: skip
