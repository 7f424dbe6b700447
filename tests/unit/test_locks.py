"""One holder at a time, for as long as it lives and not a moment longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tether import locks

HOLD = (
    "import sys, tether.locks as l; from pathlib import Path; l.try_lock(Path(sys.argv[1])); print(flush=True); input()"
)


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.is_held(path)
    assert not path.exists(), "asking makes no file"
    fd = locks.try_lock(path)
    assert fd is not None
    assert locks.is_held(path)
    assert locks.try_lock(path) is None
    assert locks.lock(path, 0.1) is None
    os.close(fd)
    assert not locks.is_held(path)
    again = locks.lock(path, 0)
    assert again is not None
    os.close(again)


def test_asking_does_not_take_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    before = len(os.listdir("/dev/fd"))
    assert not locks.is_held(path)
    assert not locks.is_held(path)
    assert len(os.listdir("/dev/fd")) == before


def test_the_kernel_frees_the_lock_of_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder.stdin, holder.stdout:
        holder.stdout.readline()
        assert locks.is_held(path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert not locks.is_held(path)


def test_a_holders_children_do_not_hold_it(tmp_path: Path) -> None:
    fd = locks.try_lock(tmp_path / "lock")
    assert fd is not None
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_lock_is_private_and_never_follows_a_link(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    fd = locks.try_lock(path)
    assert fd is not None
    os.close(fd)
    assert path.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(OSError, match="symbolic"):
        locks.try_lock(link)
