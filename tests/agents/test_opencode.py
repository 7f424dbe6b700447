"""The real opencode beside its terminal: what it asks is pending on a second client, and is decided once.

It is the largest and slowest of the three: one session for all that need none of its own.
"""

from __future__ import annotations

import hashlib

import pytest

from tests.agents import selfapproval
from tests.agents.cases import case
from tests.support import approvals
from tests.support.agents import AgentGateway
from tests.support.gateway import free_port


@pytest.fixture(scope="module")
def session(world: AgentGateway) -> str:
    """A session that has answered once."""
    made = world.start_agent("opencode", "[[say fine then]]")
    approvals.wait_activity(world, made, "done", timeout=120)
    return made


@case("opencode", "reply")
def test_a_turn_is_told_from_its_beginning_to_its_end(world: AgentGateway, session: str) -> None:
    told = [event for event in world.events(session) if event["type"] == "told"]
    assert [event["facts"]["phase"] for event in told if event["kind"] == "turn"][:2] == ["began", "ended"]
    assert next(event["text"] for event in told if event["kind"] == "message") == "fine then"
    assert world.session(session)["conversation"].startswith("ses_")


@case("opencode", "command")
def test_a_command_is_allowed_from_a_second_client(world: AgentGateway, session: str) -> None:
    target = world.project / "allowed.txt"
    world.prompt(session, f"[[run echo yes > {target}]] [[say ok]]")
    asked = approvals.pending(world, session)
    assert (asked["kind"], asked["exact"]) == ("command", f"echo yes > {target}")
    assert asked["intent"]
    assert asked["sha256"] == hashlib.sha256(asked["exact"].encode()).hexdigest()
    assert world.session(session)["attention"] == "approval"
    assert not target.exists()
    assert approvals.decide(world, asked["id"], "allow", sha256=asked["sha256"])["state"] == "allowed"
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "done"
    approvals.wait_activity(world, session, "done")
    assert target.read_text() == "yes\n"
    world.keep_recording(session, "opencode")


@case("opencode", "edit")
def test_an_edit_is_shown_with_its_diff(world: AgentGateway, session: str) -> None:
    (world.project / "edited.py").write_text("one\ntwo\nthree\n")
    world.prompt(session, "[[edit edited.py|two|2]] [[say ok]]")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "edit"
    assert asked["diff"] == "--- a/edited.py\n+++ b/edited.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    approvals.decide(world, asked["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert (world.project / "edited.py").read_text() == "one\n2\nthree\n"


@case("opencode", "deny")
def test_the_reason_of_a_no_reaches_the_model(world: AgentGateway, session: str) -> None:
    world.prompt(session, "[[run rm -rf nothing-here]] [[say understood]]")
    asked = approvals.pending(world, session)
    assert approvals.decide(world, asked["id"], "deny", reason="use the bin instead")["state"] == "denied"
    world.model.wait_told("use the bin instead")
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "refused"
    approvals.wait_activity(world, session, "done", "idle")


@case("opencode", "question")
def test_a_question_is_answered(world: AgentGateway, session: str) -> None:
    asks = (
        '[[call question|{"questions":[{"question":"Which one?","header":"Choice","options":'
        '[{"label":"red","description":"r"},{"label":"blue","description":"b"}]}]}]]'
    )
    world.prompt(session, f"{asks} [[say ok]]")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "question"
    assert [one["label"] for one in asked["questions"][0]["options"]] == ["red", "blue"]
    assert approvals.decide(world, asked["id"], "answer", answers={"Which one?": "blue"})["state"] == "answered"
    world.model.wait_told("blue")
    approvals.wait_activity(world, session, "done")


@case("opencode", "terminal")
def test_the_terminal_answers_first(world: AgentGateway, session: str) -> None:
    target = world.project / "terminal.txt"
    world.prompt(session, f"[[run echo x > {target}]] [[say ok]]")
    asked = approvals.pending(world, session)
    world.wait_until("its dialog", lambda: "Permission required" in world.shown(session))
    world.tether("send", session, "\r")
    assert approvals.settled(world, asked["id"])["state"] == "terminal"
    assert "terminal" in approvals.decide(world, asked["id"], "allow")["message"]
    approvals.wait_activity(world, session, "done")
    assert target.exists()


