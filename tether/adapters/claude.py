"""What Claude Code's hooks say, and how they are answered. Pure; `claude_channel` has the socket and the clock.

Measured: its own dialog stands while the hook waits, and the first answer counts. "No" at the terminal ends the
hook's process; "Yes" is told to nobody until the tool has ended, but the title turns to working at once. Esc, and an
interrupt, have no hook at all: the title turns to idle. A tool's permission has no id of its tool: the newest use of
the same tool with the same input that is not asked yet is the one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tether.adapters import edits
from tether.adapters.facts import (
    Asked,
    Conversation,
    Decision,
    Degraded,
    Effect,
    Fact,
    Kind,
    Option,
    Question,
    Settled,
    Spoke,
    StateFact,
    ToolUsed,
    Turn,
    Unknown,
)  # fmt: skip
from tether.wire.agents import Signalled

EVENTS: Final = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "PostToolUse", "PostToolUseFailure",
    "Notification", "Stop", "StopFailure", "SubagentStop", "PreCompact", "SessionEnd",
)  # fmt: skip
# Told when a while has gone by: see `Later`.
SETTLED: Final = "settled"
STARTUP: Final = "startup"
_EDITS: Final = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
_TITLE_CHARS: Final = 120
_USES_KEPT: Final = 64
# Measured: it goes back to the mode it planned from; the first answer of its own dialog is the one that accepts edits.
_PLAN_WARNING: Final = "When a plan is accepted, Claude may edit files without asking from then on: look at its mode."
_NO: Final = "Denied from Tether."


class ClaudeTranslator:
    """One session's. `read` gives a file's text, or None. A raw thing is (hook's name, event) of a hook, (hook's name,
    None) when a hook that waits is gone, a `Signalled`, or one of SETTLED and STARTUP."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read
        self._open: dict[str, dict[str, Any]] = {}  # hooks that wait, oldest first: name -> event
        self._uses: dict[str, dict[str, Any]] = {}  # uses of tools that have not ended: id -> event
        self._asked_for: dict[str, str] = {}  # tool use -> the hook that asked for it
        self._state = ""
        self._turn = ""
        self._conversation = ""
        self._title = ""

    @property
    def working(self) -> bool:
        """True when a title that says idle would be news."""
        return self._state == "working"

    def take(self, raw: Any, now: int) -> list[Fact]:
        """The facts in one thing that was read."""
        if isinstance(raw, Signalled):
            return self._signal(raw)
        if isinstance(raw, str):
            return self._later(raw)
        name, event = raw
        if event is None:
            return self._gone(name)
        if not isinstance(event, dict) or not isinstance(event.get("hook_event_name"), str):
            return [Unknown("an event without a name")]
        kind = event["hook_event_name"]
        rule = getattr(self, f"_on_{kind.lower()}", None) if kind in EVENTS else None
        if rule is None:
            return [Unknown(f"event {kind}")]
        self._turn = _text(event.get("prompt_id")) or self._turn
        made: list[Fact] = self._conversation_of(event)
        try:
            made += rule(name, event)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            made.append(Unknown(f"event {kind} of another shape: {type(error).__name__}"))
            made.append(Degraded(f"its hooks say {kind} in another shape than is known here"))
        return made

    def answer(self, key: str, decision: Decision) -> dict[str, Any] | None:
        """What the hook prints; None when it does not wait any more."""
        event = self._open.pop(key, None)
        if event is None:
            return None
        self._state = "working"
        tool_input = event.get("tool_input") or {}
        chosen: dict[str, Any]
        if decision.decision == "deny":
            chosen = {"behavior": "deny", "message": decision.reason or _NO}
        elif decision.decision == "answer":
            chosen = {"behavior": "allow", "updatedInput": {**tool_input, "answers": decision.answers}}
        else:
            chosen = {"behavior": "allow"}
        return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": chosen}}

    # -- hooks

    def _conversation_of(self, event: dict[str, Any]) -> list[Fact]:
        found = _text(event.get("session_id"))
        if not found or found == self._conversation:
            return []
        self._conversation = found
        return [Conversation(found, _text(event.get("transcript_path")))]

    def _on_sessionstart(self, name: str, event: dict[str, Any]) -> list[Fact]:
        return self._is("idle", f"It is ready ({_text(event.get('source')) or 'startup'})")

    def _on_userpromptsubmit(self, name: str, event: dict[str, Any]) -> list[Fact]:
        made: list[Fact] = [Turn(self._turn, "began", _text(event.get("prompt")))]
        return made + self._is("working", "It was given a prompt")

    def _on_pretooluse(self, name: str, event: dict[str, Any]) -> list[Fact]:
        use = _text(event.get("tool_use_id"))
        self._uses[use] = event
        for old in list(self._uses)[: max(0, len(self._uses) - _USES_KEPT)]:
            del self._uses[old]
        tool = _text(event.get("tool_name"))
        made: list[Fact] = [ToolUsed(use, tool, "began", _summary(event), self._turn, 0, _files(event))]
        return made if self._open else made + self._is("working", f"It uses {tool}")

    def _on_permissionrequest(self, name: str, event: dict[str, Any]) -> list[Fact]:
        if not _text(event.get("tool_name")) or not isinstance(event.get("tool_input"), dict):
            raise ValueError("a question about nothing")
        again = name in self._open
        self._open[name] = event
        for use, started in reversed(self._uses.items()):
            same = all(started.get(field) == event.get(field) for field in ("tool_name", "tool_input"))
            if same and use not in self._asked_for:
                if not again:
                    self._asked_for[use] = name
                break
        self._state = "waiting"
        return [self._question(name, event)]

    def _question(self, name: str, event: dict[str, Any]) -> Asked:
        tool, given = _text(event.get("tool_name")), event.get("tool_input") or {}
        intent = _text(given.get("description"))
        offered: tuple[Option, ...] = (Option("allow", "Allow once"), Option("deny", "Deny"))
        exact = json.dumps(given, indent=2, ensure_ascii=False, sort_keys=True).encode()
        if tool == "AskUserQuestion":
            questions = tuple(_question(one) for one in given.get("questions") or [] if isinstance(one, dict))
            title = questions[0].text if questions else "It has a question"
            return Asked(name, "question", _line(title), intent, exact, questions=questions, options=offered[-1:])
        if tool == "ExitPlanMode":
            plan = _text(given.get("plan"))
            return Asked(
                name, "plan", "It has a plan", intent, plan.encode() or exact, options=offered, detail=_PLAN_WARNING
            )
        if tool == "Bash":
            command = _text(given.get("command"))
            return Asked(name, "command", _line(command), intent, command.encode(), options=offered)
        if tool in _EDITS:
            path, diff = edits.proposed(tool, given, self._read)
            return Asked(name, "edit", _line(f"{tool} {path}"), intent, exact, diff, offered)
        kind: Kind = "tool"
        return Asked(name, kind, _line(f"{tool} {_summary(event)}"), intent, exact, options=offered)

    def _on_posttooluse(self, name: str, event: dict[str, Any]) -> list[Fact]:
        return self._tool_ended(event, "ended")

    def _on_posttoolusefailure(self, name: str, event: dict[str, Any]) -> list[Fact]:
        return self._tool_ended(event, "failed")

    def _tool_ended(self, event: dict[str, Any], phase: Any) -> list[Fact]:
        use, tool = _text(event.get("tool_use_id")), _text(event.get("tool_name"))
        self._uses.pop(use, None)
        took = event.get("duration_ms")
        duration = int(took) if isinstance(took, int | float) else 0
        made: list[Fact] = []
        asked = self._asked_for.pop(use, "")
        if asked:
            if self._open.pop(asked, None) is not None:
                made.append(Settled(asked, "terminal", detail="It was allowed at the agent's own terminal"))
            made.append(Effect(asked, "done" if phase == "ended" else "failed"))
        made.append(ToolUsed(use, tool, phase, _summary(event), self._turn, duration, _files(event)))
        return made if self._open else made + self._is("working", f"It has used {tool}")

    def _on_notification(self, name: str, event: dict[str, Any]) -> list[Fact]:
        # Comes 6 s after a dialog that was told of already, or 60 s after a turn: no news.
        return []

    def _on_stop(self, name: str, event: dict[str, Any]) -> list[Fact]:
        made = self._close_all("cancelled")
        text = _text(event.get("last_assistant_message"))
        if text:
            made.append(Spoke(text, self._turn))
        made.append(Turn(self._turn, "ended"))
        return made + self._is("done", "Its turn is over")

    def _on_stopfailure(self, name: str, event: dict[str, Any]) -> list[Fact]:
        why = _text(event.get("error")) or "its model did not answer"
        made = self._close_all("cancelled")
        made.append(Turn(self._turn, "failed", detail=_line(why)))
        return made + self._is("error", f"Its turn failed: {_line(why)}")

    def _on_subagentstop(self, name: str, event: dict[str, Any]) -> list[Fact]:
        return []

    def _on_precompact(self, name: str, event: dict[str, Any]) -> list[Fact]:
        return self._is("working", "It makes its conversation shorter")

    def _on_sessionend(self, name: str, event: dict[str, Any]) -> list[Fact]:
        return self._close_all("cancelled") + self._is("done", "It ends")

    # -- what hooks don't say

    def _gone(self, name: str) -> list[Fact]:
        """A hook that waited was ended: its dialog was answered with no, or left."""
        event = self._open.pop(name, None)
        if event is None:
            return []
        made: list[Fact] = [
            Settled(name, "terminal", detail="It was refused or left at the agent's own terminal"),
            Effect(name, "refused"),
        ]
        return made if self._open else made + self._is("working", "Its question was answered at its terminal")

    def _signal(self, signal: Signalled) -> list[Fact]:
        if signal.kind != "title" or not signal.state:
            return []
        self._title = signal.state
        if signal.state != "working":
            return []
        made: list[Fact] = []
        if self._open:
            # The dialog that stands is the oldest; the others come behind it.
            oldest = next(iter(self._open))
            del self._open[oldest]
            made.append(Settled(oldest, "terminal", detail="It was allowed at the agent's own terminal"))
        return made if self._open else made + self._is("working", f"Its title says so: {signal.text}", "title")

    def _later(self, what: str) -> list[Fact]:
        if what == STARTUP and not self._state and self._title != "working":
            why = "It shows something before it starts (trust, login): look at its terminal"
            return [StateFact("waiting", why, "process", "terminal")]
        if what == SETTLED and self._title != "working" and self._state == "working":
            made: list[Fact] = [Turn(self._turn, "interrupted")] if self._turn else []
            self._uses.clear()
            return made + self._is(
                "idle", "Its title says that it left off, and no hook said why: interrupted", "title"
            )
        return []

    def _close_all(self, outcome: Any) -> list[Fact]:
        left, self._open = list(self._open), {}
        self._uses.clear()
        return [Settled(name, outcome, detail="The agent withdrew it") for name in left]

    def _is(self, state: Any, why: str, source: str = "hook") -> list[Fact]:
        self._state = state
        return [StateFact(state, why, source)]


def _question(given: dict[str, Any]) -> Question:
    labels = [_text(one.get("label")) for one in given.get("options") or [] if isinstance(one, dict)]
    options = tuple(Option(label, label) for label in labels if label)
    return Question(_text(given.get("question")), _text(given.get("header")), options, bool(given.get("multiSelect")))


def _summary(event: dict[str, Any]) -> str:
    given = event.get("tool_input")
    if not isinstance(given, dict):
        return ""
    for name in ("command", "file_path", "notebook_path", "path", "pattern", "url", "query", "description", "prompt"):
        if _text(given.get(name)):
            return _line(_text(given[name]))
    return ""


def _files(event: dict[str, Any]) -> tuple[str, ...]:
    given = event.get("tool_input")
    path = _text(given.get("file_path") or given.get("notebook_path")) if isinstance(given, dict) else ""
    return (path,) if path and _text(event.get("tool_name")) in _EDITS else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _line(text: str) -> str:
    first = text.strip().split("\n", 1)[0]
    shown = "".join(c for c in first if c.isprintable())
    return shown if len(shown) <= _TITLE_CHARS else shown[: _TITLE_CHARS - 1] + "…"
