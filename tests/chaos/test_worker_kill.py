"""A worker may die at any instant: its successor takes the terminal over, and not a byte is missing."""

from __future__ import annotations

import os
import random
import signal
import sys

import pytest

from tests.chaos.faults import expect_clean_log, quick, seed, sids, start_time, worker_pid
from tests.chaos.sessions import add_numbered, check_log
from tests.chaos.viewer import Viewer
from tests.support.gateway import Gateway
from tests.support.waiting import pause

KILLS = 8 if quick() else 25
STATUS = 7


@pytest.mark.timeout(120 if quick() else 240)
def test_a_flooding_sessions_worker_is_killed_again_and_again() -> None:
    number = seed()
    print(f"TETHER_CHAOS_SEED={number}", file=sys.stderr)
    chance = random.Random(number)
    with Gateway(settings='[log]\nkeep = "all"\n') as gateway:
        # 450 MB at most; it is told to end when the kills are done.
        provider, stop_file = add_numbered(gateway, "flooding", 0, 30_000_000, STATUS)
        session = gateway.run(provider)
        sid = sids(gateway)[session]
        agent = gateway.agent_pid(session)
        born = start_time(agent)
        viewer = Viewer(gateway, session, "flooding")
        viewer.start()
        try:
            for _ in range(KILLS):
                before = viewer.check.offset
                gateway.wait_until(
                    "output goes on", lambda before=before: viewer.check.offset > before or viewer.failure, 30
                )
                pause(chance.uniform(0.0, 0.15))
                old = worker_pid(gateway, sid)
                assert old, "the session has no worker"
                os.kill(old, signal.SIGKILL)
                gateway.wait_until("another worker", lambda old=old: worker_pid(gateway, sid) not in (0, old), 30)
                assert start_time(agent) == born, "the agent died with its worker"
            stop_file.touch()
            viewer.finish(90)
            row = gateway.wait_state(session, "exited", timeout=30)
            assert row["exit_code"] == STATUS
            assert row["agent_pid"] == agent
            assert check_log(gateway, session, "flooding") == viewer.check.total
            expect_clean_log(gateway)
        finally:
            viewer.stop()
            viewer.join(5)
