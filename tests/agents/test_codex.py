"""The real codex beside its terminal: what it asks is pending on a second client, and is decided once."""

from __future__ import annotations

import hashlib
import os
import signal

import pytest

from tests.agents import selfapproval
from tests.agents.cases import case
from tests.support import approvals
from tests.support.agents import AgentGateway


def _start(world: AgentGateway, *steps: str) -> str:
    return world.start_agent("codex", " ".join(f"[[{step}]]" for step in steps))


def running(world: AgentGateway, session: str, command: str) -> bool:
    """Whether the session runs a command; not codex itself, whose arguments hold the prompt that has it."""
    return any(one.split(" ", 1)[1].strip() == command for one in world.processes_of(session))


@case("codex", "reply")
def test_a_turn_is_told_from_its_beginning_to_its_end(world: AgentGateway) -> None:
    session = _start(world, "say fine then")
    approvals.wait_activity(world, session, "done")
    told = [event for event in world.events(session) if event["type"] == "told"]
    assert [event["facts"]["phase"] for event in told if event["kind"] == "turn"] == ["began", "ended"]
    assert [event["text"] for event in told if event["kind"] == "message"] == ["fine then"]
    assert world.session(session)["conversation"]


@case("codex", "command")
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
    world.keep_recording(session, "codex")


@case("codex", "edit")
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


@case("codex", "deny")
@pytest.mark.parametrize("step", ["run rm -rf nothing-here", "edit calc.py|    return a - b|    return b"])
def test_the_reason_of_a_no_reaches_the_model(world: AgentGateway, step: str) -> None:
    session = _start(world, step, "say understood")
    asked = approvals.pending(world, session)
    reason = f"use the bin instead of {asked['kind']}"
    assert approvals.decide(world, asked["id"], "deny", reason=reason)["state"] == "denied"
    world.model.wait_told(reason)
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "refused"
    approvals.wait_activity(world, session, "done")


@case("codex", "question")
def test_a_question_is_answered(world: AgentGateway) -> None:
    asks = (
        'call request_user_input|{"questions":[{"id":"q","question":"Which one?","header":"Choice","options":'
        '[{"label":"red","description":"r"},{"label":"blue","description":"b"}]}]}'
    )
    session = _start(world, "say ready")
    approvals.wait_activity(world, session, "done")
    world.tether("send", session, "\x1b[200~/plan\x1b[201~")
    world.tether("send", session, "\r")
    world.wait_until("plan mode", lambda: "Plan mode" in world.shown(session), 20)
    world.prompt(session, f"[[{asks}]] [[say ok]]")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "question"
    assert [one["label"] for one in asked["questions"][0]["options"]] == ["red", "blue"]
    assert world.session(session)["attention"] == "question"
    assert approvals.decide(world, asked["id"], "answer", answers={"Which one?": "blue"})["state"] == "answered"
    world.model.wait_told("blue")
    approvals.wait_activity(world, session, "done")


@case("codex", "terminal")
@pytest.mark.parametrize(("key", "effect"), [("y", "done"), ("\x1b", "refused")])
def test_the_terminal_answers_first(world: AgentGateway, key: str, effect: str) -> None:
    target = world.project / f"terminal-{effect}.txt"
    session = _start(world, f"run echo x > {target}", "say ok")
    asked = approvals.pending(world, session)
    world.wait_until("its dialog", lambda: "Would you like to run" in world.shown(session))
    world.tether("send", session, key)
    found = approvals.settled(world, asked["id"], effect=True)
    assert (found["state"], found["effect"]) == ("terminal", effect)
    assert "terminal" in approvals.decide(world, asked["id"], "allow")["message"]
    approvals.wait_activity(world, session, "done", "idle")
    assert target.exists() == (effect == "done")


