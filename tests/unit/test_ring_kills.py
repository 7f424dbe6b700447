"""kill -9 of a real process that reads a real terminal into a ring at full speed: no byte is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import tty
from pathlib import Path

from tests.support.ringworker import ENTRY
from tests.support.waiting import wait_until
from tether.ring import Ring

KILLS = 25
# Numbered lines as fast as the terminal takes them, until the standard input ends; then how many there were.
AGENT = """
import os, select, sys
number = 0
while not select.select([0], [], [], 0)[0]:
    lines = b"".join(b"line %d\\n" % n for n in range(number, number + 200))
    number += 200
    while lines:
        lines = lines[os.write(1, lines):]
os.write(2, b"%d" % number)
"""


def entries(store: Path) -> tuple[dict[int, bytes], int]:
    """What the file holds by seq, and where its last whole entry ends: a killed write may leave half of one."""
    raw, at, found = store.read_bytes(), 0, {}
    while at + ENTRY.size <= len(raw):
        seq, size = ENTRY.unpack_from(raw, at)
        data = raw[at + ENTRY.size : at + ENTRY.size + size]
        if len(data) < size:
            break
        assert found.setdefault(seq, data) == data, f"event {seq} came twice, with different bytes"
        at += ENTRY.size + size
    return found, at


def test_nothing_is_lost_when_the_reader_is_killed_again_and_again() -> None:
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    with tempfile.TemporaryDirectory() as directory:
        path, store = Path(directory) / "ring", Path(directory) / "store"
        store.touch()

        def start() -> subprocess.Popen[bytes]:
            argv = [sys.executable, "-m", "tests.support.ringworker", str(path), str(master), str(store)]
            return subprocess.Popen(argv, pass_fds=[master])

        agent = subprocess.Popen(
            [sys.executable, "-c", AGENT], stdin=subprocess.PIPE, stdout=slave, stderr=subprocess.PIPE
        )
        worker = start()
        try:
            in_flight = 0
            for _ in range(KILLS):
                goal = store.stat().st_size + rng.randrange(1, 400_000)
                wait_until("the worker reads", lambda goal=goal: store.stat().st_size >= goal)
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                os.truncate(store, entries(store)[1])
                in_flight += _unnoted(path)
                worker = start()
            assert agent.stdin is not None
            agent.stdin.close()
            with agent.stderr as said:
                count = int(said.read())
            agent.wait()
            want = b"".join(b"line %d\n" % number for number in range(count))
            wait_until("everything is filed", lambda: _size(store) >= len(want))
        finally:
            for process in (worker, agent):
                process.kill()
                process.wait()
            os.close(master)
            os.close(slave)
        found, _ = entries(store)
        assert sorted(found) == list(range(1, len(found) + 1)), f"seed {seed}"
        got = b"".join(found[seq] for seq in sorted(found))
        assert got == want, f"seed {seed}: {_first_difference(got, want)}"
        print(f"{count} lines, {len(found)} events, {in_flight} bytes in flight at a kill, seed {seed}")


def _size(store: Path) -> int:
    return sum(len(data) for data in entries(store)[0].values())


def _unnoted(path: Path) -> int:
    """How many bytes the kernel had given to the dead worker that it had not noted. Changes nothing on disk."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "ring"
        copy.write_bytes(path.read_bytes())
        ring = Ring.open_existing(copy)
        found = ring.recover(0)
        ring.close()
        return found


def _first_difference(got: bytes, want: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(got, want, strict=False)) if a != b), min(len(got), len(want)))
    return f"{len(got)} bytes for {len(want)}; at {at}: {got[at - 20 : at + 20]!r} for {want[at - 20 : at + 20]!r}"
