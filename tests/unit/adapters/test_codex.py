"""What codex said in a recorded session, as facts; and what is sent for decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tether.adapters.codex import Translator, prompt_request
from tether.adapters.codex_channel import arguments
from tether.adapters.facts import (
    Asked,
    Conversation,
    Decision,
    Effect,
    Fact,
    Settled,
    Spoke,
    StateFact,
    ToolUsed,
    Turn,
    Unknown,
    Usage,
)

RECORDED = Path("tests/data/adapters/codex-0.169.0.jsonl")
FRAMES: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text().splitlines()]


def until(translator: Translator, method: str, *, after: int = 0) -> tuple[list[Fact], int]:
    """Feed the recording from `after` until a frame of `method` was fed; the facts, and where to go on."""
    said: list[Fact] = []
    for place in range(after, len(FRAMES)):
        frame = FRAMES[place]
        said += translator.take(frame, 0) if "method" in frame else []
        if frame.get("method") == method:
            return said, place + 1
    raise AssertionError(method)


def of(kind: type, facts: list[Fact]) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind)]


def test_nothing_in_the_recording_is_unknown_and_its_course_is_told() -> None:
    translator = Translator()
    facts = [fact for frame in FRAMES if "method" in frame for fact in translator.take(frame, 0)]
    assert not of(Unknown, facts)
    assert len({one.id for one in of(Conversation, facts)}) == 1, "title threads are none"
    assert [(turn.phase) for turn in of(Turn, facts)] == [
        "began", "ended", "began", "interrupted", "began", "ended", "began", "failed",
    ]  # fmt: skip
    assert [spoke.text for spoke in of(Spoke, facts)] == ["heard: Refused because of tests", "planned"]
    assert [one.kind for one in of(Asked, facts)] == [
        "command",
        "edit",
        "edit",
        "command",
        "command",
        "question",
        "command",
    ]
    assert {one.state for one in of(StateFact, facts)} == {"idle", "working", "waiting", "done", "error"}
    assert of(StateFact, facts)[-1].state == "error"
    assert of(Usage, facts)[0].input_tokens == 100
    assert {used.name for used in of(ToolUsed, facts)} == {"command", "edit"}


def test_a_command_is_asked_with_its_reason_and_its_denial_obeys_what_is_offered() -> None:
    translator = Translator()
    facts, _ = until(translator, "item/commandExecution/requestApproval")
    (asked,) = of(Asked, facts)
    assert (asked.title, asked.exact) == ("echo hi > out.txt", b"/bin/bash -lc 'echo hi > out.txt'")
    assert asked.intent == "the mock model wants to run this"
    assert [option.id for option in asked.options] == ["once", "deny"], "nothing is offered for the session"
    assert translator.answer(asked.key, Decision("allow", "session")) == [{"id": 0, "result": {"decision": "accept"}}]


def test_the_reason_of_a_denial_that_ends_the_turn_is_the_next_prompt() -> None:
    translator = Translator()
    facts, _ = until(translator, "item/commandExecution/requestApproval")
    (asked,) = of(Asked, facts)
    assert translator.answer(asked.key, Decision("deny", reason="not now")) == [
        {"id": 0, "result": {"decision": "cancel"}}
    ]
    assert not translator.due
    turn = asked.key.split(":")[0]
    ended = {"threadId": translator.thread, "turn": {"id": turn, "status": "interrupted"}}
    translator.take({"method": "turn/completed", "params": ended}, 0)
    ((method, params),) = translator.due
    assert method == "turn/start"
    assert params["input"][0]["text"].endswith("not now")


def test_an_edit_is_asked_with_its_diff_and_a_denials_reason_goes_first() -> None:
    translator = Translator()
    facts, place = until(translator, "item/fileChange/requestApproval")
    asked = of(Asked, facts)[-1]
    assert asked.diff == (
        "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
    )
    assert asked.exact == asked.diff.encode()
    sent = translator.answer(asked.key, Decision("deny", reason="no"))
    assert sent is not None
    assert [message.get("method", message.get("result")) for message in sent] == ["turn/steer", {"decision": "decline"}]
    facts, _ = until(translator, "item/fileChange/requestApproval", after=place)
    assert Effect(asked.key, "refused") in facts
    assert not [one for one in of(Settled, facts) if one.key == asked.key], "we have decided it ourselves"
    new = of(Asked, facts)[-1]
    assert new.diff == "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n"


def test_what_the_terminal_answers_is_settled_and_its_effect_follows() -> None:
    translator = Translator()
    _, place = until(translator, "item/fileChange/requestApproval")
    facts, place = until(translator, "item/fileChange/requestApproval", after=place)
    asked = of(Asked, facts)[-1]
    facts, place = until(translator, "item/commandExecution/requestApproval", after=place)
    assert Settled(asked.key, "terminal", "terminal") in facts
    assert Effect(asked.key, "done") in facts
    again, place = until(translator, "item/commandExecution/requestApproval", after=place)
    assert [one.key for one in of(Asked, again)] == [of(Asked, facts)[-1].key], "told again, it is the same one"
    facts, _ = until(translator, "turn/completed", after=place)
    assert [one.outcome for one in of(Settled, facts)] == ["cancelled"], "its turn was interrupted"


def test_a_question_is_answered_by_the_questions_own_name() -> None:
    translator = Translator()
    facts, _ = until(translator, "item/tool/requestUserInput")
    asked = of(Asked, facts)[-1]
    assert [option.label for option in asked.questions[0].options] == ["Red", "Blue"]
    sent = translator.answer(asked.key, Decision("answer", answers={"Which color?": "Blue"}))
    assert sent == [{"id": 4, "result": {"answers": {"q1": {"answers": ["Blue"]}}}}]


@pytest.mark.parametrize("damage", [None, [], "x", 7, {}, {"item": None}, {"thread": {}}, {"turn": 3, "threadId": "t"}])
def test_no_shape_of_a_frame_raises(damage: Any) -> None:
    for frame in FRAMES:
        translator = Translator()
        translator.thread = "t"
        translator.take({**frame, "method": frame.get("method", "new/thing"), "params": damage}, 0)


def test_an_unknown_word_is_counted_and_its_fields_do_not_matter() -> None:
    assert Translator().take({"method": "thread/dreamt", "params": {"of": "sheep"}}, 0) == [Unknown("thread/dreamt")]


def test_a_prompt_steers_a_turn_that_runs() -> None:
    assert prompt_request("t", "", "go")[0] == "turn/start"
    assert prompt_request("t", "u", "go") == (
        "turn/steer", {"threadId": "t", "expectedTurnId": "u", "input": [{"type": "text", "text": "go"}]},
    )  # fmt: skip


def test_what_the_caller_chose_is_not_chosen_again() -> None:
    assert arguments("/s", "/w", []) == ["--remote", "unix:///s", "-C", "/w", "-a", "on-request", "-s", "read-only"]
    assert arguments("/s", "/w", ["--cd=/x", "-a", "never", "-s", "workspace-write"]) == ["--remote", "unix:///s"]
    assert "-a" not in arguments("/s", "/w", [], resumed=True), "codex refuses it then"
    assert "-a" not in arguments("/s", "/w", ["-c", "approval_policy=never"])


def test_an_answer_that_is_read_late_does_not_turn_the_state_back() -> None:
    translator = Translator()
    _, _ = until(translator, "turn/completed")
    thread = {"id": translator.thread, "status": {"type": "active", "activeFlags": []}}
    assert translator.joined(thread) == [], "the turn has ended meanwhile"
    translator.disconnected()
    assert [one.state for one in of(StateFact, translator.joined(thread))] == ["working"], "nothing newer is known"


@pytest.mark.parametrize("method", ["thread/status/changed", "turn/completed", "item/started", "thread/started"])
def test_another_shape_is_said_and_breaks_nothing(method: str) -> None:
    translator = Translator()
    said = translator.take({"method": method, "params": {}}, 1)
    assert [type(one).__name__ for one in said] == ["Unknown", "Degraded"]
    assert method in str(said[1])
    assert translator.take({"method": "thread/news", "params": {}}, 1) == [Unknown("thread/news")]
