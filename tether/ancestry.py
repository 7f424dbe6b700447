"""Is a process inside one of our sessions? Asked of the kernel, never of the process.

A session's processes descend from its worker, which is a subreaper: a daemon that forks twice comes
back to it. When the worker was replaced they descend from the spawner, which is one too. What leaves
that tree by other means (systemd-run, cron, a container) is not found; SECURITY.md says so.
Linux only: elsewhere nobody is inside.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tether.paths import Paths
from tether.wire.ids import public_id

UNKNOWN: Final = b""
"""Inside, and nobody knows in which session: whoever asks must take it for its own."""
_DEPTH_MAX: Final = 256
_JOB: Final = re.compile(r"/(?:run-[a-z0-9-]+|cron|crond|cronie|fcron|anacron|atd?)\.service(?:/|$)")
_LINUX: Final = sys.platform.startswith("linux")


def lock_holders() -> dict[int, list[int]]:
    """Who holds which flock: process id -> [inodes]. The device beside it in the table is not the one that stat tells
    on every file system, so the inode alone must do."""
    found: dict[int, list[int]] = {}
    for line in _text("/proc/locks").splitlines():
        fields = line.split()
        if "FLOCK" not in fields or "->" in fields:
            continue
        found.setdefault(int(fields[-4]), []).append(int(fields[-3].rpartition(":")[2]))
    return found


def sessions_around(pid: int, paths: Paths) -> frozenset[bytes]:
    """The session (16-byte id) whose process tree holds `pid`: none for a process of the owner's own, {UNKNOWN} for one
    below the spawner whose worker can't be told."""
    if not _LINUX or pid <= 1:
        return frozenset()
    holders = lock_holders()
    roots = _roots(paths.workers)
    spawner = _identity(paths.service_lock("spawner"))
    services = {_identity(paths.service_lock(name)) for name in ("web", "broker", "store", "adapters")}
    for one in ancestors(pid):
        held = holders.get(one, ())
        for inode in held:
            if inode in roots:
                return frozenset({roots[inode]})
            if inode == spawner:
                return frozenset() if one == pid else frozenset({_marked(pid, roots.values())})
            # A part of the gateway itself, which may have been started from inside a session.
            if inode in services and one == pid:
                return frozenset()
    return frozenset()


def has_terminal(pid: int) -> bool:
    """True when the process has a controlling terminal and was not started by what starts programs for others.
    Where that can't be known, True. Who means to can make a terminal of its own, and give its service another name:
    this stops what went astray, and SECURITY.md says so."""
    if not _LINUX:
        return True
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    seated = len(fields) > 4 and fields[4] not in ("0", "-1")
    return seated and not of_a_job(_text(f"/proc/{pid}/cgroup"))


def of_a_job(cgroup: str) -> bool:
    """Does the text of a /proc/PID/cgroup name a job of systemd-run (by the name that it makes up), of cron or at?"""
    return any(_JOB.search(line) for line in cgroup.splitlines())


def ancestors(pid: int) -> list[int]:
    """`pid`, its parent, and so on; without the first process."""
    chain: list[int] = []
    while pid > 1 and pid not in chain and len(chain) < _DEPTH_MAX:
        chain.append(pid)
        pid = _parent(pid)
    return chain


def tcp_peer_inside(here: tuple[str, int], there: tuple[str, int], paths: Paths) -> frozenset[bytes]:
    """As `sessions_around`, for whoever holds the other end of a TCP connection of this machine: `here` is our address,
    `there` the peer's. Only the processes below the spawner are looked at."""
    if not _LINUX:
        return frozenset()
    inode = _socket_inode(there, here)
    spawner = _identity(paths.service_lock("spawner"))
    if not inode:
        return frozenset()
    wanted = f"socket:[{inode}]"
    roots = {*_roots(paths.workers), spawner}
    keepers = [pid for pid, held in lock_holders().items() if roots.intersection(held)]
    for pid in descendants(keepers):
        if _holds(pid, wanted):
            return sessions_around(pid, paths)
    return frozenset()


def descendants(pids: Iterable[int]) -> set[int]:
    """Every process below `pids`."""
    children: dict[int, list[int]] = {}
    for name in _names("/proc"):
        if name.isdigit():
            children.setdefault(_parent(int(name)), []).append(int(name))
    found: set[int] = set()
    queue = list(pids)
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


def _roots(workers: Path) -> dict[int, bytes]:
    roots: dict[int, bytes] = {}
    for name in _names(str(workers)):
        if name.endswith(".lock"):
            key = _identity(workers / name)
            with contextlib.suppress(ValueError):
                if key is not None:
                    roots[key] = bytes.fromhex(name.removesuffix(".lock"))
    return roots


def _marked(pid: int, sessions: Iterable[bytes]) -> bytes:
    """The session that the process's own environment names; UNKNOWN when it names none of `sessions`."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return UNKNOWN
    names: Mapping[bytes, bytes] = {b"TETHER_SESSION_ID=" + public_id(sid).encode(): sid for sid in sessions}
    return next((names[entry] for entry in environ if entry in names), UNKNOWN)


def _identity(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _parent(pid: int) -> int:
    # The command's name is in parentheses and may hold anything, parentheses too.
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _socket_inode(local: tuple[str, int], remote: tuple[str, int]) -> int:
    """The inode of the TCP socket (IPv4) at `local` that talks to `remote`; 0 when there is none."""
    ends = _hex(local), _hex(remote)
    for line in _text("/proc/net/tcp").splitlines()[1:]:
        fields = line.split()
        if (fields[1], fields[2]) == ends:
            return int(fields[9])
    return 0


def _hex(address: tuple[str, int]) -> str:
    packed = bytes(int(part) for part in address[0].split("."))
    return f"{int.from_bytes(packed, sys.byteorder):08X}:{address[1]:04X}"


def _holds(pid: int, wanted: str) -> bool:
    base = f"/proc/{pid}/fd"
    for name in _names(base):
        with contextlib.suppress(OSError):
            if os.readlink(f"{base}/{name}") == wanted:
                return True
    return False


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
