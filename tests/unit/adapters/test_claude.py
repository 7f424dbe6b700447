"""Claude Code's hooks, as it sends them, and what the translator makes of them; of another shape too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.adapters import claude, facts
from tether.adapters.claude import SETTLED, STARTUP, ClaudeTranslator
from tether.adapters.facts import Asked, Decision, Effect, Fact, Settled, StateFact, ToolUsed, Turn
from tether.wire.agents import Signalled

BASE = {"session_id": "c0ffee", "transcript_path": "/t.jsonl", "cwd": "/w", "prompt_id": "p1"}
WORKING, IDLE = Signalled("title", "⠂ name", "working"), Signalled("title", "✳ name", "idle")
SUGGESTED = [{"type": "setMode", "mode": "acceptEdits", "destination": "session"}]
RECORDED = Path(__file__).parents[2] / "data/adapters/claude-2.1.197.jsonl"


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {**BASE, "hook_event_name": kind, **more}


def bash(kind: str, command: str = "ls", use: str = "toolu_1", **more: Any) -> dict[str, Any]:
    given = {"command": command, "description": "List files"}
    if kind != "PermissionRequest":
        more["tool_use_id"] = use
    return event(kind, tool_name="Bash", tool_input=given, **more)


class Session:
    """A translator, and what it said."""

    def __init__(self, files: dict[str, str] | None = None) -> None:
        self.translator = ClaudeTranslator((files or {}).get)
        self.said: list[Fact] = []

    def __call__(self, raw: Any) -> list[Fact]:
        made = self.translator.take(raw, 1)
        self.said += made
        return made

    def hook(self, kind: str, name: str = "h", **more: Any) -> list[Fact]:
        return self((name, event(kind, **more)))

    @property
    def state(self) -> str:
        states = [fact for fact in self.said if isinstance(fact, StateFact)]
        return states[-1].state if states else ""


def only(made: list[Fact], kind: type) -> Any:
    (found,) = [fact for fact in made if isinstance(fact, kind)]
    return found


def test_a_turn_from_prompt_to_end() -> None:
    session = Session()
    session.hook("SessionStart", source="startup")
    assert session.state == "idle"
    session.hook("UserPromptSubmit", prompt="do it")
    assert session.state == "working"
    session.hook("Stop", last_assistant_message="done it")
    assert session.state == "done"
    assert [fact.phase for fact in session.said if isinstance(fact, Turn)] == ["began", "ended"]
    assert only(session.said, facts.Spoke).text == "done it"
    assert only(session.said, facts.Conversation).id == "c0ffee"


def test_a_command_that_is_allowed_here() -> None:
    session = Session()
    session(("a", bash("PreToolUse")))
    asked = only(session(("b", bash("PermissionRequest", permission_suggestions=SUGGESTED))), Asked)
    assert (asked.key, asked.kind, asked.exact, asked.intent) == ("b", "command", b"ls", "List files")
    assert [option.id for option in asked.options] == ["allow", "deny"]
    out = session.translator.answer("b", Decision("allow"))
    assert out == {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": {"behavior": "allow"}}}
    assert session.translator.answer("b", Decision("allow")) is None
    made = session(("c", bash("PostToolUse", duration_ms=3)))
    assert only(made, Effect) == Effect("b", "done")
    assert only(made, ToolUsed).duration_ms == 3


def test_a_no_has_its_reason() -> None:
    session = Session()
    session(("b", bash("PermissionRequest")))
    out = session.translator.answer("b", Decision("deny", reason="not today"))
    assert out is not None
    assert out["hookSpecificOutput"]["decision"] == {"behavior": "deny", "message": "not today"}


def test_yes_at_the_terminal_is_told_by_the_title_and_confirmed_by_the_tool() -> None:
    session = Session()
    session(("a", bash("PreToolUse")))
    session(IDLE)
    session(("b", bash("PermissionRequest")))
    made = session(WORKING)
    assert only(made, Settled).outcome == "terminal"
    assert session.state == "working"
    assert only(session(("c", bash("PostToolUse"))), Effect) == Effect("b", "done")


def test_a_title_from_before_the_question_answers_nothing() -> None:
    session = Session()
    session(WORKING)
    session(("b", bash("PermissionRequest")))
    assert session(IDLE) == []
    assert not [fact for fact in session.said if isinstance(fact, Settled)]


def test_no_at_the_terminal_ends_the_hook() -> None:
    session = Session()
    session(("b", bash("PermissionRequest")))
    made = session(("b", None))
    assert only(made, Settled).outcome == "terminal"
    assert only(made, Effect).effect == "refused"
    assert session(("b", None)) == []


def test_a_dialog_that_was_left_may_be_the_end_of_the_turn() -> None:
    session = Session()
    session.hook("UserPromptSubmit", prompt="x")
    session(WORKING)
    session(IDLE)
    session(("b", bash("PermissionRequest")))
    session(("b", None))
    assert session.state == "working"
    session(SETTLED)
    assert session.state == "idle"


def test_an_interrupt_is_a_title_and_silence() -> None:
    session = Session()
    session.hook("UserPromptSubmit", prompt="x")
    session(WORKING)
    session(IDLE)
    assert session.state == "working"
    made = session(SETTLED)
    assert only(made, Turn).phase == "interrupted"
    assert session.state == "idle"


def test_an_end_that_its_hook_tells_is_no_interrupt() -> None:
    session = Session()
    session.hook("UserPromptSubmit", prompt="x")
    session(IDLE)
    session.hook("Stop")
    assert session(SETTLED) == []


def test_silence_at_the_start_needs_the_terminal() -> None:
    assert only(Session()(STARTUP), StateFact).detail == "terminal"
    session = Session()
    session.hook("SessionStart")
    assert session(STARTUP) == []


def test_an_edit_is_shown_against_the_file() -> None:
    session = Session({"/w/a.py": "one\ntwo\n"})
    given = {"file_path": "/w/a.py", "old_string": "two", "new_string": "2", "replace_all": False}
    asked = only(session.hook("PermissionRequest", tool_name="Edit", tool_input=given), Asked)
    assert asked.kind == "edit"
    assert asked.diff == "--- a/w/a.py\n+++ b/w/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
    assert json.loads(asked.exact) == given


def test_a_new_file_is_all_additions() -> None:
    given = {"file_path": "/w/n.txt", "content": "x"}
    asked = only(Session().hook("PermissionRequest", tool_name="Write", tool_input=given), Asked)
    assert asked.diff == "--- /dev/null\n+++ b/w/n.txt\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n"


def test_a_plan_comes_with_its_warning() -> None:
    asked = only(Session().hook("PermissionRequest", tool_name="ExitPlanMode", tool_input={"plan": "# Do"}), Asked)
    assert (asked.kind, asked.exact) == ("plan", b"# Do")
    assert "without asking" in asked.detail


def test_a_question_is_answered_by_its_text() -> None:
    session = Session()
    given = {"questions": [{"question": "Which?", "options": [{"label": "red"}], "multiSelect": True}]}
    asked = only(session.hook("PermissionRequest", "q", tool_name="AskUserQuestion", tool_input=given), Asked)
    assert (asked.kind, asked.questions[0].multiple) == ("question", True)
    out = session.translator.answer("q", Decision("answer", answers={"Which?": "red"}))
    assert out is not None
    assert out["hookSpecificOutput"]["decision"]["updatedInput"] == {**given, "answers": {"Which?": "red"}}


def test_told_again_it_is_the_same_question() -> None:
    session = Session()
    first = only(session(("b", bash("PermissionRequest"))), Asked)
    assert only(session(("b", bash("PermissionRequest"))), Asked) == first


@pytest.mark.parametrize(
    "raw", [("n", 7), ("n", {}), ("n", {"hook_event_name": "Moon"}), ("n", {"hook_event_name": 3})]
)
def test_what_is_unknown_is_counted(raw: Any) -> None:
    (said,) = Session()(raw)
    assert isinstance(said, facts.Unknown)


@pytest.mark.parametrize("fields", [{}, {"tool_name": "Bash"}, {"tool_name": "Bash", "tool_input": "ls"}])
def test_a_question_of_another_shape_is_no_question_and_said(fields: dict[str, Any]) -> None:
    made = Session().hook("PermissionRequest", **fields)
    assert not [fact for fact in made if isinstance(fact, Asked)]
    assert "PermissionRequest" in only(made, facts.Degraded).reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["tool_name", "tool_input", "tool_use_id", "prompt", "error", "permission_suggestions"])


@given(st.lists(st.tuples(st.sampled_from(claude.EVENTS), st.dictionaries(FIELDS, JSON)), max_size=6))
def test_no_shape_breaks_it(events: list[tuple[str, dict[str, Any]]]) -> None:
    session = Session()
    for number, (kind, fields) in enumerate(events):
        session.hook(kind, str(number), **fields)
        session.translator.answer(str(number), Decision("allow"))


def test_everything_that_was_recorded_is_known() -> None:
    """The hooks of a real session: a command, an edit, a question, a denial, an interrupt."""
    session = Session()
    for number, line in enumerate(RECORDED.read_text().splitlines()):
        session((str(number), json.loads(line)))
    assert not [fact for fact in session.said if isinstance(fact, facts.Unknown)]
    kinds = {fact.kind for fact in session.said if isinstance(fact, Asked)}
    assert {"command", "edit", "question"} <= kinds
