"""The real codex beside its terminal: what it asks is pending on a second client, and is decided once."""

from __future__ import annotations

import hashlib

import pytest

from tests.support import approvals
from tests.support.agents import AgentGateway


def _start(world: AgentGateway, *steps: str) -> str:
    return world.start_agent("codex", " ".join(f"[[{step}]]" for step in steps))


def test_a_turn_is_told_from_its_beginning_to_its_end(world: AgentGateway) -> None:
    session = _start(world, "say fine then")
    approvals.wait_activity(world, session, "done")
    told = [event for event in world.events(session) if event["type"] == "told"]
    assert [event["facts"]["phase"] for event in told if event["kind"] == "turn"] == ["began", "ended"]
    assert [event["text"] for event in told if event["kind"] == "message"] == ["fine then"]
    assert world.session(session)["conversation"]


def test_a_command_is_allowed_from_a_second_client(world: AgentGateway) -> None:
    target = world.project / "allowed.txt"
    session = _start(world, f"run echo yes > {target}", "say ok")
    asked = approvals.pending(world, session)
    assert (asked["kind"], asked["title"]) == ("command", f"echo yes > {target}")
    assert asked["intent"]
    assert asked["sha256"] == hashlib.sha256(asked["exact"].encode()).hexdigest()
    assert world.session(session)["attention"] == "approval"
    assert not target.exists()
    assert approvals.decide(world, asked["id"], "allow", sha256=asked["sha256"])["state"] == "allowed"
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "done"
    approvals.wait_activity(world, session, "done")
    assert target.read_text() == "yes\n"
    assert world.session(session)["attention"] is None


def test_an_edit_is_shown_with_its_diff(world: AgentGateway) -> None:
    (world.project / "edited.py").write_text("one\ntwo\nthree\n")
    session = _start(world, "edit edited.py|two|2", "write added.txt|a\\nb", "say ok")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "edit"
    assert asked["diff"] == "--- a/edited.py\n+++ b/edited.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    approvals.decide(world, asked["id"], "allow")
    approvals.settled(world, asked["id"])
    asked = approvals.pending(world, session)
    assert asked["diff"] == "--- /dev/null\n+++ b/added.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    approvals.decide(world, asked["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert (world.project / "edited.py").read_text() == "one\n2\nthree\n"
    assert (world.project / "added.txt").read_text() == "a\nb\n"


@pytest.mark.parametrize("step", ["run rm -rf nothing-here", "edit calc.py|    return a - b|    return b"])
def test_the_reason_of_a_no_reaches_the_model(world: AgentGateway, step: str) -> None:
    session = _start(world, step, "say understood")
    asked = approvals.pending(world, session)
    reason = f"use the bin instead of {asked['kind']}"
    assert approvals.decide(world, asked["id"], "deny", reason=reason)["state"] == "denied"
    world.model.wait_told(reason)
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "refused"
    approvals.wait_activity(world, session, "done")
