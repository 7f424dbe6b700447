"""The worker and its terminal, as an agent sees them: real agents in real sessions of a real gateway."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import Gateway

PYTHON = sys.executable


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def agent(gateway: Gateway, name: str, code: str) -> str:
    """A provider that runs `code` in Python."""
    return gateway.add_provider(name, [PYTHON, "-I", "-c", code])


def text_of(gateway: Gateway, session: str, needle: bytes, timeout: float = 15.0) -> bytes:
    """The session's output once it holds `needle`."""
    return gateway.wait_until(
        f"{needle!r} in the log", lambda: data if needle in (data := gateway.raw(session)) else None, timeout
    )


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_last_bytes_before_an_exit_are_in_the_log_every_time(gateway: Gateway):
    agent(gateway, "tail", "import sys; sys.stdout.write('x' * 70_000 + 'END'); sys.stdout.flush(); sys.exit(3)")
    sessions = [gateway.run("tail") for _ in range(10)]
    for session in sessions:
        row = gateway.wait_state(session, "exited")
        assert row["exit_code"] == 3
        gateway.wait_until("the end is durable", lambda s=session: gateway.events(s)[-1]["type"] == "exited")
        assert gateway.raw(session) == b"x" * 70_000 + b"END"


def test_an_agent_gets_three_descriptors_default_signals_and_nothing_of_the_gateway(gateway: Gateway):
    code = (
        "import os,signal\n"
        "print('FDS', sorted(int(f) for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/'+f)))\n"
        "print('IGN', [l.split()[1] for l in open('/proc/self/status') if l.startswith(('SigIgn','SigBlk'))])\n"
        "print('ENV', sorted(k for k in os.environ if k.startswith(('TETHER','TMUX','CLAUDECODE','LD_'))))\n"
        "print('SID', os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpgrp())\n"
        "print('SIZE', os.get_terminal_size(), 'DONE')\n"
    )
    agent(gateway, "looks", code)
    session = gateway.run("looks", env={"CLAUDECODE": "1", "TMUX": "x", "LD_PRELOAD": "", "TETHER_TOKEN": "secret"})
    text = text_of(gateway, session, b"DONE").decode()
    assert "FDS [0, 1, 2]" in text
    # Python itself ignores SIGPIPE (bit 12) and SIGXFSZ (bit 24) at its start; nothing else may be ignored or blocked.
    # Signals 32 and 33 are the C library's own: its posix_spawn, which make uses, ignores them in children.
    blocked, ignored = re.findall(r"IGN \['(\w+)', '(\w+)'\]", text)[0]
    assert (int(blocked, 16), int(ignored, 16) & 0x7FFFFFFF) == (0, 0x01001000)
    assert "ENV ['TETHER', 'TETHER_SESSION_ID']" in text
    assert "SID True True" in text
    assert "columns=80, lines=24" in text


def test_a_stop_ends_everything_the_agent_started_even_daemons_that_ignore_signals(gateway: Gateway):
    code = (
        "import os,signal,time\n"
        "for s in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\n"
        "pids=[os.getpid()]\n"
        "r,w=os.pipe()\n"
        "if os.fork()==0:\n"
        "    os.setsid()\n"
        "    if os.fork()==0:\n"
        "        os.write(w, str(os.getpid()).encode()); signal.pause()\n"
        "    os._exit(0)\n"
        "print('PIDS', os.getpid(), int(os.read(r,99)), 'END', flush=True)\n"
        "while True: signal.pause()\n"
    )
    agent(gateway, "stubborn", code)
    session = gateway.run("stubborn")
    words = text_of(gateway, session, b"END").split()
    pids = [int(word) for word in words[1:3]]
    assert all(alive(pid) for pid in pids)
    gateway.tether("stop", session, "--timeout", "1")
    row = gateway.wait_state(session, "stopped")
    assert row["stopped_by"]
    assert not any(alive(pid) for pid in pids)
    again = gateway.tether("stop", session, check=False)
    assert again.returncode == 0, "a second stop is no error"


