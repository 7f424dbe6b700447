"""The real opencode, where it differs: its server has a password, which its own commands must not see."""

from __future__ import annotations

from tests.agents.drivers import DRIVERS
from tests.support import approvals
from tests.support.agents import AgentGateway


def test_its_password_is_hidden_from_what_it_runs(world: AgentGateway) -> None:
    target = world.project / "env.txt"
    session = DRIVERS["opencode"].begin(world, f"run env > {target}", "say ok")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    approvals.wait_activity(world, session, "done")
    lines = target.read_text().splitlines()
    assert not [line for line in lines if line.startswith("OPENCODE_SERVER_PASSWORD=") and not line.endswith("=")]
    assert not [line for line in lines if line.startswith("OPENCODE_CONFIG_CONTENT={")]
