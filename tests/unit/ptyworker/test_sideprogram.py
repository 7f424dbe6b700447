"""What runs beside an agent is there before the agent is executed, or the agent goes on alone."""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

import pytest

from tests.support.gateway import FAKE_AGENTS
from tests.support.waiting import wait_until
from tether.ptyworker import kin
from tether.ptyworker.agentprocess import AgentProcess, Execution
from tether.ptyworker.sideprogram import SideProgram


@pytest.mark.parametrize(("way", "said"), [((), b"together"), (("never",), b"alone")])
def test_the_agent_is_told_whether_it_has_company(tmp_path: Path, way: tuple[str, ...], said: bytes) -> None:
    socket = str(tmp_path / "s")
    side = SideProgram(
        [sys.executable, str(FAKE_AGENTS / "sidecar.py"), socket, *way], socket, ["sh", "-c", "echo alone; sleep 60"]
    )
    script = f"test -S {socket} && echo together; sleep 60"
    master, slave = os.openpty()
    try:
        env = {"PATH": os.environ["PATH"]}
        agent, report = AgentProcess().start(
            slave, Execution("/bin/sh", ["sh", "-c", script], env, str(tmp_path), side)
        )
        data = bytearray()

        def read() -> bool:
            if select.select([master], [], [], 0.05)[0]:
                data.extend(os.read(master, 4096))
            return said in data

        wait_until("the agent speaks", read)
        os.close(report)
        started = kin.kin(agent, 0, "none")
        beside = [pid for pid in started if b"sidecar" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert bool(beside) == (said == b"together")
        kin.send(started, signal.SIGKILL)
        os.waitpid(agent, 0)
    finally:
        os.close(master)
        os.close(slave)
