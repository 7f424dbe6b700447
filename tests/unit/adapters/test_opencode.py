"""What opencode said in a recorded session, as facts; and what it is sent for decisions."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tether.adapters import loopback
from tether.adapters.facts import Asked, Decision, Effect, Fact, Settled, Spoke, StateFact, Turn, Unknown, Usage
from tether.adapters.loopback import Door, Unreachable
from tether.adapters.opencode import Translator
from tether.adapters.opencode_channel import merged

RECORDED = Path("tests/data/adapters/opencode-1.18.33.jsonl")
EVENTS: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text().splitlines()]
CWD = "/home/user/project"


def of(kind: type, facts: list[Fact]) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind)]


def until(translator: Translator, kind: str, count: int = 1) -> tuple[list[Fact], int]:
    """Feed the recording until `count` events of `kind` were fed; the facts, and how many events that were."""
    said: list[Fact] = []
    for place, event in enumerate(EVENTS):
        said += translator.take(event, 0)
        count -= event["type"] == kind
        if not count:
            return said, place + 1
    raise AssertionError(kind)


def test_nothing_in_the_recording_is_unknown_and_its_course_is_told() -> None:
    translator = Translator(CWD)
    facts = [fact for event in EVENTS for fact in translator.take(event, 0)]
    assert not of(Unknown, facts)
    assert [turn.phase for turn in of(Turn, facts)] == ["began", "ended", "began", "interrupted", "began", "failed"]
    assert of(Spoke, facts)[0].text == "fine"
    assert [one.kind for one in of(Asked, facts)] == ["command", "edit", "edit", "question"]
    states = [one.state for one in of(StateFact, facts)]
    assert (states[0], states[-1]) == ("idle", "error")
    assert of(Usage, facts)[-1].output_tokens == 50, "what has used nothing is not told"


def test_a_command_is_asked_with_the_models_reason_and_its_answer_is_its_path() -> None:
    translator = Translator(CWD)
    facts, _ = until(translator, "permission.asked")
    (asked,) = of(Asked, facts)
    assert (asked.exact, asked.intent) == (b"echo hi > out.txt", "the mock model wants to run this")
    path = f"/permission/{asked.key}/reply"
    assert translator.answer(asked.key, Decision("allow")) == (path, {"reply": "once"})
    assert translator.answer(asked.key, Decision("deny", reason="no")) == (path, {"reply": "reject", "message": "no"})
    assert translator.answer("another", Decision("allow")) is None


def test_a_diff_names_the_file_as_one_calls_it_here() -> None:
    translator = Translator(CWD)
    facts, _ = until(translator, "permission.asked", 3)
    diffs = [one.diff for one in of(Asked, facts) if one.kind == "edit"]
    assert diffs[0].startswith("--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n")
    assert diffs[1].startswith("--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n")


def test_what_was_decided_here_is_not_settled_by_its_echo_and_has_its_effect() -> None:
    translator = Translator(CWD)
    facts, place = until(translator, "permission.asked")
    (asked,) = of(Asked, facts)
    translator.answer(asked.key, Decision("allow"))
    later = [fact for event in EVENTS[place : place + 20] for fact in translator.take(event, 0)]
    assert not [one for one in of(Settled, later) if one.key == asked.key]
    assert Effect(asked.key, "done") in later


def test_what_the_terminal_answers_is_settled() -> None:
    translator = Translator(CWD)
    facts, _ = until(translator, "session.idle")
    assert {one.outcome for one in of(Settled, facts)} == {"terminal"}
    assert [one.effect for one in of(Effect, facts)] == ["done", "refused", "done", "done"]


def test_a_question_is_answered_in_the_order_of_its_questions() -> None:
    translator = Translator(CWD)
    facts, _ = until(translator, "question.asked")
    asked = of(Asked, facts)[-1]
    path, body = translator.answer(asked.key, Decision("answer", answers={"Which color?": "Blue"})) or ("", {})
    assert (path, body) == (f"/question/{asked.key}/reply", {"answers": [["Blue"]]})
    assert translator.answer(asked.key, Decision("deny")) == (f"/question/{asked.key}/reject", {})


def test_who_joins_again_learns_what_is_open() -> None:
    translator = Translator(CWD)
    until(translator, "permission.asked")
    row = next(event["properties"] for event in EVENTS if event["type"] == "question.asked")
    facts = translator.pending([], [row])
    assert [one.kind for one in of(Asked, facts)] == ["question"]
    assert translator.open() == {row["id"]}


def test_another_agents_conversation_is_not_the_sessions() -> None:
    translator = Translator(CWD)
    until(translator, "session.created")
    name = translator.session
    child = {"type": "session.created", "properties": {"info": {"id": "ses_child", "parentID": name}}}
    assert translator.take(child, 0) == []
    busy = {"type": "session.status", "properties": {"sessionID": "ses_child", "status": {"type": "busy"}}}
    assert translator.take(busy, 0) == []
    assert translator.session == name


@pytest.mark.parametrize("damage", [None, [], "x", {}, {"info": None}, {"part": {}}, {"sessionID": 3, "status": 4}])
def test_no_shape_of_an_event_raises(damage: Any) -> None:
    for event in EVENTS:
        Translator(CWD).take({**event, "properties": damage}, 0)
    assert Translator().take({"type": "dream.began"}, 0) == [Unknown("dream.began")]


def test_permissions_ask_and_what_the_user_denies_stays_denied() -> None:
    own = json.dumps(
        {"permission": {"bash": {"rm *": "deny", "*": "ask"}, "edit": "allow"}, "plugin": ["x"], "theme": "t"}
    )
    made = json.loads(merged(own, "file:///p.js") or "")
    assert made == {
        "permission": {"bash": {"rm *": "deny", "*": "ask"}, "edit": "ask", "webfetch": "ask"},
        "plugin": ["x", "file:///p.js"],
        "theme": "t",
    }
    assert merged("[", "") is None


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Authorization"] == Door(0, "u", "p").header() else 401)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b'data: {"type"', b': "a"}\n\nda', b'ta: {"type": "b"}\n\n', b"data: no json\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


def test_a_stream_of_events_is_put_together_from_pieces_and_wants_the_password() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    port = server.server_address[1]

    async def read(password: str) -> list[Any]:
        return [event async for event in loopback.events(Door(port, "u", password), "/event", 5)]

    try:
        assert asyncio.run(read("p")) == [{"type": "a"}, {"type": "b"}]
        with pytest.raises(Unreachable):
            asyncio.run(read("wrong"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with pytest.raises(Unreachable):
        asyncio.run(read("p"))
    assert not loopback.is_ours(port)


def test_a_turn_that_began_before_anybody_listened_has_a_beginning() -> None:
    translator = Translator(CWD)
    _, begun = until(Translator(CWD), "session.status")
    facts = [fact for event in EVENTS[begun - 1 :] for fact in translator.take(event, 0)]
    assert [turn.phase for turn in of(Turn, facts)][:2] == ["began", "ended"]


def test_a_turn_that_was_over_before_anybody_listened_is_told_once() -> None:
    translator = Translator(CWD)
    assert translator.take({"type": "server.connected", "properties": {}}, 0)
    begun = translator.begun([{"id": "ses_1"}, {"id": "ses_2", "parentID": "ses_1"}])
    assert (translator.session, len(begun)) == ("ses_1", 1)
    prompt = {"id": "msg_1", "role": "user", "sessionID": "ses_1", "time": {"created": 1}}
    reply = {
        "id": "msg_2", "role": "assistant", "parentID": "msg_1", "sessionID": "ses_1", "time": {"completed": 2},
        "tokens": {"input": 3, "output": 4},
    }  # fmt: skip
    part = {"type": "text", "sessionID": "ses_1", "time": {"end": 2}}
    rows = [
        {"info": prompt, "parts": [{**part, "id": "p1", "messageID": "msg_1", "text": "hi"}]},
        {"info": reply, "parts": [{**part, "id": "p2", "messageID": "msg_2", "text": "ho"}]},
    ]
    assert translator.history(rows) == [Turn("msg_1", "began", "hi"), Spoke("ho", "msg_1"), Usage("msg_1", 3, 4)]
    ended = translator.looked({}, waiting=False)
    assert ended == [Turn("msg_1", "ended"), StateFact("done", "Its turn has ended", "api")]
    assert translator.history(rows) == []


def test_a_turn_that_ended_while_nobody_listened_has_ended() -> None:
    translator = Translator(CWD, "ses_1")
    assert translator.looked({}, waiting=False) == [], "it was in none"
    translator.working = True
    assert translator.looked({}, waiting=True) == []
    assert [one.state for one in of(StateFact, translator.looked({}, waiting=False))] == ["done"]
    busy = translator.looked({"ses_1": {"type": "busy"}}, waiting=False)
    assert [one.state for one in of(StateFact, busy)] == ["working"]


def test_another_shape_is_said_and_breaks_nothing() -> None:
    translator = Translator()
    said = translator.take({"type": "permission.asked", "properties": {"id": 1}}, 1)
    assert [type(one).__name__ for one in said] == ["Unknown", "Degraded"]
    assert [type(one).__name__ for one in translator.take({"type": "news"}, 1)] == ["Unknown"]


def test_who_joins_when_it_is_asked_already_learns_why_from_the_messages() -> None:
    row = {
        "id": "per_1", "sessionID": "ses_1", "permission": "bash", "patterns": ["make"],
        "metadata": {"command": "make"}, "tool": {"messageID": "msg_1", "callID": "call_1"},
    }  # fmt: skip
    given = {"command": "make", "description": "build it"}
    part = {"type": "tool", "callID": "call_1", "tool": "bash", "state": {"status": "running", "input": given}}
    translator = Translator(CWD)
    assert translator.unexplained([row]) == {"ses_1"}
    translator.explain([{"parts": [{"type": "tool"}, {"type": "tool", "callID": "x", "state": 3}, part]}, {}])
    assert translator.unexplained([row]) == set()
    (asked,) = of(Asked, translator.pending([row], []))
    assert asked.intent == "build it"
