"""`tether restart` is an upgrade: every part is replaced, and the agents and their output do not notice."""

from __future__ import annotations

import pytest

from tests.chaos.faults import expect_clean_log, quick, service_pid, start_time
from tests.chaos.sessions import add_numbered, check_log
from tests.chaos.viewer import Viewer
from tests.support.gateway import Gateway

RESTARTS = 3 if quick() else 10


@pytest.mark.timeout(120 if quick() else 240)
def test_ten_restarts_of_everything_while_an_agent_writes() -> None:
    with Gateway(settings='[log]\nkeep = "all"\n') as gateway:
        provider, stop_file = add_numbered(gateway, "writing", 20_000, 1 << 40, 3)
        session = gateway.run(provider)
        agent, worker = gateway.agent_pid(session), gateway.worker_pid(session)
        born, worker_born = start_time(agent), start_time(worker)
        viewer = Viewer(gateway, session, "writing")
        viewer.start()
        try:
            for _ in range(RESTARTS):
                old = service_pid(gateway, "broker")
                seen = viewer.check.offset
                gateway.tether("restart", "--yes", timeout=60)
                gateway.wait_until("another broker", lambda old=old: service_pid(gateway, "broker") not in (0, old), 30)
                gateway.wait_until(
                    "the viewer sees output again", lambda seen=seen: viewer.check.offset > seen or viewer.failure, 30
                )
                assert start_time(agent) == born, "the agent died"
                assert start_time(worker) == worker_born, "the worker was not re-executed in place"
            stop_file.touch()
            viewer.finish(60)
            row = gateway.wait_state(session, "exited", timeout=30)
            assert (row["exit_code"], row["agent_pid"]) == (3, agent)
            assert check_log(gateway, session, "writing") == viewer.check.total
            expect_clean_log(gateway)
        finally:
            viewer.stop()
            viewer.join(5)
