"""The real agents, each put through the same cases: what it asks is pending on a second client, and is decided once."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.agents import selfapproval
from tests.agents.drivers import Driver, each
from tests.support import approvals
from tests.support.agents import AgentGateway
from tests.support.gateway import free_port


def turns(world: AgentGateway, session: str) -> list[dict[str, Any]]:
    """What was told of the newest turn."""
    told = [event for event in world.events(session) if event["type"] == "told"]
    newest = next(event["turn"] for event in reversed(told) if event["kind"] == "turn")
    return [event for event in told if event["turn"] == newest]


def running(world: AgentGateway, session: str, command: str) -> bool:
    """Whether the session runs a command; not its agent, whose arguments may hold the prompt that has it."""
    return any(one.split(" ", 1)[1].strip() == command for one in world.processes_of(session))


@each("reply")
def test_a_turn_is_told_from_its_beginning_to_its_end(world: AgentGateway, agent: Driver) -> None:
    session = agent.begin(world, "say fine then")
    world.wait_until("the turn", lambda: approvals.activity(world, session).get("state") == "done", 120)
    world.wait_until("its text", lambda: any(one["text"] == "fine then" for one in turns(world, session)))
    told = turns(world, session)
    assert [one["facts"]["phase"] for one in told if one["kind"] == "turn"] == ["began", "ended"]
    assert [one["text"] for one in told if one["kind"] == "message"] == ["fine then"]
    assert world.session(session)["conversation"]


@each("usage")
def test_what_a_turn_used_is_told(world: AgentGateway, agent: Driver) -> None:
    session = agent.ready(world)

    def used() -> list[dict[str, Any]]:
        return [one["facts"] for one in turns(world, session) if one["kind"] == "usage"]

    world.wait_until("its tokens", used)
    assert (int(used()[-1]["input"]), int(used()[-1]["output"])) == (100, 10)


@each("command")
def test_a_command_is_allowed_from_a_second_client(world: AgentGateway, agent: Driver) -> None:
    target = world.project / f"{agent.name}-allowed.txt"
    session = agent.fresh(world, f"run echo yes > {target}", "say ok")
    asked = approvals.pending(world, session, timeout=120)
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
    world.tether("stop", session, "--yes")
    world.keep_recording(session, agent.name)


@each("edit")
def test_an_edit_is_shown_with_its_diff(world: AgentGateway, agent: Driver) -> None:
    name = f"{agent.name}-edited.py"
    (world.project / name).write_text("one\ntwo\nthree\n")
    session = agent.begin(world, f"run cat {world.project / name}", f"edit {world.project / name}|two|2", "say ok")

    def edit() -> dict[str, Any] | None:
        asked = approvals.pending(world, session)
        if asked["kind"] == "command":  # of codex and opencode, which ask before they read with a command
            approvals.decide(world, asked["id"], "allow")
            approvals.settled(world, asked["id"])
        return asked if asked["kind"] == "edit" else None

    asked = world.wait_until("the edit", edit, 60) or {}
    assert asked["diff"].endswith("@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n")
    assert name in asked["diff"]
    approvals.decide(world, asked["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert (world.project / name).read_text() == "one\n2\nthree\n"

    def turn() -> bool:
        done = world.tether("diff", session, "--turn", "last", check=False)
        return name in done.stdout and "-two" in done.stdout and "+2" in done.stdout

    world.wait_until("the turn's own diff", turn, 20)
    assert json.loads(world.tether("turns", session, "--json").stdout)


@each("deny")
def test_the_reason_of_a_no_reaches_the_model(world: AgentGateway, agent: Driver) -> None:
    session = agent.begin(world, "run rm -rf nothing-here", "say understood")
    asked = approvals.pending(world, session)
    reason = f"use the bin instead, {agent.name}"
    assert approvals.decide(world, asked["id"], "deny", reason=reason)["state"] == "denied"
    world.model.wait_told(reason)
    approvals.wait_activity(world, session, "done", "idle")


@each("session")
def test_what_is_allowed_for_the_session_decides_until_it_is_undone(world: AgentGateway, agent: Driver) -> None:
    target = world.project / f"{agent.name}-again.txt"
    session = agent.begin(world, f"run echo x >> {target}", f"run echo x >> {target}", "say ok")
    asked = approvals.pending(world, session)
    assert approvals.decide(world, asked["id"], "allow", scope="session")["state"] == "allowed"
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.read_text() == "x\nx\n"
    again = [one for one in approvals.every(world, session) if one["rule"] == f"grant {asked['id']}"]
    assert [one["state"] for one in again] == ["allowed"]
    world.tether("grants", "undo", asked["id"])
    world.prompt(session, f"[[run echo x >> {target}]] [[say ok]]")
    undone = approvals.pending(world, session)
    assert undone["exact"] == asked["exact"]
    approvals.decide(world, undone["id"], "deny")
    approvals.wait_activity(world, session, "done", "idle")


@each("together")
def test_two_things_that_are_asked_in_one_reply_are_each_decided(world: AgentGateway, agent: Driver) -> None:
    one, two = (world.project / f"{agent.name}-{name}.txt" for name in ("one", "two"))
    session = agent.begin(world, f"run touch {one}", "and", f"run touch {two}", "say ok")
    decided: dict[str, str] = {}
    while len(decided) < 2:
        asked = approvals.pending(world, session)
        assert approvals.decide(world, asked["id"], "allow")["state"] == "allowed"
        approvals.settled(world, asked["id"])
        decided[asked["id"]] = asked["exact"]
    approvals.wait_activity(world, session, "done")
    assert len(set(decided.values())) == 2
    assert [approvals.settled(world, name, effect=True)["effect"] for name in decided] == ["done", "done"]
    assert one.exists()
    assert two.exists()


@each("question")
def test_a_question_is_answered(world: AgentGateway, agent: Driver) -> None:
    if agent.name == "codex":  # asks in its plan mode alone
        session = agent.ready(world)
        world.tether("send", session, "\x1b[200~/plan\x1b[201~")
        world.tether("send", session, "\r")
        world.wait_until("plan mode", lambda: "Plan mode" in world.shown(session), 20)
        world.prompt(session, f"[[{agent.asks}]] [[say ok]]")
    else:
        session = agent.begin(world, agent.asks, "say ok")
    asked = approvals.pending(world, session)
    assert asked["kind"] == "question"
    assert [one["label"] for one in asked["questions"][0]["options"]] == ["red", "blue"]
    assert world.session(session)["attention"] == "question"
    assert approvals.decide(world, asked["id"], "answer", answers={"Which one?": "blue"})["state"] == "answered"
    world.model.wait_told("blue")
    approvals.wait_activity(world, session, "done")


@each("plan")
def test_a_plan_is_approved(world: AgentGateway, agent: Driver) -> None:
    target = world.project / "planned.txt"
    steps = ['[[call ExitPlanMode|{"plan": "First this, then that."}]]', f"[[write {target}|x]]", "[[say ok]]"]
    session = world.start_agent(agent.name, " ".join(steps), "--permission-mode", "plan")
    asked = approvals.pending(world, session)
    assert (asked["kind"], world.session(session)["attention"]) == ("plan", "plan")
    assert "First this" in asked["exact"]
    assert "without asking from then on" in asked["detail"]
    assert approvals.decide(world, asked["id"], "allow")["state"] == "allowed"
    approvals.settled(world, asked["id"])
    # It goes back to what it was before it planned, and so asks.
    edit = approvals.pending(world, session)
    assert edit["kind"] == "edit"
    approvals.decide(world, edit["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert target.exists()


@each("terminal")
@pytest.mark.parametrize("effect", ["done", "refused"])
def test_the_terminal_answers_first(world: AgentGateway, agent: Driver, effect: str) -> None:
    target = world.project / f"{agent.name}-terminal-{effect}.txt"
    session = agent.begin(world, f"run echo x > {target}", "say ok")
    asked = approvals.pending(world, session)
    world.wait_until("its dialog", lambda: agent.dialog in world.shown(session))
    world.tether("send", session, agent.yes if effect == "done" else agent.no)
    found = approvals.settled(world, asked["id"], effect=True)
    assert (found["state"], found["effect"]) == ("terminal", effect)
    assert "terminal" in approvals.decide(world, asked["id"], "allow")["message"]
    approvals.wait_activity(world, session, "done", "idle")
    assert target.exists() == (effect == "done")


@each("race")
def test_two_devices_race(world: AgentGateway, agent: Driver) -> None:
    target = world.project / f"{agent.name}-race.txt"
    session = agent.begin(world, f"run true > {target}", "say ok")
    asked = approvals.pending(world, session)
    first = approvals.decide(world, asked["id"], "deny", reason="no")
    second = approvals.decide(world, asked["id"], "allow")
    assert (first["state"], second["error"]) == ("denied", "decided")
    assert "denied" in second["message"]
    approvals.wait_activity(world, session, "done", "idle")
    assert not target.exists()


@each("interrupt")
def test_a_device_interrupts(world: AgentGateway, agent: Driver) -> None:
    session = agent.begin(world, f"stream {agent.name}")
    approvals.wait_activity(world, session, "working", timeout=60)
    world.wait_until("words", lambda: "word1" in world.shown(session), 30)
    world.interrupt(session)
    approvals.wait_activity(world, session, "idle")
    world.model.release(agent.name)


@each("tools")
def test_its_model_uses_tethers_tools(world: AgentGateway, agent: Driver) -> None:
    session = agent.ready(world)
    calls = [
        'report_status|{"status": "half way"}',
        "list_sessions|{}",
        'read_session|{"what": "screen"}',
        'ask_human|{"question": "Which base?", "options": ["main", "next"]}',
    ]
    world.prompt(session, " ".join(f"[[call {agent.tool}{one}]]" for one in calls) + " [[say thanks]]")
    asked = approvals.pending(world, session)
    assert (asked["kind"], asked["title"]) == ("question", "Which base?")
    assert world.session(session)["attention"] == "question"
    assert approvals.activity(world, session)["said"] == "half way"
    answer = f"next, and quickly, {agent.name}"
    assert approvals.decide(world, asked["id"], "answer", answers={"Which base?": answer})["state"] == "answered"
    world.model.wait_told(answer)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert approvals.get(world, asked["id"])["effect"] == "done"
    assert session in world.model.transcript(), "list_sessions"


@each("tools")
def test_its_question_is_left_alone(world: AgentGateway, agent: Driver) -> None:
    session = agent.ready(world)
    world.prompt(session, f'[[call {agent.tool}ask_human|{{"question": "Shall I?"}}]] [[say alone]]')
    asked = approvals.pending(world, session)
    world.interrupt(session)
    approvals.wait_activity(world, session, "idle", timeout=60)
    assert approvals.settled(world, asked["id"])["state"] == "cancelled"


@each("self")
def test_it_can_not_approve_itself(world: AgentGateway, agent: Driver) -> None:
    def prompted(prompt: str) -> str:
        return agent.begin(world, prompt.removeprefix("[[").removesuffix("]]"))

    selfapproval.tries(world, agent.name, prompted, f"gotcha-{agent.name}.txt")


@each("adapters")
def test_what_is_asked_outlives_the_adapters(world: AgentGateway, agent: Driver) -> None:
    _outlives(world, agent, "adapters")


@each("broker")
def test_what_is_asked_outlives_the_broker(world: AgentGateway, agent: Driver) -> None:
    _outlives(world, agent, "broker")


@each("gateway")
def test_what_is_asked_outlives_the_whole_gateway(world: AgentGateway, agent: Driver) -> None:
    _outlives(world, agent, "gateway")


def _outlives(world: AgentGateway, agent: Driver, what: str) -> None:
    target = world.project / f"{agent.name}-after-{what}.txt"
    session = agent.begin(world, f"run echo y > {target}", "say ok")
    approvals.survives(world, session, approvals.pending(world, session), what)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.exists()


@each("stop")
def test_a_stop_has_it_leave_off_and_leaves_no_process(world: AgentGateway, agent: Driver) -> None:
    session = agent.begin(world, f"run touch {world.project}/s; exec sleep 4321", "say ok")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    world.wait_until("it runs", lambda: running(world, session, "sleep 4321"))
    world.tether("stop", session, "--yes")
    world.wait_state(session, "stopped", "exited")
    assert not world.processes_of(session)
    if agent.name != "claude":  # its title alone tells of it, and a transcript that it keeps itself
        told = turns(world, session)
        assert [one["facts"]["phase"] for one in told if one["kind"] == "turn"][-1] == "interrupted"


@each("resume")
def test_a_conversation_goes_on_in_a_new_session(world: AgentGateway, agent: Driver) -> None:
    session = agent.fresh(world, "say remember me")
    approvals.wait_activity(world, session, "done", timeout=120)
    name = world.session(session)["conversation"]
    world.tether("stop", session, "--yes")
    world.wait_state(session, "stopped", "exited")
    again = str(world.tether("resume", session, "-d", cwd=world.project).stdout).strip()
    assert world.session(again)["parent"] == session
    world.wait_until("what was said before", lambda: "remember me" in world.shown(again), 120)
    approvals.wait_activity(world, again, "idle", "done", timeout=120)
    world.prompt(again, "[[say here again]]")
    world.wait_until("its answer", lambda: "here again" in world.shown(again), 60)
    assert world.session(again)["conversation"] == name


@each("lost")
def test_without_its_side_channel_it_runs_on_and_says_so(world: AgentGateway, agent: Driver) -> None:
    taken = {"claude": ["--settings", "{}"], "codex": ["--no-daemon"], "opencode": ["--port", str(free_port())]}
    session = world.start_agent(agent.name, "", *taken[agent.name])
    assert f"{taken[agent.name][0]} was given" in approvals.wait_degraded(world, session)
    assert world.session(session)["state"] == "running"
    world.tether("stop", session, "--yes", "--timeout", "3")
