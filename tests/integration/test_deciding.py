"""What agents ask, decided from the command line: listed, shown whole, decided once, and answered truthfully."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from tests.support.gateway import FAKE_AGENTS, Gateway


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as made:
        made.add_provider("asker", [sys.executable, "-I", str(FAKE_AGENTS / "asks.py")], channel="claude")
        yield made


@pytest.fixture(scope="module")
def asker(gateway: Gateway) -> str:
    session = gateway.run("asker", title="needs \x1b[31mhelp")
    gateway.tether("wait", session, "--for", "text:READY", "--timeout", "20")
    return session


def ask(gateway: Gateway, session: str, tool: str, **given: object) -> str:
    """Have the agent ask; the approval's id."""
    before = {one["id"] for one in json.loads(gateway.tether("approvals", "--all", "--json").stdout)}
    gateway.tether("send", session, json.dumps({"tool": tool, "input": given}), "--enter")

    def look() -> str:
        waits = json.loads(gateway.tether("approvals", "--json").stdout)
        return next((str(one["id"]) for one in waits if one["id"] not in before), "")

    return gateway.wait_until("it asks", look)


def said(gateway: Gateway, session: str, words: str) -> None:
    gateway.tether("wait", session, "--for", f"text:{words}", "--timeout", "20")


def test_a_command_is_listed_shown_and_allowed_once(gateway: Gateway, asker: str) -> None:
    approval = ask(gateway, asker, "Bash", command="echo one\nrm -rf ./build # \x1b]0;x\x07", description="clean up")
    rows = [line.split("\t") for line in gateway.tether("approvals").stdout.splitlines()]
    assert rows[0] == ["ID", "STATE", "AGE", "AGENT", "SESSION", "KIND", "WHAT"]
    row = next(row for row in rows if row[0] == approval)
    assert row[1] == "waits"
    assert row[5] == "command"
    assert gateway.tether("approvals", "-q").stdout.split() == [approval]
    shown = gateway.tether("show", approval).stdout
    assert "clean up" in shown
    assert "rm -rf ./build" in shown
    assert "\x1b" not in shown
    assert f"tether approve {approval}" in shown
    record = json.loads(gateway.tether("show", approval, "--json").stdout)
    assert record["sha256"] in shown
    done = gateway.tether("approve", approval[:6])
    assert "Allowed" in done.stderr
    said(gateway, asker, 'ANSWER .*"allow"')
    again = gateway.tether("deny", approval, check=False)
    assert again.returncode == 6
    assert "already allowed" in again.stderr
    assert gateway.tether("approvals", "-q").stdout == ""
    assert approval in gateway.tether("approvals", "--all", "-q").stdout.split()


def test_a_reason_reaches_the_agent(gateway: Gateway, asker: str) -> None:
    approval = ask(gateway, asker, "Bash", command="curl example.com", description="look")
    gateway.tether("deny", approval, "--reason", "not from here")
    said(gateway, asker, "not from here")
    assert "not from here" in gateway.tether("show", approval).stdout


def test_a_question_is_answered_in_words(gateway: Gateway, asker: str) -> None:
    options = [{"label": "Postgres", "description": ""}, {"label": "SQLite", "description": ""}]
    question = {"question": "Which database?", "header": "db", "options": options, "multiSelect": False}
    approval = ask(gateway, asker, "AskUserQuestion", questions=[question])
    shown = gateway.tether("show", approval).stdout
    assert "Which database?" in shown
    assert "Postgres | SQLite" in shown
    few = gateway.tether("answer", approval, "a", "b", check=False)
    assert few.returncode == 2
    assert "Which database?" in few.stderr
    gateway.tether("answer", approval, "SQLite")
    said(gateway, asker, "ANSWER .*SQLite")


