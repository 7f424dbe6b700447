"""Finding Tether's processes without asking Tether, and doing them harm."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether import paths
from tether.wire.ids import public_id

SERVICES = ("store", "broker", "spawner", "web")


def quick() -> bool:
    """True when the short mode was asked for."""
    return bool(os.environ.get("TETHER_CHAOS_QUICK"))


def seed() -> int:
    """The seed of this run's faults: TETHER_CHAOS_SEED, or a new one."""
    return int(os.environ.get("TETHER_CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))


def lock_holder(path: Path) -> int:
    """The process that holds the flock on `path`; 0 when nobody does."""
    try:
        inode = path.stat().st_ino
    except OSError:
        return 0
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "FLOCK" in words and "->" not in words and int(words[-3].rsplit(":", 1)[1]) == inode:
            return int(words[-4])
    return 0


def service_pid(gateway: Gateway, name: str) -> int:
    """The process of a service, or of supervisord; 0 when it does not run now."""
    where = paths.resolve(gateway.env)
    if name != "supervisord":
        return lock_holder(where.service_lock(name))
    try:
        pid = int(where.supervisor_pid.read_text())
        # A stale file may name a process that is somebody else's by now.
        mine = str(gateway.root).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if mine else 0


def worker_pid(gateway: Gateway, sid: bytes) -> int:
    """The process of a session's worker; 0 when there is none now."""
    return lock_holder(paths.resolve(gateway.env).worker_lock(sid))


def sids(gateway: Gateway) -> dict[str, bytes]:
    """The sessions that have a worker's lock file, by public id."""
    found = (bytes.fromhex(path.stem) for path in paths.resolve(gateway.env).workers.glob("*.lock"))
    return {public_id(sid): sid for sid in found}


def start_time(pid: int) -> str:
    """When the process began, which tells it from another of the same number; "" when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def open_files(pid: int) -> int:
    """How many descriptors the process has; -1 when it does not let us look."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return -1


def anonymous_bytes(pid: int) -> int:
    """The process's own memory, without what it maps from files (the log's pages are the kernel's to drop)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def start_again(gateway: Gateway, limit_s: float = 60) -> int:
    """`tether start` until it succeeds; how often it did not."""
    failures: list[str] = []

    def up() -> bool:
        done = gateway.tether("start", check=False, timeout=limit_s)
        if done.returncode:
            failures.append(done.stderr)
        return done.returncode == 0

    wait_until("tether start succeeds", up, limit_s, context=lambda: "\n".join(failures))
    return len(failures)


@dataclass
class Storm:
    """Random kills and stops over the services, supervisord and the sessions' workers."""

    gateway: Gateway
    workers: dict[str, bytes]
    random: random.Random
    done: list[str] = field(default_factory=list)
    failed_starts: int = 0
    _stopped: dict[int, float] = field(default_factory=dict)

    def fault(self) -> bool:
        """Do one harm; False when its target does not run just now."""
        targets = [*SERVICES * 3, "supervisord", *self.workers, *self.workers]
        target = self.random.choice(targets)
        name = f"worker of {target}" if target in self.workers else target
        pid = (
            worker_pid(self.gateway, self.workers[target])
            if target in self.workers
            else service_pid(self.gateway, target)
        )
        stop = self.random.random() < 0.3
        duration = self.random.uniform(0.5, 3.0)
        if not pid or (stop and pid in self._stopped):
            return False
        try:
            os.kill(pid, signal.SIGSTOP if stop else signal.SIGKILL)
        except ProcessLookupError:
            return False
        if stop:
            self._stopped[pid] = time.monotonic() + duration
        self.done.append(f"{'STOP' if stop else 'KILL'} {name}")
        if target == "supervisord" and not stop:
            self.resume(all_of_them=True)  # a stopped service can't notice that its parent is gone
            self.failed_starts += start_again(self.gateway)
        return True

    def resume(self, *, all_of_them: bool = False) -> None:
        """Let go on what has been stopped for long enough."""
        now = time.monotonic()
        for pid in [pid for pid, until in self._stopped.items() if all_of_them or until <= now]:
            del self._stopped[pid]
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def expect_clean_log(gateway: Gateway) -> None:
    """`tether debug --fsck` finds nothing."""
    done: subprocess.CompletedProcess[str] = gateway.tether("debug", "--fsck", check=False, timeout=120)
    assert done.returncode == 0, f"fsck: {done.stdout}\n{done.stderr}"