@case("codex", "race")
def test_two_devices_race(world: AgentGateway) -> None:
    session = _start(world, "run true > race.txt", "say ok")
    asked = approvals.pending(world, session)
    first = approvals.decide(world, asked["id"], "deny")
    second = approvals.decide(world, asked["id"], "allow")
    assert (first["state"], second["error"]) == ("denied", "decided")
    assert "denied" in second["message"]
    approvals.wait_activity(world, session, "done", "idle")
    assert not (world.project / "race.txt").exists()


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=case("codex", what)) for what in ("adapters", "broker", "gateway")]
)
def test_what_is_asked_outlives(world: AgentGateway, what: str) -> None:
    target = world.project / f"after-{what}.txt"
    session = _start(world, f"run echo y > {target}", "say ok")
    approvals.survives(world, session, approvals.pending(world, session), what)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.exists()


def test_what_its_terminal_answers_while_nobody_listens_is_pending_no_more(world: AgentGateway) -> None:
    session = _start(world, "run true > unheard.txt", "say ok")
    asked = approvals.pending(world, session)
    pid = world.kill("adapters", signal.SIGSTOP)
    world.tether("send", session, "y")
    world.wait_until("it was done", (world.project / "unheard.txt").exists)
    os.kill(pid, signal.SIGKILL)
    assert approvals.settled(world, asked["id"])["state"] == "unknown"
    approvals.wait_activity(world, session, "done", "idle")


@case("codex", "interrupt")
def test_an_interrupt_ends_its_turn_and_what_it_runs(world: AgentGateway) -> None:
    session = _start(world, "run sleep 1234", "say ok")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    world.wait_until("it runs", lambda: running(world, session, "sleep 1234"))
    world.interrupt(session)
    approvals.wait_activity(world, session, "idle")
    world.wait_until("it is gone", lambda: not running(world, session, "sleep 1234"))


@case("codex", "lost")
def test_without_its_server_it_runs_on_and_says_so(world: AgentGateway) -> None:
    session = _start(world, "say ready")
    approvals.wait_activity(world, session, "done")
    (server,) = [one for one in world.processes_of(session) if "app-server" in one]
    os.kill(int(server.split()[0]), signal.SIGKILL)
    assert "server does not answer" in approvals.wait_degraded(world, session)
    assert approvals.activity(world, session)["state"] == "unknown"
    assert world.session(session)["state"] == "running"


@case("codex", "stop")
@pytest.mark.parametrize("how", ["stop", "exit"])
def test_its_end_leaves_no_process(world: AgentGateway, how: str) -> None:
    session = _start(world, "run sleep 4321", "say ok")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    world.wait_until("it runs", lambda: running(world, session, "sleep 4321"))
    if how == "stop":
        world.tether("stop", session, "--yes")
    else:
        os.kill(world.agent_pid(session), signal.SIGKILL)
    world.wait_until("it has ended", lambda: world.session(session)["state"] in ("stopped", "exited"), 20)
    assert not world.processes_of(session)


@case("codex", "resume")
def test_an_ended_conversation_is_gone_on_with(world: AgentGateway) -> None:
    session = _start(world, "say remember this")
    approvals.wait_activity(world, session, "done")
    name = world.session(session)["conversation"]
    world.tether("stop", session, "--yes")
    again = str(world.tether("resume", session, "-d", cwd=world.project).stdout).strip()
    assert world.session(again)["parent"] == session
    world.wait_until("what was said", lambda: "remember this" in world.shown(again), 30)
    world.prompt(again, "[[write again.txt|x]] [[say here again]]")
    assert approvals.decide(world, approvals.pending(world, again)["id"], "allow")["state"] == "allowed"
    approvals.wait_activity(world, again, "done", timeout=60)
    assert world.session(again)["conversation"] == name


@case("codex", "self")
def test_it_can_not_approve_itself(world: AgentGateway) -> None:
    selfapproval.tries(world, "codex", lambda prompt: world.start_agent("codex", prompt), "gotcha-codex.txt")