def test_what_is_allowed_for_the_session_is_asked_again_when_that_is_undone(gateway: Gateway, asker: str) -> None:
    first = ask(gateway, asker, "Bash", command="make granted", description="build")
    gateway.tether("approve", first, "--scope", "session")
    said(gateway, asker, 'ANSWER .*"allow"')
    grant = next(one for one in json.loads(gateway.tether("grants", "--json").stdout)["grants"] if one["id"] == first)
    assert (grant["what"], grant["session"]) == ("make granted", asker)

    def decided() -> list[dict[str, str]]:
        every = json.loads(gateway.tether("approvals", "--all", "--json").stdout)
        return [one for one in every if one["title"] == "make granted" and one["state"] == "allowed"]

    gateway.tether("send", asker, json.dumps({"tool": "Bash", "input": {"command": "make granted"}}), "--enter")
    found = gateway.wait_until("the grant decides", lambda: decided() if len(decided()) == 2 else None)
    assert {one["rule"] for one in found} == {"", f"grant {first}"}
    assert f"grant {first}" in gateway.tether("audit", "--kind", "decide").stdout

    other = ask(gateway, asker, "Bash", command="make granted --all", description="not the same")
    gateway.tether("deny", other)
    rows = gateway.tether("grants").stdout
    assert f"tether grants undo {first}" in rows
    assert "Asked again" in gateway.tether("grants", "undo", first[:6]).stderr
    assert first not in gateway.tether("grants").stdout
    assert gateway.tether("grants", "undo", first, check=False).returncode == 2
    gateway.tether("deny", ask(gateway, asker, "Bash", command="make granted", description="asked again"))


def test_bad_names_are_told(gateway: Gateway) -> None:
    for words, status in ((["approve", "nothere0"], 3), (["show", "../x"], 2), (["approve", "abc", "--scope", "x"], 2)):
        done = gateway.tether(*words, check=False)
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
        if words[-1] == "nothere0":
            assert "tether approvals --all" in done.stderr


def test_a_transcript_tells_what_was_asked_and_decided(gateway: Gateway, asker: str) -> None:
    approval = ask(gateway, asker, "Bash", command="make transcript", description="write it down")
    gateway.tether("deny", approval, "--reason", "later")
    rows = [json.loads(row) for row in gateway.tether("transcript", asker, "--format", "jsonl").stdout.splitlines()]
    assert rows[0]["kind"] == "prompt"
    assert rows[0]["text"] == "go"
    mine = [row["kind"] for row in rows if row["facts"].get("id") == approval]
    assert mine == ["asked", "decided"]
    text = gateway.tether("transcript", asker, "--grep", "make transcript").stdout
    assert "- asked: make transcript" in text
    assert "denied by" in text
    assert "later" in text
    assert "## Prompt" not in text
    assert gateway.tether("transcript", asker, "--format", "pdf", check=False).returncode == 2


RULES = """
[[rule]]
name = "tests"
kind = "command"
command = "make test"
decision = "allow"

[[rule]]
name = "no pushes"
kind = "command"
command = "git push *"
decision = "deny"
reason = "pushes are for people"
"""


def test_rules_decide_what_they_are_sure_of_and_leave_a_trace(gateway: Gateway, asker: str) -> None:
    file = gateway.root / "policy.toml"
    file.write_text(RULES)
    try:
        gateway.tether("send", asker, json.dumps({"tool": "Bash", "input": {"command": "make test"}}), "--enter")
        said(gateway, asker, 'ANSWER .*"allow"')
        gateway.tether("send", asker, json.dumps({"tool": "Bash", "input": {"command": "git push origin"}}), "--enter")
        said(gateway, asker, "pushes are for people")
        left = ask(gateway, asker, "Bash", command="make test && id")
        gateway.tether("deny", left)
        rows = json.loads(gateway.tether("approvals", "--all", "--json").stdout)
        told = [row for row in rows if row["rule"] and not row["rule"].startswith("grant ")]
        ruled = {row["exact"]: (row["state"], row["rule"], row["by"]) for row in told}
        assert ruled == {
            "make test": ("allowed", "tests", "rule tests"),
            "git push origin": ("denied", "no pushes", "rule no pushes"),
        }
        noted = gateway.tether("audit", "--kind", "decide").stdout
        assert "rule tests" in noted
        assert "rule no pushes" in noted
        assert "rules=2" in gateway.tether("audit", "--kind", "policy").stdout
        tried = json.loads(gateway.tether("policy", "test", "--json").stdout)
        assert {row["title"]: row["decision"] for row in tried}["make test && id"] == "ask"
        assert {row["title"]: row["decision"] for row in tried}["git push origin"] == "deny"
        assert "no pushes" in gateway.tether("policy", "show").stdout
        file.write_text("[[rule]]\nname = 'x'\ndecision = 'allow'\n")
        bad = gateway.tether("policy", "check", check=False)
        assert bad.returncode == 2
        assert "allows everything" in bad.stderr
        waits = ask(gateway, asker, "Bash", command="make test")
        gateway.tether("deny", waits)
    finally:
        file.unlink()
    assert gateway.tether("policy", "show", check=False).returncode == 3
