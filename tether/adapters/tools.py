"""Tether's own tools for agents: what a model is told of them, what it may give them, and what it is answered. Pure.

An agent may ask its person, report, and read what `permits` lets it. It decides nothing, types nothing, starts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import msgspec

from tether.adapters import facts
from tether.wire.agents import Approval
from tether.wire.views import SessionView

PREFIX: Final = "mcp:"
"""Keys of what is asked by a tool, not by the agent's own side channel, begin so."""
NAMES: Final = ("ask_human", "report_status", "list_sessions", "read_session")
INSTRUCTIONS: Final = (
    "You run in a session of Tether, whose person may be far from this terminal. Ask with ask_human when you need a"
    " decision or a fact that only they have: it reaches their phone and waits for the answer. Tell where you are with"
    " report_status at the milestones of long work."
)
READ_CHARS_MAX: Final = 20_000

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=8_000)]
_Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class AskHuman(msgspec.Struct, frozen=True):
    """Arguments of ask_human."""

    question: _Text
    options: Annotated[list[_Label], msgspec.Meta(max_length=12)] = []
    context: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    multiple: bool = False


class ReportStatus(msgspec.Struct, frozen=True):
    """Arguments of report_status."""

    status: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class ListSessions(msgspec.Struct, frozen=True):
    """list_sessions has none."""


class ReadSession(msgspec.Struct, frozen=True):
    """Arguments of read_session."""

    session: Annotated[str, msgspec.Meta(max_length=100)] = ""
    what: Literal["transcript", "screen"] = "transcript"


Arguments = AskHuman | ReportStatus | ListSessions | ReadSession
_TYPES: Final[dict[str, type[Arguments]]] = {
    "ask_human": AskHuman, "report_status": ReportStatus, "list_sessions": ListSessions, "read_session": ReadSession,
}  # fmt: skip
Reach = Literal["off", "own", "all"]


class Misuse(Exception):
    """The arguments do not fit; its text says why, for the model."""


def arguments(name: str, given: dict[str, Any]) -> Arguments:
    """What the tool `name` is given. Misuse when it does not fit."""
    try:
        return msgspec.convert(given, _TYPES[name])
    except msgspec.ValidationError as error:
        raise Misuse(f"{name}: {error}") from None


def question(key: str, given: AskHuman) -> facts.Asked:
    """What a person is asked."""
    options = tuple(facts.Option(label, label) for label in dict.fromkeys(given.options))
    asked = facts.Question(given.question, "", options, given.multiple)
    exact = json.dumps(msgspec.to_builtins(given), ensure_ascii=False, sort_keys=True).encode()
    title = " ".join(given.question.split())[:120]
    return facts.Asked(
        key, "question", title, given.context, exact, options=(facts.Option("deny", "No answer"),), questions=(asked,)
    )


def outcome(record: Approval) -> tuple[str, bool]:
    """What became of a question, for the model, and whether it is a failure of the call."""
    because = f": {record.reason}" if record.reason else ""
    match record.state:
        case "answered":
            return ", ".join(record.answers.values()), False
        case "denied":
            return f"The person does not answer this{because}. Go on without, or stop and say what you need.", False
        case "expired":
            return "Nobody has answered for a day. Go on without, or stop and say what you need.", True
    return f"The question is open no more ({record.state}){because}", True


def permits(reach: Reach, own: bytes, view: SessionView, views: Iterable[SessionView]) -> bool:
    """Whether an agent in the session `own` may read `view`: its own session, those whose conversation it goes on with
    or that go on with its own, and with the reach `all` every one."""
    if reach == "all" or view.sid == own:
        return reach != "off"
    mine = next((one for one in views if one.sid == own), None)
    return reach == "own" and mine is not None and (view.parent == mine.id or mine.parent == view.id)


def listed(views: Iterable[SessionView]) -> str:
    """Sessions as a model reads them."""
    rows = [
        {
            "id": view.id,
            "title": view.title,
            "agent": view.provider,
            "state": view.state,
            "doing": view.activity.state if view.activity else "",
            "status": view.activity.said if view.activity else "",
            "directory": view.cwd,
        }
        for view in views
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def newest(text: str) -> str:
    """The end of a long text, from a line's beginning."""
    if len(text) <= READ_CHARS_MAX:
        return text
    return "… (older lines left out)\n" + text[-READ_CHARS_MAX:].partition("\n")[2]


def _tool(name: str, says: str, properties: dict[str, Any], required: list[str], *, reads: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    hints = {"readOnlyHint": reads, "destructiveHint": False, "idempotentHint": reads, "openWorldHint": False}
    return {"name": name, "description": says, "inputSchema": schema, "annotations": hints}


DESCRIPTIONS: Final[list[dict[str, Any]]] = [
    _tool(
        "ask_human",
        "Ask the person whom you work for, and wait for the answer, which may take hours. For decisions, preferences"
        " and facts that you can't find out yourself; not for leave to use a tool.",
        {
            "question": {"type": "string", "description": "One question, understood without this conversation."},
            "options": {"type": "array", "items": {"type": "string"}, "description": "Answers to choose from."},
            "context": {"type": "string", "description": "What has to be known to answer."},
            "multiple": {"type": "boolean", "description": "Whether several options may be chosen."},
        },
        ["question"],
        reads=False,
    ),
    _tool(
        "report_status",
        "Say in one line where the work is. It is shown beside the session until the next one.",
        {"status": {"type": "string", "description": "For example: tests pass, 3 of 7 modules are converted."}},
        ["status"],
        reads=False,
    ),
    _tool("list_sessions", "The sessions on this machine that you may read, and what they do.", {}, [], reads=True),
    _tool(
        "read_session",
        "Read a session: what was said and done in it, or what its screen shows. Credentials are hidden.",
        {
            "session": {"type": "string", "description": "An id of list_sessions; your own when it is left out."},
            "what": {"type": "string", "enum": ["transcript", "screen"]},
        },
        [],
        reads=True,
    ),
]
