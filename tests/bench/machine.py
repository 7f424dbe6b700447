"""The machine under the figures: one measurement at a time, a quiet moment for each, and what processes cost."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.terminals import BenchError

LOCK = Path(f"/tmp/tether-bench-{os.getuid()}.lock")
QUIET_SHARE = 0.10  # of all CPUs, over the sample
SAMPLE_S = 0.25
PATIENCE_S = 8.0
_PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the lock that every benchmark of this user takes around its run."""
    with LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another benchmark of this user runs; waiting for it", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pause(seconds: float) -> None:
    """Let time pass. Only a benchmark may: what it measures is time."""
    threading.Event().wait(seconds)


def _ticks() -> tuple[int, int]:
    # user nice system idle iowait irq softirq steal: the spinners of --warm are niced, and no load.
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return fields[0] + fields[2] + sum(fields[5:]), sum(fields)


def busy_share() -> float:
    """The share of all CPUs that is in use, niced work left out, over a quarter of a second."""
    before, all_before = _ticks()
    pause(SAMPLE_S)
    after, all_after = _ticks()
    return (after - before) / max(1, all_after - all_before)


def quiet_moment(patience_s: float) -> float:
    """Wait at most `patience_s` seconds for a quiet machine. Returns the share of the CPUs that others use all the
    same."""
    deadline = time.monotonic() + patience_s
    while (busy := busy_share()) > QUIET_SHARE and time.monotonic() < deadline:
        pass
    return busy


@contextmanager
def warm(tool: Path, wanted: bool) -> Iterator[None]:
    """Keep each virtual CPU out of its halt, at idle priority: waking one up is not what an echo should measure."""
    spinners = [subprocess.Popen([tool, "spin", str(cpu)]) for cpu in sorted(os.sched_getaffinity(0)) if wanted]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


def cpu_ns(pids: Iterable[int]) -> int:
    """Nanoseconds of CPU that the living threads of `pids` have used. Processes that ended count 0."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*"):
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue
    return total


def pss_bytes(pids: Iterable[int]) -> tuple[int, bool]:
    """Proportional set size of `pids`, and whether it is exact.

    A process that forbids dumps shows its PSS only to root: for any other user its resident size stands in, which
    counts shared pages in every process.
    """
    total, exact = 0, True
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        except (PermissionError, StopIteration):
            exact = False
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total, exact


def wall(argv: Sequence[str | Path], env: dict[str, str] | None = None) -> float:
    """Seconds that one run of `argv` takes, from spawn to reaped. BenchError when it fails."""
    with Path(os.devnull).open("wb") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1), (os.POSIX_SPAWN_DUP2, null.fileno(), 2)]
        start = time.perf_counter()
        pid = os.posix_spawnp(
            argv[0], [os.fspath(word) for word in argv], dict(env or os.environ), file_actions=actions
        )
        _, status = os.waitpid(pid, 0)
        took = time.perf_counter() - start
    if status:
        raise BenchError(f"{argv[0]} failed (status {status})")
    return took


@dataclass(frozen=True)
class Memory:
    """What processes hold, in bytes: `own` can't be dropped; `files` are mapped pages, which the kernel may drop."""

    own: int
    files: int


def memory(pids: Iterable[int]) -> Memory:
    """Proportional anonymous and shared memory of `pids`, and their mapped files. Only root sees Tether's."""
    own = files = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines}
        own += sizes["Pss_Anon:"] + sizes["Pss_Shmem:"]
        files += sizes["Pss_File:"]
    return Memory(own, files)


def processes() -> dict[int, tuple[int, str]]:
    """Every living process: its parent and its name."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                head, _, tail = (entry / "stat").read_text().rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, parent = tail.split()[:2]
            if state != "Z":
                found[int(entry.name)] = (int(parent), head.partition("(")[2])
    return found


def family(roots: Iterable[int], without: str = "") -> set[int]:
    """`roots` and all that descends from them, less the processes named `without`."""
    table = processes()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [pid for pid in roots if pid in table]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return {pid for pid in found if table[pid][1] != without}


def adopt_orphans() -> None:
    """Servers that daemonise become children of this process (Linux), so that none is left behind unseen."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans() -> list[int]:
    """Kill and reap every descendant that is left; which they were. Only at the very end: it reaps everything."""
    left = family([os.getpid()]) - {os.getpid()}
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            pass
    return sorted(left)


def describe() -> dict[str, object]:
    """The machine, without its name."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // (1 << 20)
    return {
        "cpu": model,
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gib": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
