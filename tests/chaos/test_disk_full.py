"""A file system of 16 MB runs full: sessions wait, nothing that was acknowledged is lost, and it goes on by itself."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.storeworld import StoreWorld
from tether.wire import decode
from tether.wire.ids import NO_SESSION

DISK = 16 << 20
BLOCK = bytes(range(256)) * 125  # 32,000 bytes


@pytest.fixture
def small_disk() -> Iterator[Path]:
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux: a tmpfs is mounted")
    home = Path(tempfile.mkdtemp(prefix="td", dir="/tmp"))
    libc = ctypes.CDLL(None, use_errno=True)
    data = home / "data"
    data.mkdir(mode=0o700)
    options = f"size={DISK},mode=0700,uid={os.getuid()}".encode()
    if libc.mount(b"tmpfs", os.fsencode(data), b"tmpfs", 0, options):
        shutil.rmtree(home)
        pytest.skip(f"a tmpfs can't be mounted: {os.strerror(ctypes.get_errno())}; run this as root")
    try:
        yield home
    finally:
        libc.umount2(os.fsencode(data), 2)
        shutil.rmtree(home, ignore_errors=True)


def fill_up(path: Path, leave: int = 0) -> None:
    free = shutil.disk_usage(path.parent).free - leave
    with path.open("wb") as file:
        for _ in range(max(0, free) // 4096):
            file.write(b"x" * 4096)


def test_full_with_everything_kept_and_recovered(small_disk):
    with StoreWorld(home=small_disk, settings='[log]\nkeep = "all"\n') as world:
        world.start()
        worker = world.worker()
        world.until("the beginning to be durable", worker.is_durable)
        other = world.paths.data / "somebody-else"
        fill_up(other, leave=6 << 20)
        health = world.subscriber(NO_SESSION)
        states: list[str] = []
        for _ in range(600):  # 19 MB into 6
            worker.output(BLOCK)
        world.until("the store to say that it is stalled", lambda: worker.stalls)
        assert "full" in worker.stalls[0]
        world.until("all to hear it", lambda: "stalled" in _states(health, states))
        acked = worker.acked
        assert 1 < acked < 601
        worker.assert_logged()  # reading goes on

        late = world.worker()  # a session that begins now is told as well
        world.until("it to be told", lambda: late.stalls)
        assert late.acked == 0

        world.kill()  # worse: with the disk full
        worker.assert_logged()
        assert world.reader.last_seq(worker.sid) >= acked
        world.start()
        world.until("it to stall again", lambda: len(worker.stalls) >= 2 and worker.stalls[-1])
        assert worker.acked >= acked

        other.unlink()  # somebody makes room, not enough for all of it
        before = worker.acked
        world.until("it to go on", lambda: worker.acked > before and "" in worker.stalls)
        world.until("it to be full again", lambda: worker.stalls[-1])
        worker.assert_logged()
        report = world.fsck()
        assert report.ok, report.problems
        world.stop()
        assert world.verify().startswith("0 ")


def test_full_by_others_and_room_again(small_disk):
    with StoreWorld(home=small_disk, settings='[log]\nkeep = "all"\n') as world:
        world.start()
        worker = world.worker()
        world.until("the beginning to be durable", worker.is_durable)
        other = world.paths.data / "somebody-else"
        fill_up(other)
        for _ in range(100):
            worker.output(BLOCK)
        world.until("the store to stall", lambda: worker.stalls)
        other.unlink()
        world.until("all of it to be durable", worker.is_durable)
        world.until("the store to say that it works again", lambda: worker.stalls[-1] == "")
        worker.assert_logged()
        assert world.fsck().ok


def test_the_ballast_lets_a_smaller_quota_be_reached_on_a_full_disk(small_disk):
    with StoreWorld(home=small_disk, settings='[log]\nkeep = "all"\n') as world:
        world.start()
        worker = world.worker()
        for _ in range(250):
            worker.output(BLOCK)
        world.until("8 MB to be durable", worker.is_durable)
        world.stop()
        assert world.paths.ballast.stat().st_size > 0
        other = world.paths.data / "somebody-else"
        fill_up(other)
        world.paths.settings.write_text(f"[log]\nquota_bytes = {4 << 20}\n")
        world.start()
        for _ in range(250):
            worker.output(BLOCK)
        world.until("all of it to be durable, on the space of what was cut", worker.is_durable)
        world.until("the log to be within its quota", lambda: world.reader.totals().log_bytes <= 4 << 20)
        report = world.fsck()
        assert report.ok, report.problems
        assert "event=ballast-dropped" in world.log_text()


def _states(health, states: list[str]) -> list[str]:
    while (frame := health.receive()) is not None:
        states.append(decode(frame)[1].state)
    return states