@case("opencode", "race")
def test_two_devices_race(world: AgentGateway, session: str) -> None:
    world.prompt(session, "[[run true > race.txt]] [[say ok]]")
    asked = approvals.pending(world, session)
    first = approvals.decide(world, asked["id"], "deny", reason="no")
    second = approvals.decide(world, asked["id"], "allow")
    assert (first["state"], second["error"]) == ("denied", "decided")
    approvals.wait_activity(world, session, "done", "idle")
    assert not (world.project / "race.txt").exists()


@case("opencode", "interrupt")
def test_an_interrupt_ends_its_turn(world: AgentGateway, session: str) -> None:
    world.prompt(session, "[[stream forever]]")
    approvals.wait_activity(world, session, "working")
    world.wait_until("words", lambda: "word1" in world.shown(session), 30)
    world.interrupt(session)
    approvals.wait_activity(world, session, "idle")
    world.model.release("forever")


def test_its_password_is_hidden_from_what_it_runs(world: AgentGateway, session: str) -> None:
    target = world.project / "env.txt"
    world.prompt(session, f"[[run env > {target}]] [[say ok]]")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    approvals.wait_activity(world, session, "done")
    lines = target.read_text().splitlines()
    assert "OPENCODE_SERVER_PASSWORD=" in lines
    assert not [line for line in lines if line.startswith("OPENCODE_CONFIG_CONTENT={")]


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=case("opencode", what)) for what in ("adapters", "broker", "gateway")]
)
def test_what_is_asked_outlives(world: AgentGateway, session: str, what: str) -> None:
    target = world.project / f"after-{what}.txt"
    world.prompt(session, f"[[run echo y > {target}]] [[say ok]]")
    asked = approvals.pending(world, session)
    approvals.survives(world, session, asked, what)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.exists()


@case("opencode", "self")
def test_it_can_not_approve_itself(world: AgentGateway, session: str) -> None:
    def prompted(prompt: str) -> str:
        world.prompt(session, prompt)
        return session

    selfapproval.tries(world, "opencode", prompted, "gotcha-opencode.txt")


@case("opencode", "resume")
def test_an_ended_conversation_is_gone_on_with(world: AgentGateway, session: str) -> None:
    name = world.session(session)["conversation"]
    world.tether("stop", session, "--yes")
    world.wait_until("nothing is left of it", lambda: not world.processes_of(session), 20)
    again = str(world.tether("resume", session, "-d", cwd=world.project).stdout).strip()
    row = world.session(again)
    assert row["parent"] == session
    world.wait_until("its conversation is known", lambda: world.shown(again), 120)
    approvals.wait_activity(world, again, "idle", timeout=120)
    world.prompt(again, "[[say here again]]")
    approvals.wait_activity(world, again, "done", timeout=60)
    assert world.session(again)["conversation"] == name


@case("opencode", "lost")
def test_with_a_port_of_the_callers_it_is_a_plain_terminal_and_says_so(world: AgentGateway) -> None:
    session = world.start_agent("opencode", "", "--port", str(free_port()))
    assert "--port was given" in approvals.wait_degraded(world, session)
    assert world.session(session)["state"] == "running"
    world.tether("stop", session, "--yes", "--timeout", "3")


@case("opencode", "stop")
def test_a_stop_leaves_no_process(world: AgentGateway) -> None:
    session = world.start_agent("opencode", "[[run sleep 4321]] [[say ok]]")
    approvals.decide(world, approvals.pending(world, session, timeout=120)["id"], "allow")
    world.wait_until("it runs", lambda: [one for one in world.processes_of(session) if "sleep 4321" in one])
    world.tether("stop", session, "--yes")
    world.wait_until("it has ended", lambda: world.session(session)["state"] in ("stopped", "exited"), 20)
    assert not world.processes_of(session)
