"""What codex's server asks of its clients: as facts, and how each answer is said. Pure.

Every client of the server is asked, and the first answer counts. What may be answered from elsewhere is a command, a
change of files, a tool of an MCP server, and a question; anything else is left to codex's own terminal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from tether.adapters import diffs
from tether.adapters.facts import Asked, Decision, Option, Question

COMMAND: Final = "item/commandExecution/requestApproval"
EDIT: Final = "item/fileChange/requestApproval"
ELICITATION: Final = "mcpServer/elicitation/request"
QUESTION: Final = "item/tool/requestUserInput"
# Asked of every client too, but nobody has tried to answer it from elsewhere.
TERMINAL_ONLY: Final = frozenset({"item/permissions/requestApproval"})

_OPTIONS: Final = (Option("once", "Allow once"), Option("deny", "Deny"))


@dataclass
class Request:
    """One open request: `id` is what its answer names, `item` what it is about. `answered` when we have answered."""

    key: str
    id: int | str
    method: str
    params: dict[str, Any]
    answered: bool = False
    questions: dict[str, str] = field(default_factory=dict)  # a question's text -> its id

    @property
    def thread(self) -> str:
        return str(self.params.get("threadId", ""))

    @property
    def turn(self) -> str:
        return str(self.params.get("turnId") or "")

    @property
    def item(self) -> str:
        return str(self.params.get("itemId", ""))


def key_of(method: str, number: int | str, params: dict[str, Any]) -> str:
    """The same for a request that is told again, by this server."""
    item = params.get("itemId")
    if not item:
        return f"{params.get('threadId', '')}:{method}:{number}"
    again = params.get("approvalId")
    return f"{params.get('turnId', '')}:{item}" + (f":{again}" if again else "")


def fact_of(request: Request, item: dict[str, Any], cwd: str) -> Asked | None:
    """What is asked; `item` is what the server said before of what it is about. None: only codex's terminal can
    answer it."""
    match request.method:
        case "item/commandExecution/requestApproval":
            return _command(request)
        case "item/fileChange/requestApproval":
            return _edit(request, item, cwd)
        case "mcpServer/elicitation/request":
            return _tool(request)
        case "item/tool/requestUserInput":
            return _question(request)
    return None


def result_of(request: Request, decision: Decision) -> dict[str, Any]:
    """The answer's `result`."""
    match request.method:
        case "item/tool/requestUserInput":
            answers = {
                request.questions[text]: {"answers": [answer]}
                for text, answer in decision.answers.items()
                if text in request.questions
            }
            return {"answers": answers if decision.decision == "answer" else {}}
        case "mcpServer/elicitation/request":
            if decision.decision == "allow":
                return {"action": "accept", "content": {}}
            return {"action": "decline", "content": None}
    return {"decision": _word(request, decision)}


def ends_turn(request: Request, decision: Decision) -> bool:
    """Whether the answer makes codex leave off, so that a reason has to be a prompt of its own."""
    return request.method in (COMMAND, EDIT) and _word(request, decision) == "cancel"


def _word(request: Request, decision: Decision) -> str:
    offered = _offered(request)
    if decision.decision != "deny":
        return "accept"
    return "decline" if "decline" in offered else "cancel"


def _offered(request: Request) -> list[str]:
    """The decisions that this request may be answered with; those with conditions of their own are left out."""
    named = request.params.get("availableDecisions")
    if not isinstance(named, list):
        return ["accept", "decline", "cancel"]
    return [one for one in named if isinstance(one, str)]


def _command(request: Request) -> Asked:
    params = request.params
    exact = str(params.get("command") or "")
    actions = params.get("commandActions")
    plain = str(actions[0].get("command", "")) if isinstance(actions, list) and len(actions) == 1 else ""
    network = params.get("networkApprovalContext")
    detail = f"In {params['cwd']}" if params.get("cwd") else ""
    if network:
        detail += f". It wants the network: {json.dumps(network)[:200]}"
    if "decline" not in _offered(request):
        detail += (". " if detail else "") + "A denial ends codex's turn"
    return Asked(
        request.key, "command", plain or exact, str(params.get("reason") or ""), exact.encode(),
        options=_OPTIONS, detail=detail,
    )  # fmt: skip


def _edit(request: Request, item: dict[str, Any], cwd: str) -> Asked:
    changes = [one for one in item.get("changes") or [] if isinstance(one, dict)]
    diff = "".join(_change(one, cwd) for one in changes)
    paths = [diffs.inside(str(one.get("path", "")), cwd) for one in changes]
    title = f"Change {', '.join(paths[:3])}" + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    grant = request.params.get("grantRoot")
    return Asked(
        request.key, "edit", title if paths else "Change files", str(request.params.get("reason") or ""), diff.encode(),
        diff, _OPTIONS, f"It would allow writing under {grant} for the session" if grant else "",
    )  # fmt: skip


def _change(change: dict[str, Any], cwd: str) -> str:
    path = diffs.inside(str(change.get("path", "")), cwd)
    kind = change.get("kind") or {}
    text = str(change.get("diff", ""))
    if kind.get("type") == "add":
        return diffs.added(path, text)
    if kind.get("type") == "delete":
        return diffs.deleted(path, text)
    return diffs.changed(path, text, diffs.inside(str(kind.get("move_path") or ""), cwd))


def _tool(request: Request) -> Asked | None:
    meta = request.params.get("_meta") or {}
    if meta.get("codex_approval_kind") != "mcp_tool_call":
        return None
    server = str(request.params.get("serverName", ""))
    tool = str(meta.get("tool_name") or meta.get("tool") or meta.get("toolName") or "a tool")
    wanted = meta.get("tool_params") or meta.get("arguments") or meta.get("params") or {}
    exact = json.dumps({"server": server, "tool": tool, "arguments": wanted}, sort_keys=True)
    return Asked(
        request.key, "tool", f"{server}: {tool}", str(request.params.get("message", "")), exact.encode(),
        options=_OPTIONS,
    )  # fmt: skip


def _question(request: Request) -> Asked | None:
    found: list[Question] = []
    for one in request.params.get("questions") or []:
        if one.get("isSecret"):
            return None  # what is secret is typed at the terminal
        text = str(one.get("question", ""))
        request.questions[text] = str(one.get("id", ""))
        options = tuple(Option(str(o.get("label")), str(o.get("label"))) for o in one.get("options") or [])
        found.append(Question(text, str(one.get("header", "")), options))
    if not found:
        return None
    exact = json.dumps(request.params.get("questions"), sort_keys=True).encode()
    return Asked(request.key, "question", found[0].text, "", exact, questions=tuple(found))
