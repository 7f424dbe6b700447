"""The rehearsal before the first fork: it plays to its end and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys, threading
from tether.ptyworker import rehearsal
from tether.ptyworker.loop import Worker

ends = []
plain = Worker._reload
Worker._reload = lambda worker: (ends.append(worker.ring.header.acked), plain(worker))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
before = sorted(os.listdir("/dev/fd"))
rehearsal.rehearse(emulated=True)
assert ends and ends[0] >= 3, f"it ended early: {ends}"
assert sorted(os.listdir("/dev/fd")) == before, os.listdir("/dev/fd")
assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
assert signal.setitimer(signal.ITIMER_REAL, 0)[0] == 0
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child,", threading.active_count(), "thread")
if sys.platform == "linux":
    assert len(os.listdir("/proc/self/task")) == 1
"""


def run(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True, text=True, timeout=30, check=False, env={"TMPDIR": str(tmp_path)},
    )  # fmt: skip


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose sockets have short enough paths."""
    return Path(tmp_path_factory.mktemp("r"))


def test_it_plays_to_its_end_and_leaves_no_descriptor_child_thread_or_file(short: Path) -> None:
    done = run(short, SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "no child, 1 thread\n"
    assert not done.stderr
    assert not list(short.iterdir())


def test_one_that_can_not_be_played_is_said_and_harms_nobody(tmp_path: Path) -> None:
    done = run(tmp_path / "absent", "from tether.ptyworker.rehearsal import rehearse; rehearse(); print('on')")
    assert done.returncode == 0
    assert done.stdout == "on\n"


def test_what_goes_wrong_is_logged(short: Path) -> None:
    script = """
from tether.ptyworker import process, rehearsal
def broken(*_): raise OSError("no terminal")
process.begin = broken
rehearsal.rehearse()
"""
    done = run(short, script)
    assert done.returncode == 0, done.stderr
    assert "event=no-rehearsal" in done.stderr
    assert not list(short.iterdir())


DEAR = """
import sys
from tether.ptyworker import model, rehearsal

model.warm_up()
dear = ("/pathlib.py", "/json/", "/signal.py", "/zmq/sugar/", "/zmq/error.py", "/ptyprocess/", "/tempfile.py")
ran = set()
plain = rehearsal._be_the_worker

def watched(*args):
    sys.setprofile(lambda frame, event, _: event == "call" and ran.add(frame.f_code.co_filename))
    try:
        plain(*args)
    finally:
        sys.setprofile(None)

rehearsal._be_the_worker = watched
rehearsal.rehearse(emulated=True)
assert any(name.endswith("/ptyworker/loop.py") for name in ran), ran
print(sorted(name for name in ran if any(part in name for part in dear)))
"""


def test_a_workers_life_runs_nothing_that_costs_it_pages_for_comfort(short: Path) -> None:
    done = run(short, DEAR)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr + done.stdout
