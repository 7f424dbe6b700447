"""Which processes belong to a session: real ones, found in the real process table."""

import os
import subprocess
import sys

from tether.ptyworker import kin

SCRIPT = "import os,sys; os.write(1, b'x'); sys.stdin.read()"


def start(**options: object) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    process.stdout.read(1)
    return process


def end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.communicate(b"")


def test_a_process_in_a_session_of_its_own_is_found_by_descent_and_by_its_mark():
    child = start(start_new_session=True, env={**os.environ, "TETHER_SESSION_ID": "k3v9x0pq"})
    try:
        assert child.pid in kin.kin(os.getpid(), 0, "none")
        assert child.pid in kin.kin(child.pid, 0, "none"), "by its kernel session"
        assert child.pid in kin.kin(0, 0, "k3v9x0pq"), "by its mark"
        assert child.pid not in kin.kin(0, 0, "another0")
    finally:
        end(child)


def test_the_asker_and_the_worker_are_never_among_them():
    child = start()
    try:
        found = kin.kin(os.getpid(), child.pid, "none")
        assert os.getpid() not in found
        assert child.pid not in found
    finally:
        end(child)


def test_a_gateway_started_from_inside_a_session_is_left_alone():
    marked = {**os.environ, "TETHER_SESSION_ID": "k3v9x0pq"}
    # The arguments alone make it look like a service; it runs nothing of Tether.
    looks_like = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "-m", "tether.spawner", ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=marked,
    )
    looks_like.stdout.read(1)
    try:
        assert looks_like.pid not in kin.kin(os.getpid(), 0, "k3v9x0pq")
    finally:
        end(looks_like)


def test_a_start_time_names_a_process_and_a_dead_one_has_none():
    child = start()
    assert kin.start_time(child.pid) > 0
    end(child)
    assert kin.start_time(child.pid) == 0
