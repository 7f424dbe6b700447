"""The real agents with Tether's own tools: each is called by its model, and a person answers what is asked."""

from __future__ import annotations

import pytest

from tests.agents.cases import AGENTS, case
from tests.support import approvals
from tests.support.agents import AgentGateway

# What each agent calls a tool of the server `tether`.
PREFIXES = {"claude": "mcp__tether__", "codex": "", "opencode": "tether_"}


@pytest.fixture(params=[pytest.param(agent, marks=case(agent, "tools")) for agent in AGENTS])
def agent(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_its_model_uses_tethers_tools(world: AgentGateway, agent: str) -> None:
    prefix = PREFIXES[agent]
    # Agents start their servers of tools beside their first turn.
    session = world.start_agent(agent, "[[say ready]]")
    approvals.wait_activity(world, session, "done", timeout=120)
    calls = [
        'report_status|{"status": "half way"}',
        "list_sessions|{}",
        'read_session|{"what": "screen"}',
        'ask_human|{"question": "Which base?", "options": ["main", "next"]}',
    ]
    world.prompt(session, " ".join(f"[[call {prefix}{one}]]" for one in calls) + " [[say thanks]]")
    asked = approvals.pending(world, session)
    assert (asked["kind"], asked["title"]) == ("question", "Which base?")
    assert world.session(session)["attention"] == "question"
    assert approvals.activity(world, session)["said"] == "half way"
    answers = {"Which base?": "next, and quickly"}
    assert approvals.decide(world, asked["id"], "answer", answers=answers)["state"] == "answered"
    world.model.wait_told("next, and quickly")
    approvals.wait_activity(world, session, "done", timeout=60)
    assert approvals.get(world, asked["id"])["effect"] == "done"
    assert session in world.model.transcript(), "list_sessions"
    assert "No such tool" not in world.model.transcript()


def test_its_person_may_leave_a_question_alone(world: AgentGateway, agent: str) -> None:
    session = world.start_agent(agent, "[[say ready]]")
    approvals.wait_activity(world, session, "done", timeout=120)
    world.prompt(session, f'[[call {PREFIXES[agent]}ask_human|{{"question": "Shall I?"}}]] [[say alone]]')
    asked = approvals.pending(world, session)
    world.interrupt(session)
    approvals.wait_activity(world, session, "idle", timeout=60)
    assert approvals.settled(world, asked["id"])["state"] == "cancelled"
