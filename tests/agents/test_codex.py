"""The real codex, where it differs from the others: a server of its session's own, which outlives much."""

from __future__ import annotations

import os
import signal

from tests.agents.drivers import DRIVERS
from tests.agents.test_matrix import running
from tests.support import approvals
from tests.support.agents import AgentGateway

CODEX = DRIVERS["codex"]


def test_a_file_that_is_added_and_a_change_that_is_denied(world: AgentGateway) -> None:
    session = CODEX.begin(
        world, "write added.txt|a\\nb", "edit calc.py|    return a - b|    return b", "say understood"
    )
    asked = approvals.pending(world, session)
    assert asked["diff"] == "--- /dev/null\n+++ b/added.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    approvals.decide(world, asked["id"], "allow")
    approvals.settled(world, asked["id"])
    asked = approvals.pending(world, session)
    assert approvals.decide(world, asked["id"], "deny", reason="not this edit")["state"] == "denied"
    world.model.wait_told("not this edit")
    assert approvals.settled(world, asked["id"], effect=True)["effect"] == "refused"
    approvals.wait_activity(world, session, "done")
    assert (world.project / "added.txt").read_text() == "a\nb\n"


def test_what_its_terminal_answers_while_nobody_listens_is_pending_no_more(world: AgentGateway) -> None:
    session = CODEX.begin(world, "run true > unheard.txt", "say ok")
    asked = approvals.pending(world, session)
    pid = world.kill("adapters", signal.SIGSTOP)
    world.tether("send", session, "y")
    world.wait_until("it was done", (world.project / "unheard.txt").exists)
    os.kill(pid, signal.SIGKILL)
    assert approvals.settled(world, asked["id"])["state"] == "unknown"
    approvals.wait_activity(world, session, "done", "idle")


def test_an_interrupt_ends_what_it_runs(world: AgentGateway) -> None:
    session = CODEX.begin(world, "run sleep 1234", "say ok")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    world.wait_until("it runs", lambda: running(world, session, "sleep 1234"))
    world.interrupt(session)
    approvals.wait_activity(world, session, "idle")
    world.wait_until("it is gone", lambda: not running(world, session, "sleep 1234"))


def test_without_its_server_it_runs_on_and_says_so(world: AgentGateway) -> None:
    session = CODEX.ready(world)
    (server,) = [one for one in world.processes_of(session) if "app-server" in one]
    os.kill(int(server.split()[0]), signal.SIGKILL)
    assert "server does not answer" in approvals.wait_degraded(world, session)
    assert approvals.activity(world, session)["state"] == "unknown"
    assert world.session(session)["state"] == "running"


def test_its_own_end_leaves_no_process(world: AgentGateway) -> None:
    session = CODEX.begin(world, "run sleep 4321", "say ok")
    approvals.decide(world, approvals.pending(world, session)["id"], "allow")
    world.wait_until("it runs", lambda: running(world, session, "sleep 4321"))
    os.kill(world.agent_pid(session), signal.SIGKILL)
    world.wait_until("it has ended", lambda: world.session(session)["state"] in ("stopped", "exited"), 20)
    assert not world.processes_of(session)
