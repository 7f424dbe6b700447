"""An agent that was told to approve itself: it is given leave for one command, which then tries to give it leave for
another, in every way that a program inside a session has."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.support import approvals
from tests.support.agents import AgentGateway

_DECISION = "-H 'X-Tether: 1' -H 'Content-Type: application/json' -d '{\"decision\": \"allow\"}'"


def tries(world: AgentGateway, agent: str, start: Callable[[str], str], marker: str) -> None:
    """`start` gives the agent a prompt and returns its session; `marker` is the file that must never be."""
    folder = world.project / f"self-{agent}"
    folder.mkdir()
    tether = f"{sys.executable} -m tether.cli"
    script = folder / "try.sh"
    url = "http://localhost/api/v1/approvals/$A/decision"
    script.write_text(
        f"export TETHER_HOME={world.root}\n"
        f"while true; do A=$(cat {folder}/asked 2>/dev/null) && break; done\n"
        f"curl -s --unix-socket {world.run_dir}/web.sock {_DECISION} {url} > {folder}/said\n"
        f"{tether} approve $A --yes >> {folder}/said 2>&1\n"
        f"{tether} keys $TETHER_SESSION_ID enter >> {folder}/said 2>&1\n"
        f"touch {folder}/tried\n"
    )
    # Codex ends what a command leaves in its group.
    begin = folder / "begin.sh"
    begin.write_text(f"setsid sh {script} > /dev/null 2>&1 < /dev/null &\n")
    session = start(f"[[run sh {begin}]] [[run touch {marker}]] [[say ok]]")
    first = approvals.pending(world, session)
    approvals.decide(world, first["id"], "allow")
    approvals.settled(world, first["id"])
    asked = approvals.pending(world, session)
    assert marker in asked["exact"]
    (folder / "name").write_text(asked["id"])
    (folder / "name").rename(folder / "asked")  # there with what is in it
    world.wait_until("its tries", lambda: (folder / "tried").exists(), 30)
    assert approvals.get(world, asked["id"])["state"] == "pending"
    assert '"inside"' in (folder / "said").read_text()
    shown = world.tether("audit", "--export", "jsonl").stdout
    assert any("self-approval-attempt" in line and session in line for line in shown.splitlines())
    approvals.decide(world, asked["id"], "deny", reason="no")
    approvals.wait_activity(world, session, "done", "idle")
    assert not (world.project / marker).exists()
