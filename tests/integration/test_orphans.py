"""A service that waited for its lock while its supervisord was killed had nobody to end it: it kept the gateway's port
until somebody looked for its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.gateway import free_port
from tests.support.waiting import wait_until
from tether import locks, paths

# A supervisord as far as a service can tell: it notes its process id, starts the service and waits to be killed.
_SUPERVISOR = """
import os, signal, subprocess, sys
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()}\\n")
env = {**os.environ, "SUPERVISOR_ENABLED": "1"}
service = subprocess.Popen([sys.executable, "-m", "tether." + sys.argv[2]], env=env)
print(service.pid, flush=True)
signal.pause()
"""


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked at in /proc")
@pytest.mark.parametrize("name", ["store", "broker", "spawner", "web"])
def test_a_service_that_waits_for_its_lock_dies_with_its_supervisor(name: str, tmp_path: Path) -> None:
    env = {**os.environ, "TETHER_HOME": str(tmp_path / "t"), "TETHER_PORT": str(free_port())}
    where = paths.resolve(env)
    paths.prepare(where)
    held = locks.lock(where.service_lock(name), 0)
    assert held is not None
    argv = [sys.executable, "-c", _SUPERVISOR, str(where.supervisor_pid), name]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as supervisor:
        assert supervisor.stdout is not None
        service = int(supervisor.stdout.readline())
        try:
            wait_until("the service has begun", lambda: "Umask:\t0077" in Path(f"/proc/{service}/status").read_text())
            supervisor.kill()
            supervisor.wait(10)
            os.close(held)  # what it waited for
            held = -1
            wait_until("the service is gone", lambda: _gone(service))
        finally:
            supervisor.kill()
            if held >= 0:
                os.close(held)
            if not _gone(service):
                os.kill(service, signal.SIGKILL)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked at in /proc")
def test_a_service_whose_supervisor_died_before_it_looked_ends(tmp_path: Path) -> None:
    env = {**os.environ, "TETHER_HOME": str(tmp_path / "t"), "TETHER_PORT": str(free_port()), "SUPERVISOR_ENABLED": "1"}
    where = paths.resolve(env)
    paths.prepare(where)
    where.supervisor_pid.write_text("1\n")  # not the process that starts it here
    done = subprocess.run([sys.executable, "-m", "tether.web"], env=env, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    assert "event=orphaned" in done.stderr
    assert "event=started" not in done.stderr
