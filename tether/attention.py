"""Whether a session needs a person, and what for: the one definition of it. Pure.

The command, the web client, its badge and later push ask here. The browser's twin is web/src/fleet/attention.ts;
both are tested against tests/data/attention.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tether.wire.views import SessionView

# What an agent may wait for; anything else that it waits for is seen at its terminal.
_WAITS: Final = frozenset({"approval", "question", "plan", "terminal"})


def needs_attention(row: Mapping[str, Any]) -> str | None:
    """The reason, or None. `row` is a session as the API lists it: `state`, `activity` (or null) and `approvals`.

    Reasons, the most urgent first: approval, question, plan, terminal, error, lost, unresponsive. A session that has
    ended needs nobody, but for one that was lost: nobody meant that. A turn that is over is no reason: it can wait.
    """
    state = row.get("state")
    if state == "lost":
        return "lost"
    if state in ("exited", "stopped"):
        return None
    activity = row.get("activity") or {}
    doing, detail = activity.get("state"), activity.get("detail")
    if row.get("approvals"):
        return detail if doing == "waiting" and detail in ("question", "plan") else "approval"
    if doing == "waiting":
        return detail if detail in _WAITS else "terminal"
    if doing == "error":
        return "error"
    return "unresponsive" if state == "unresponsive" else None


def of_view(view: SessionView) -> str | None:
    """The same for a session as the gateway's processes know it."""
    activity = {"state": view.activity.state, "detail": view.activity.detail} if view.activity is not None else None
    return needs_attention({"state": view.state, "activity": activity, "approvals": view.approvals})
