"""The real Claude Code, where it differs: its hooks are processes, and its title tells what no hook does."""

from __future__ import annotations

import pytest

from tests.agents.drivers import DRIVERS
from tests.support import approvals
from tests.support.agents import AgentGateway

CLAUDE = DRIVERS["claude"]


@pytest.mark.parametrize("service", ["store", "web"])
def test_what_is_asked_outlives(world: AgentGateway, service: str) -> None:
    target = world.project / f"after-{service}.txt"
    session = CLAUDE.begin(world, f"run echo y > {target}", "say ok")
    approvals.survives(world, session, approvals.pending(world, session), service)
    approvals.wait_activity(world, session, "done", timeout=60)
    assert target.exists()


def test_a_prompt_from_a_device(world: AgentGateway) -> None:
    session = CLAUDE.begin(world, "run echo p > /dev/null; touch p.txt", "say first")
    asked = approvals.pending(world, session)
    assert approvals.say(world, session, "prompt", text="[[say never]]")["error"] == "busy"
    approvals.decide(world, asked["id"], "allow")
    approvals.wait_activity(world, session, "done")
    assert approvals.say(world, session, "prompt", text="two\nlines [[say second]]").get("id") == session
    world.wait_until("the second reply", lambda: "second" in world.shown(session))


def test_an_interrupt_is_seen_by_its_title(world: AgentGateway) -> None:
    session = CLAUDE.begin(world, "stream forever")
    approvals.wait_activity(world, session, "working")
    world.wait_until("words", lambda: "word" in world.shown(session) or "esc to interrupt" in world.shown(session))
    world.tether("send", session, "\x1b")
    found = approvals.wait_activity(world, session, "idle")
    assert found["source"] == "title"
    world.model.release("forever")
