"""A session may end while no spawner runs: the next one learns it from what the worker left: nothing."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether import paths

AGENT = Path(__file__).parents[1] / "chaos" / "agents" / "numbered.py"


def test_a_session_that_ends_while_the_spawner_is_away_is_not_started_again(gateway: Gateway) -> None:
    stop_file = gateway.home / "stop"
    argv = [sys.executable, "-I", str(AGENT), "100", "1000000", str(stop_file), "7"]
    session = gateway.run(gateway.add_provider("numbered", argv))
    where = paths.resolve(gateway.env)
    (lock,) = where.workers.glob("*.lock")
    sid = bytes.fromhex(lock.stem)
    supervisor, spawner = gateway.pid("supervisord"), gateway.pid("spawner")
    os.kill(supervisor, signal.SIGSTOP)  # or another spawner would be there before the agent has ended
    try:
        os.kill(spawner, signal.SIGKILL)
        stop_file.touch()
        wait_until("the worker is gone", lambda: not os.listdir(gateway.run_dir / "w"))
        for path in where.worker_files(sid):  # as if it had been killed between two of them
            if path != where.ring(sid):
                path.touch(0o600)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    logs = gateway.root / "log"
    gateway.wait_until(
        "the next spawner has looked", lambda: "event=given-up" in (logs / "spawner.log").read_text(), 40
    )
    gateway.wait_until("nothing is left of the worker", lambda: not os.listdir(gateway.run_dir / "w"))
    row = gateway.session(session)
    assert (row["state"], row["exit_code"]) == ("exited", 7)
    assert "no-ring" not in (logs / "workers.log").read_text(), "a worker was started for a session that had ended"
