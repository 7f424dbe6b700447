"""Each real agent starts in a session, takes its first prompt, and its reply is on the screen and in the log."""

from __future__ import annotations

import pytest

from tests.support.agents import AgentGateway
from tests.support.waiting import wait_until


@pytest.mark.parametrize("agent", ["codex", "claude", "opencode"])
def test_a_prompt_is_answered(world: AgentGateway, agent: str) -> None:
    session = world.start_agent(agent, f"hello of {agent}")
    wait_until("the reply on the screen", lambda: f"heard: hello of {agent}" in world.shown(session), 90)
    assert world.model.was_told(f"hello of {agent}")
