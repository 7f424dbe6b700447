"""The real Claude Code beside its terminal: what it asks is pending on a second client, and is decided once."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.agents import selfapproval
from tests.agents.cases import case
from tests.support import approvals
from tests.support.agents import AgentGateway


def _start(world: AgentGateway, *steps: str) -> str:
    return world.start_agent("claude", " ".join(f"[[{step}]]" for step in steps))


@case("claude", "reply")
def test_a_turn_is_told_from_its_beginning_to_its_end(world: AgentGateway) -> None:
    session = _start(world, "say fine then")
    approvals.wait_activity(world, session, "done")
    told = [event for event in world.events(session) if event["type"] == "told"]
    assert [event["facts"]["phase"] for event in told if event["kind"] == "turn"] == ["began", "ended"]
    assert [event["text"] for event in told if event["kind"] == "message"] == ["fine then"]
    assert world.session(session)["conversation"]


@case("claude", "command")
def test_a_command_is_allowed_from_a_second_client(world: AgentGateway) -> None:
    target = world.project / "allowed.txt"
    session = _start(world, f"run echo yes > {target}", "say ok")
    asked = approvals.pending(world, session)
    assert (asked["kind"], asked["exact"]) == ("command", f"echo yes > {target}")
    assert asked["sha256"] == hashlib.sha256(asked["exact"].encode()).hexdigest()
    assert world.session(session)["attention"] == "approval"
    assert not target.exists()
    assert approvals.decide(world, asked["id"], "allow", sha256=asked["sha256"])["state"] == "allowed"
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "done"
    approvals.wait_activity(world, session, "done")
    assert target.read_text() == "yes\n"
    assert world.session(session)["attention"] is None
    world.keep_recording(session, "claude")


@case("claude", "edit")
def test_an_edit_is_shown_with_its_diff(world: AgentGateway) -> None:
    (world.project / "edited.py").write_text("one\ntwo\nthree\n")
    session = _start(world, f"run cat {world.project}/edited.py", f"edit {world.project}/edited.py|two|2", "say ok")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "edit"
    assert "-two\n+2\n" in asked["diff"]
    approvals.decide(world, asked["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert (world.project / "edited.py").read_text() == "one\n2\nthree\n"


@case("claude", "deny")
def test_the_reason_of_a_no_reaches_the_model(world: AgentGateway) -> None:
    session = _start(world, "run rm -rf nothing-here", "say understood")
    asked = approvals.pending(world, session)
    assert approvals.decide(world, asked["id"], "deny", reason="use the bin instead")["state"] == "denied"
    world.model.wait_told("use the bin instead")
    approvals.wait_activity(world, session, "done")


@case("claude", "question")
def test_a_question_is_answered(world: AgentGateway) -> None:
    asks = (
        'call AskUserQuestion|{"questions": [{"question": "Which one?", "header": "Choice", "multiSelect": false,'
        ' "options": [{"label": "red", "description": "r"}, {"label": "blue", "description": "b"}]}]}'
    )
    session = _start(world, asks, "say ok")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "question"
    assert [one["label"] for one in asked["questions"][0]["options"]] == ["red", "blue"]
    assert world.session(session)["attention"] == "question"
    assert approvals.decide(world, asked["id"], "answer", answers={"Which one?": "blue"})["state"] == "answered"
    world.model.wait_told("blue")
    approvals.wait_activity(world, session, "done")


@case("claude", "terminal")
@pytest.mark.parametrize(("key", "effect"), [("\r", "done"), ("\x1b", "refused")])
def test_the_terminal_answers_first(world: AgentGateway, key: str, effect: str) -> None:
    target = world.project / f"terminal-{effect}.txt"
    session = _start(world, f"run echo x > {target}", "say ok")
    asked = approvals.pending(world, session)
    world.wait_until("its dialog", lambda: "Do you want" in world.shown(session))
    world.tether("send", session, key)
    found = approvals.settled(world, asked["id"], effect=True)
    assert (found["state"], found["effect"]) == ("terminal", effect)
    assert "terminal" in approvals.decide(world, asked["id"], "allow")["message"]
    approvals.wait_activity(world, session, "done", "idle")
    assert target.exists() == (effect == "done")


@case("claude", "race")
def test_two_devices_race(world: AgentGateway) -> None:
    session = _start(world, "run echo race > /dev/null; true > race.txt", "say ok")
    asked = approvals.pending(world, session)
    first = approvals.decide(world, asked["id"], "deny")
    second = approvals.decide(world, asked["id"], "allow")
    assert (first["state"], second["error"]) == ("denied", "decided")
    assert "denied" in second["message"]
    approvals.wait_activity(world, session, "done", "idle")


@pytest.mark.parametrize(
    "service",
    [*(pytest.param(one, marks=case("claude", one)) for one in ("adapters", "broker")), "store", "web"],
)
def test_what_is_asked_outlives(world: AgentGateway, service: str) -> None:
    target = Path(world.project / f"after-{service}.txt")
    session = _start(world, f"run echo y > {target}", "say ok")
    approvals.survives(world, session, approvals.pending(world, session), service)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.exists()


@case("claude", "gateway")
def test_what_is_asked_outlives_the_whole_gateway(world: AgentGateway) -> None:
    target = world.project / "after-all.txt"
    session = _start(world, f"run echo z > {target}", "say ok")
    asked = approvals.pending(world, session)
    for service in ("supervisord", "adapters", "broker", "store", "web", "spawner"):
        with contextlib.suppress(AssertionError, ProcessLookupError):
            world.kill(service)
    world.start()
    again = approvals.pending(world, session)
    assert again["id"] == asked["id"]

    def allowed() -> bool:
        return approvals.decide(world, asked["id"], "allow").get("state") == "allowed"

    world.wait_until("the decision is taken", allowed, 30)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.exists()


def test_a_prompt_from_a_device(world: AgentGateway) -> None:
    session = _start(world, "run echo p > /dev/null; touch p.txt", "say first")
    asked = approvals.pending(world, session)
    assert approvals.say(world, session, "prompt", text="[[say never]]")["error"] == "busy"
    approvals.decide(world, asked["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert approvals.say(world, session, "prompt", text="two\nlines [[say second]]").get("id") == session
    world.wait_until("the second reply", lambda: "second" in world.shown(session))


@case("claude", "interrupt")
def test_a_device_interrupts(world: AgentGateway) -> None:
    session = _start(world, "stream endless")
    approvals.wait_activity(world, session, "working")
    world.wait_until("words", lambda: "esc to interrupt" in world.shown(session))
    assert approvals.say(world, session, "interrupt").get("id") == session
    approvals.wait_activity(world, session, "idle")
    world.model.release("endless")


@case("claude", "resume")
def test_a_conversation_goes_on_in_a_new_session(world: AgentGateway) -> None:
    session = _start(world, "say remember me")
    approvals.wait_activity(world, session, "done")
    world.tether("stop", session, "--yes")
    world.wait_state(session, "stopped", "exited")
    again = str(world.tether("resume", session, "-d").stdout).strip()
    world.wait_until("what was said before", lambda: "remember me" in world.shown(again))
    assert world.session(again)["parent"] == session
    approvals.wait_activity(world, again, "idle")


@case("claude", "stop")
def test_a_stop_leaves_no_process(world: AgentGateway) -> None:
    session = _start(world, f"run touch {world.project}/s; exec sleep 4242")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    world.wait_until("its command", lambda: _running("sleep 4242"))
    agent = world.agent_pid(session)
    world.tether("stop", session, "--yes")
    world.wait_state(session, "stopped", "exited")
    assert not _running("sleep 4242")
    assert not Path(f"/proc/{agent}").exists()


@case("claude", "self")
def test_it_can_not_approve_itself(world: AgentGateway) -> None:
    selfapproval.tries(world, "claude", lambda prompt: world.start_agent("claude", prompt), "gotcha-claude.txt")


@case("claude", "plan")
def test_a_plan_is_approved(world: AgentGateway) -> None:
    asks = '[[call ExitPlanMode|{"plan": "First this, then that."}]] [[say ok]]'
    session = world.start_agent("claude", asks, "--permission-mode", "plan")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "plan"
    assert "First this" in asked["exact"]
    assert world.session(session)["attention"] == "plan"
    assert approvals.decide(world, asked["id"], "allow")["state"] == "allowed"
    approvals.wait_activity(world, session, "done")


@case("claude", "lost")
def test_with_settings_of_the_callers_it_is_a_plain_terminal_and_says_so(world: AgentGateway) -> None:
    session = world.start_agent("claude", "", "--settings", "{}")
    found = approvals.wait_degraded(world, session)
    assert "--settings was given" in found
    assert world.session(session)["state"] == "running"


def _running(command: str) -> bool:
    return subprocess.run(["pgrep", "-fx", command], capture_output=True, check=False).returncode == 0


def test_an_interrupt_is_seen_by_its_title(world: AgentGateway) -> None:
    session = _start(world, "stream forever")
    approvals.wait_activity(world, session, "working")
    world.wait_until("words", lambda: "word" in world.shown(session) or "esc to interrupt" in world.shown(session))
    world.tether("send", session, "\x1b")
    found = approvals.wait_activity(world, session, "idle")
    assert found["source"] == "title"
    world.model.release("forever")
