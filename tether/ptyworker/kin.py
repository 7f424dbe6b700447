"""Which processes belong to a session, and signalling them.

An agent's processes leave its process group (job control) and even its kernel session (daemons), so
membership is the union of: the same kernel session, descent from the agent or from the worker (a
subreaper, so that orphans come to it), and the session's mark in the environment. The gateway's own
processes, which may have been started from inside a session, are never touched; they are told by
their command line, because their environment is closed to others.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

_SERVICES = tuple(
    f"\0-m\0tether.{name}\0".encode() for name in ("store", "broker", "spawner", "web", "ptyworker", "adapters")
)
_STAT_MAX = 4096
_SUPERVISOR = (b"supervisord", b"supervisor.supervisord")


@dataclass(frozen=True)
class Process:
    """One row of the process table. `start` is its start time in clock ticks, which with the pid names it for ever."""

    pid: int
    parent: int
    session: int
    state: str
    start: int


def start_time(pid: int) -> int:
    """The start time of `pid` in clock ticks since boot; 0 when it is gone or can't be known."""
    process = _stat(pid)
    return process.start if process is not None and process.state != "Z" else 0


def kin(agent: int, worker: int, public: str) -> list[int]:
    """The living processes of the session whose agent is `agent` (0 unknown), kept by `worker`, named `public`."""
    table = _table()
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found = {p.pid for p in table.values() if agent and p.session == agent}
    # Never from 0: that is the kernel, and everything descends from it.
    queue = [pid for pid in (agent, worker, *found) if pid > 1]
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    mark = f"TETHER_SESSION_ID={public}".encode()
    members: list[int] = []
    for pid, process in table.items():
        if process.state == "Z" or pid in (worker, os.getpid(), 1):
            continue
        if (pid in found or mark in _read(pid, "environ").split(b"\0")) and not _of_the_gateway(pid):
            members.append(pid)
    return members


def send(pids: list[int], number: int) -> None:
    """Send signal `number` to each of `pids`; those that are gone meanwhile don't matter."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
            if number in (signal.SIGHUP, signal.SIGTERM):
                os.kill(pid, signal.SIGCONT)


def send_groups(groups: list[int], number: int) -> None:
    """Send signal `number` to whole process groups, and wake the stopped ones."""
    for group in dict.fromkeys(groups):
        if group > 1:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
                os.killpg(group, signal.SIGCONT)


def _table() -> dict[int, Process]:
    if not sys.platform.startswith("linux"):
        return _table_of_ps()
    table: dict[int, Process] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (process := _stat(int(name))) is not None:
            table[process.pid] = process
    return table


def _stat(pid: int) -> Process | None:
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = os.read(fd, _STAT_MAX)
        finally:
            os.close(fd)
    except OSError:
        return None
    # The name may hold anything, parentheses and spaces too: what counts is behind the last one.
    fields = text[text.rfind(b")") + 2 :].split()
    return Process(pid, int(fields[1]), int(fields[3]), fields[0].decode(), int(fields[19]))


def _of_the_gateway(pid: int) -> bool:
    command = _read(pid, "cmdline")
    return any(mark in command for mark in _SERVICES) or (
        any(name in command for name in _SUPERVISOR) and b"supervisord.conf" in command
    )


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _table_of_ps() -> dict[int, Process]:
    listing = subprocess.run(
        ["/bin/ps", "-axo", "pid=,ppid=,sess=,state="], capture_output=True, text=True, check=False
    ).stdout
    table: dict[int, Process] = {}
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[0].isdigit() and fields[1].isdigit():
            session = int(fields[2], 16) if all(c in "0123456789abcdef" for c in fields[2]) else 0
            table[int(fields[0])] = Process(int(fields[0]), int(fields[1]), session, fields[3][0], 0)
    return table
