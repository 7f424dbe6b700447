"""Tether's own tools in an agent's hands: what it asks is answered by people, and nothing of it gives power."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import approvals
from tests.support.gateway import FAKE_AGENTS, Gateway
from tether.wire.ids import public_id

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as made:
        made.add_provider("helper", [sys.executable, "-I", str(FAKE_AGENTS / "tools.py")], channel="claude")
        yield made


@pytest.fixture(scope="module")
def helper(gateway: Gateway) -> str:
    return start(gateway)


def start(gateway: Gateway) -> str:
    session = gateway.run("helper")
    gateway.tether("wait", session, "--for", "text:READY", "--timeout", "20")
    return session


def send(gateway: Gateway, session: str, method: str, **params: Any) -> int:
    number = next(_NUMBERS)
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    gateway.tether("send", session, json.dumps(message), "--enter")
    return number


def answer(gateway: Gateway, session: str, number: int) -> Any:
    """What the server answered to the message `number`."""

    def look() -> Any:
        text = gateway.raw(session).decode()
        lines = [line.removeprefix("GOT ") for line in text.splitlines() if line.startswith("GOT ")]
        return next((found for line in lines if (found := json.loads(line)).get("id") == number), None)

    return gateway.wait_until(f"the answer to {number}", look)


def call(gateway: Gateway, agent: str, name: str, /, **arguments: Any) -> int:
    return send(gateway, agent, "tools/call", name=name, arguments=arguments)


def called(gateway: Gateway, agent: str, name: str, /, **arguments: Any) -> str:
    found = answer(gateway, agent, call(gateway, agent, name, **arguments))["result"]
    return str(found["content"][0]["text"])


def settled(gateway: Gateway, name: str, state: str) -> None:
    gateway.wait_until(f"it is {state}", lambda: approvals.get(gateway, name)["state"] == state)


def answered(gateway: Gateway, name: str, given: str) -> None:
    """A person answers the one question of `name`, once the gateway takes it."""
    question = approvals.get(gateway, name)["questions"][0]["text"]

    def taken() -> bool:
        return approvals.decide(gateway, name, "answer", answers={question: given}).get("state") == "answered"

    gateway.wait_until("it is taken", taken, 20)


def test_a_version_is_agreed_on_and_the_tools_are_told(gateway: Gateway, helper: str) -> None:
    greeting = answer(gateway, helper, send(gateway, helper, "initialize", protocolVersion="2025-06-18"))["result"]
    assert (greeting["protocolVersion"], greeting["serverInfo"]["name"]) == ("2025-06-18", "tether")
    found = answer(gateway, helper, send(gateway, helper, "tools/list"))["result"]["tools"]
    assert [tool["name"] for tool in found] == ["ask_human", "report_status", "list_sessions", "read_session"]


def test_a_question_waits_for_a_person(gateway: Gateway, helper: str) -> None:
    number = call(gateway, helper, "ask_human", question="Which database?", options=["Postgres", "SQLite"])
    waits = approvals.pending(gateway, helper)
    assert (waits["kind"], waits["title"]) == ("question", "Which database?")
    assert gateway.session(helper)["attention"] == "question"
    answered(gateway, waits["id"], "SQLite")
    assert answer(gateway, helper, number)["result"] == {
        "content": [{"type": "text", "text": "SQLite"}],
        "isError": False,
    }
    assert approvals.get(gateway, waits["id"])["effect"] == "done"
    gateway.wait_until("it goes on", lambda: gateway.session(helper)["activity"]["state"] == "working")


def test_a_refusal_has_its_reason(gateway: Gateway, helper: str) -> None:
    number = call(gateway, helper, "ask_human", question="May I?")
    approvals.decide(gateway, approvals.pending(gateway, helper)["id"], "deny", reason="look into the docs")
    assert "look into the docs" in answer(gateway, helper, number)["result"]["content"][0]["text"]


@pytest.mark.parametrize("service", ["adapters", "broker"])
def test_a_question_outlives(gateway: Gateway, helper: str, service: str) -> None:
    number = call(gateway, helper, "ask_human", question=f"And after {service}?")
    before = approvals.pending(gateway, helper)["id"]
    gateway.kill(service)
    gateway.wait_until(f"{service} is back", lambda: gateway.pid(service), 20)
    assert approvals.pending(gateway, helper)["id"] == before
    answered(gateway, before, "yes")
    assert answer(gateway, helper, number)["result"]["content"][0]["text"] == "yes"
    assert "a hook with a token" not in (gateway.root / "log" / "adapters.log").read_text()


def test_a_second_question_of_the_same_id_is_refused_and_the_first_is_answered(gateway: Gateway, helper: str) -> None:
    number = call(gateway, helper, "ask_human", question="The first?")
    waits = approvals.pending(gateway, helper)["id"]
    given = {"name": "ask_human", "arguments": {"question": "The second?"}}
    again = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": given}
    gateway.tether("send", helper, json.dumps(again), "--enter")
    assert "waits already" in answer(gateway, helper, number)["result"]["content"][0]["text"]
    assert approvals.pending(gateway, helper)["id"] == waits
    answered(gateway, waits, "yes")
    gateway.wait_until("it is told", lambda: approvals.get(gateway, waits)["effect"] == "done")


def test_a_question_that_is_given_up_is_withdrawn(gateway: Gateway, helper: str) -> None:
    number = call(gateway, helper, "ask_human", question="Never mind?")
    waits = approvals.pending(gateway, helper)["id"]
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
    gateway.tether("send", helper, json.dumps(message), "--enter")
    settled(gateway, waits, "cancelled")


def test_a_question_ends_with_who_asked_it(gateway: Gateway) -> None:
    session = start(gateway)
    call(gateway, session, "ask_human", question="Still there?")
    waits = approvals.pending(gateway, session)["id"]
    gateway.tether("send", session, "kill", "--enter")
    settled(gateway, waits, "cancelled")


def test_what_is_reported_is_shown(gateway: Gateway, helper: str) -> None:
    called(gateway, helper, "report_status", status="3 of 7\x1b[31m modules")
    gateway.wait_until("it is shown", lambda: gateway.session(helper)["activity"]["said"])
    assert "3 of 7" in gateway.tether("why", helper).stdout
    assert "3 of 7" in gateway.tether("transcript", helper).stdout
    assert "\x1b" not in gateway.session(helper)["activity"]["said"]


def test_only_its_own_session_is_read(gateway: Gateway, helper: str) -> None:
    other = gateway.run("shell", title="private")
    listed = json.loads(called(gateway, helper, "list_sessions"))
    assert [row["id"] for row in listed] == [helper]
    assert "may not read" in called(gateway, helper, "read_session", session=other)
    assert "3 of 7" in called(gateway, helper, "read_session")
    assert "GOT {" in called(gateway, helper, "read_session", what="screen")
    assert "read_session" in called(gateway, helper, "read_session", what="everything")


def test_nothing_inside_answers_what_it_asks(gateway: Gateway, helper: str) -> None:
    shell = gateway.run("shell")
    call(gateway, helper, "ask_human", question="Shall I?")
    waits = approvals.pending(gateway, helper)["id"]
    (token,) = [one for one in (gateway.run_dir / "a").glob("*.token") if public_id(bytes.fromhex(one.stem)) == helper]
    home, tether = f"TETHER_HOME={gateway.root}", f"{sys.executable} -m tether.cli"
    gateway.tether("send", shell, f"{home} {tether} answer {waits} yes", "--enter")
    gateway.tether("wait", shell, "--for", "text:inside a session may not", "--timeout", "20")
    # Another session's token: a pipe with it is let into no session.
    program = f"{sys.executable} -c 'from tether.adapters import toolpipe; print(toolpipe.__file__)'"
    gateway.tether("send", shell, f"{sys.executable} $({program}) {gateway.run_dir}/a/h {token} < /dev/tty", "--enter")

    def noted() -> bool:
        return "token of another session" in gateway.tether("audit", "--kind", "self-approval-attempt").stdout

    gateway.wait_until("it is noted", noted)
    assert approvals.get(gateway, waits)["state"] == "pending"
    answered(gateway, waits, "yes")
