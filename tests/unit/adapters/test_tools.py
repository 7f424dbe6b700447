"""Tether's own tools: what is taken, what a question becomes, and how far an agent reads."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tether.adapters import tools
from tether.adapters.injecting import Injection
from tether.adapters.opencode_channel import merged
from tether.wire.agents import Approval
from tether.wire.views import SessionView

OWN = SessionView(b"a" * 16, "aaaaaaaa", "claude", "", "running", parent="bbbbbbbb")
BEFORE = SessionView(b"b" * 16, "bbbbbbbb", "claude", "", "exited")
OTHER = SessionView(b"c" * 16, "cccccccc", "codex", "", "running")
VIEWS = [OWN, BEFORE, OTHER]


@pytest.mark.parametrize(
    ("reach", "readable"),
    [("off", []), ("own", ["aaaaaaaa", "bbbbbbbb"]), ("all", ["aaaaaaaa", "bbbbbbbb", "cccccccc"])],
)
def test_how_far_an_agent_reads(reach: Any, readable: list[str]) -> None:
    assert [one.id for one in VIEWS if tools.permits(reach, OWN.sid, one, VIEWS)] == readable
    assert not tools.permits("own", OTHER.sid, OWN, VIEWS)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ask_human", {}), ("ask_human", {"question": ""}), ("ask_human", {"question": 1}),
        ("ask_human", {"question": "?", "options": ["x"] * 13}), ("report_status", {"status": "x" * 3000}),
        ("read_session", {"what": "files"}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(tools.Misuse, match=name):
        tools.arguments(name, given)


def test_a_question_is_bound_to_what_was_asked() -> None:
    given = tools.arguments("ask_human", {"question": "Which\none?", "options": ["a", "b", "a"], "context": "why"})
    assert isinstance(given, tools.AskHuman)
    asked = tools.question("mcp:x:1", given)
    assert (asked.kind, asked.title, asked.intent) == ("question", "Which one?", "why")
    assert [one.id for one in asked.questions[0].options] == ["a", "b"]
    assert b'"context": "why"' in asked.exact


def test_what_became_of_it_is_told_in_words() -> None:
    record = Approval("x", "", "claude", "question", "?")
    assert tools.outcome(replace(record, state="answered", answers={"?": "yes"})) == ("yes", False)
    assert "because" in tools.outcome(replace(record, state="denied", reason="because"))[0]
    assert tools.outcome(replace(record, state="expired"))[1]
    assert tools.outcome(replace(record, state="unknown"))[1]


def test_a_long_transcript_is_read_from_its_end() -> None:
    text = "".join(f"line {number}\n" for number in range(10_000))
    shown = tools.newest(text)
    assert len(shown) < tools.READ_CHARS_MAX + 100
    assert shown.endswith("line 9999\n")
    assert shown.splitlines()[1].startswith("line ")


def test_each_agent_is_told_in_its_own_words(tmp_path: Any) -> None:
    injection, token = Injection(tmp_path / "h"), tmp_path / 'a "b"'
    program, *args = injection.command(token)
    server = injection.claude(token)["mcpServers"]["tether"]
    assert (server["command"], server["args"]) == (program, args)
    words = injection.codex(token)
    assert words[0] == "-c"
    assert any(word.startswith("mcp_servers.tether.args=[") and '\\"b\\"' in word for word in words)
    own = merged('{"mcp": {"mine": {"type": "remote"}}}', "p", injection.opencode(token))
    assert own is not None
    assert '"mine"' in own
    assert '"timeout":86400000' in own