def test_a_killed_worker_is_replaced_on_the_same_agent_without_losing_a_byte(gateway: Gateway):
    code = (
        "import sys\nfor n in range(400_000): sys.stdout.write(f'line {n:07d}\\n')\nsys.stdout.flush(); sys.exit(9)\n"
    )
    agent(gateway, "writer", code)
    session = gateway.run("writer")
    agent_pid = gateway.wait_until("the agent runs", lambda: gateway.agent_pid(session))
    for _ in range(5):
        before = gateway.session(session)
        if before["state"] not in ("running", "stalled"):
            break
        os.kill(before["worker_pid"], signal.SIGKILL)
        gateway.wait_until(
            "another worker took over",
            lambda old=before["worker_pid"]: (row := gateway.session(session))["worker_pid"] != old or row["ended"],
        )
        assert gateway.session(session)["agent_pid"] == agent_pid
    row = gateway.wait_state(session, "exited", timeout=60)
    assert row["exit_code"] == 9, "the status is known although the parent died"
    gateway.wait_until("the end is durable", lambda: gateway.events(session)[-1]["type"] == "exited")
    expected = b"".join(b"line %07d\r\n" % n for n in range(400_000))
    assert hashlib.sha256(gateway.raw(session)).digest() == hashlib.sha256(expected).digest()
    assert any(e["type"] == "note" and e["code"] == "recovered" for e in gateway.events(session))


def test_spawner_and_worker_killed_together_leave_the_agent_alive(gateway: Gateway):
    session = gateway.run("shell")
    gateway.wait_until("the prompt", lambda: b"$ " in gateway.raw(session))
    row = gateway.session(session)
    spawner = gateway.pid("spawner")
    os.kill(spawner, signal.SIGSTOP)  # so that it can do nothing for the worker before it dies as well
    os.kill(row["worker_pid"], signal.SIGKILL)
    os.kill(spawner, signal.SIGKILL)
    gateway.wait_until("a new worker", lambda: gateway.worker_pid(session) not in (0, row["worker_pid"]), timeout=30)
    assert gateway.agent_pid(session) == row["agent_pid"]
    assert alive(row["agent_pid"])
    gateway.tether("send", session, "--enter", "echo $((6*7))")
    assert b"42" in text_of(gateway, session, b"42")
    gateway.tether("send", session, "--enter", "exit 4")
    gateway.wait_state(session, "exited")


def test_bytes_that_are_no_text_come_through_as_they_are(gateway: Gateway):
    code = "import os,tty; tty.setraw(1); os.write(1, bytes(range(256)) * 300); os.write(1, b'\\xff' * 5000)"
    agent(gateway, "binary", code)
    session = gateway.run("binary")
    gateway.wait_state(session, "exited")
    gateway.wait_until("the end is durable", lambda: gateway.events(session)[-1]["type"] == "exited")
    assert gateway.raw(session) == bytes(range(256)) * 300 + b"\xff" * 5000


def test_a_program_that_can_not_be_started_is_an_end_with_its_reason(gateway: Gateway):
    script = gateway.home / "broken"
    script.write_text("#!/nonexistent/interpreter\n")
    script.chmod(0o755)
    gateway.add_provider("broken", [str(script)])
    session = gateway.tether("run", "-d", "broken", check=False).stdout.strip()
    row = gateway.wait_state(session, "exited")
    assert row["exit_code"] == 127
    notes = [e for e in gateway.events(session) if e["type"] == "note"]
    assert "could not be started" in notes[0]["text"]


def test_nothing_follows_the_end_of_a_session(gateway: Gateway):
    sessions = [gateway.run("shell") for _ in range(5)]
    for session in sessions:
        gateway.tether("send", session, "--enter", "exit 9")
        gateway.wait_state(session, "exited")
    for session in sessions:
        gateway.wait_until("the end is durable", lambda s=session: gateway.events(s)[-1]["type"] == "exited")
