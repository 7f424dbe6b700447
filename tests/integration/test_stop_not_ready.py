"""`tether stop` and sessions that live while the broker does not know them, or can't reach them yet."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.support.gateway import TETHER, Gateway
from tests.support.waiting import wait_until


def still_there(gateway: Gateway, pids: list[int]) -> list[int]:
    return [pid for pid in pids if pid in gateway._alive()]


@pytest.mark.parametrize("how", ["broker", "gateway"])
def test_stop_all_right_after_a_new_broker_reaches_every_session(gateway: Gateway, how: str) -> None:
    sessions = [gateway.run(gateway.add_fake("raw_echo")) for _ in range(3)]
    pids = [pid for session in sessions for pid in (gateway.worker_pid(session), gateway.agent_pid(session))]
    if how == "broker":
        gateway.kill("broker")
    else:
        gateway.tether("stop", "--yes")
        gateway.start()
    gateway.tether("stop", "--all", "--yes", "--timeout", "2")
    wait_until("workers and agents are gone", lambda: not still_there(gateway, pids), 5)
    assert {gateway.session(session)["state"] for session in sessions} == {"stopped"}


@pytest.mark.parametrize("which", ["--all", "id"])
def test_stop_waits_for_a_worker_that_is_being_replaced(gateway: Gateway, which: str) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    worker, agent, broker = gateway.worker_pid(session), gateway.agent_pid(session), gateway.pid("broker")
    held_up = [gateway.pid("spawner"), gateway.pid("store")]
    for pid in held_up:  # so that nobody replaces the worker, and nobody tells the new broker of the session
        os.kill(pid, signal.SIGSTOP)
    try:
        os.kill(worker, signal.SIGKILL)
        os.kill(broker, signal.SIGKILL)
        gateway.wait_until("another broker is there", lambda: gateway.pid("broker") != broker)
        stop = subprocess.Popen(
            [*TETHER, "stop", session if which == "id" else "--all", "--yes", "--timeout", "2"],
            env=gateway.env,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            early = stop.wait(2)
        except subprocess.TimeoutExpired:
            early = None
    finally:
        for pid in held_up:
            os.kill(pid, signal.SIGCONT)
    said = stop.communicate(timeout=60)[1]
    assert early is None, f"it did not wait for the session: {said}"
    assert stop.returncode == 0, said
    assert gateway.session(session)["state"] == "stopped"
    wait_until("the agent is gone", lambda: not still_there(gateway, [agent]), 5)
