"""How each agent is driven by a test: what its model calls, what its dialogs say, which keys answer them.

OpenCode is the largest and slowest of the three: one session of it serves all cases that need none of their own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.agents.cases import AGENTS, NOT_THERE, case
from tests.support import approvals
from tests.support.agents import AgentGateway

_NUMBERS = itertools.count(1)
_CHOICES = [{"label": "red", "description": "r"}, {"label": "blue", "description": "b"}]
_QUESTION = {"question": "Which one?", "header": "Choice", "options": _CHOICES}


@dataclass(frozen=True)
class Driver:
    """One agent. `dialog` is what stands on its screen while it asks for a command, `yes` and `no` the keys that answer
    it, `tool` what it calls Tether's tools, `asks` the step that has its model ask a question."""

    name: str
    dialog: str
    yes: str
    no: str
    tool: str
    asks: str
    shared: bool = False

    def begin(self, world: AgentGateway, *steps: str) -> str:
        """Give it a prompt of these steps, in a session that has nothing else to do; the session."""
        prompt = " ".join(f"[[{step}]]" for step in steps)
        if not self.shared:
            return world.start_agent(self.name, prompt)
        session = self._kept(world)
        prompt = f"{prompt} (prompt {next(_NUMBERS)})"
        world.prompt(session, prompt)
        world.model.wait_told(prompt, 60)  # until then it is done with the one before
        return session

    def fresh(self, world: AgentGateway, *steps: str) -> str:
        """The same in a session of its own."""
        return world.start_agent(self.name, " ".join(f"[[{step}]]" for step in steps))

    def ready(self, world: AgentGateway) -> str:
        """A session that has answered once: its tools are there, and it takes prompts from elsewhere."""
        session = self.begin(world, "say ready")
        approvals.wait_activity(world, session, "done", timeout=120)
        return session

    def _kept(self, world: AgentGateway) -> str:
        alive = [row["id"] for row in world.ls() if row["title"] == f"kept {self.name}" and row["state"] == "running"]
        if alive:
            approvals.wait_activity(world, alive[0], "done", "idle", timeout=60)
            return str(alive[0])
        session = world.start_agent(self.name, "[[say ready]]", title=f"kept {self.name}")
        approvals.wait_activity(world, session, "done", timeout=120)
        return session


DRIVERS = {
    "claude": Driver(
        "claude", "Do you want", "\r", "\x1b", "mcp__tether__",
        "call AskUserQuestion|" + json.dumps({"questions": [{**_QUESTION, "multiSelect": False}]}),
    ),
    "codex": Driver(
        "codex", "Would you like to run", "y", "\x1b", "",
        "call request_user_input|" + json.dumps({"questions": [{**_QUESTION, "id": "q"}]}),
    ),
    "opencode": Driver(
        "opencode", "Permission required", "\r", "\x1b", "tether_",
        "call question|" + json.dumps({"questions": [_QUESTION]}), shared=True,
    ),
}  # fmt: skip


def each(name: str) -> Callable[[Callable[..., None]], pytest.MarkDecorator]:
    """Runs a test as the case `name` with every agent that has it, under the name `agent`."""
    there = [agent for agent in AGENTS if (agent, name) not in NOT_THERE]
    params = [pytest.param(DRIVERS[agent], marks=case(agent, name), id=agent) for agent in there]
    return pytest.mark.parametrize("agent", params)
