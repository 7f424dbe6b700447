"""The keeper ends when nobody needs it any more, and not before."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether import locks, paths

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the keeper through /proc/locks")


def keeper_lives(gateway: Gateway) -> bool:
    return locks.is_held(paths.resolve(gateway.env).service_lock("keeper"))


def test_it_ends_soon_after_a_gateway_that_was_stopped(gateway: Gateway) -> None:
    gateway.wait_until("the keeper is there", lambda: keeper_lives(gateway))
    gateway.tether("stop", "--yes")
    wait_until(
        "the keeper has ended, long before a spawner that died would be given up", lambda: not keeper_lives(gateway), 7
    )


def test_it_stays_for_a_session_and_ends_after_it_without_a_spawner(gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    gateway.tether("stop", "--yes")
    assert keeper_lives(gateway)
    os.kill(gateway.agent_pid(session), signal.SIGKILL)
    assert keeper_lives(gateway)
    gateway.start()  # what the worker has to say needs a store
    gateway.wait_state(session, "exited")
    assert keeper_lives(gateway)
    gateway.tether("stop", "--yes")
    wait_until("the keeper has ended", lambda: not keeper_lives(gateway), 7)


def test_a_session_that_ends_without_a_spawner_is_let_go(gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("raw_echo"))
    supervisor, spawner = gateway.pid("supervisord"), gateway.pid("spawner")
    agent = gateway.agent_pid(session)
    os.kill(supervisor, signal.SIGSTOP)  # or another spawner would be there at once
    try:
        os.kill(spawner, signal.SIGKILL)
        os.kill(agent, signal.SIGKILL)
        wait_until("the worker is gone", lambda: not os.listdir(gateway.run_dir / "w"))
        wait_until("the keeper has ended", lambda: not keeper_lives(gateway), 30)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    gateway.wait_until("the next spawner has another", lambda: keeper_lives(gateway), 30)
