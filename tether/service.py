"""What every process of the gateway does first: private files, one instance, and no life after its parent."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tether import locks
from tether.errors import TetherError
from tether.paths import Paths, prepare, resolve

LOCK_WAIT_S = 5.0
EXIT_LOCKED = 75  # EX_TEMPFAIL: supervisord tries again

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36

log = logging.getLogger("tether")

# Looked up once, before any fork: see `fork` on what that saves.
_libc = ctypes.PyDLL(None, use_errno=True)
_fork = _libc.fork
_prctl = _libc.prctl if sys.platform.startswith("linux") else None


def prctl(option: int, value: int) -> bool:
    """Linux prctl(2) with one argument; False where there is none (macOS) or it refuses."""
    return _prctl is not None and bool(_prctl(option, value, 0, 0, 0) == 0)


def fork() -> int:
    """fork(2) and nothing else; for a process without threads, whose child uses no `random`. OSError when it fails.

    `os.fork` runs what modules have registered for afterwards: new locks for logging and threading, a new seed. All of
    that is of no use without threads, and writes to pages that every child would then hold for itself: 0.7 MB measured.
    """
    pid = int(_fork())
    if pid < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return pid


def close_all_but(keep: set[int]) -> None:
    """Close every descriptor that is not in `keep`."""
    start = 0
    for fd in sorted(keep):
        # An empty range from 0 would close everything: the kernel reads its end, -1, as unsigned.
        if start < fd:
            os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def become_subreaper() -> bool:
    """Orphans among our descendants become our children (Linux), so that their end is known. False elsewhere."""
    return prctl(_PR_SET_CHILD_SUBREAPER, 1)


def not_dumpable() -> None:
    """No core dump, and /proc/<pid>/environ and mem closed to the same user's processes without CAP_SYS_PTRACE."""
    prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent(supervisor_pid: Path) -> int:
    """SIGTERM when the parent ends (Linux); its process id, which loops compare with `os.getppid()` where there is no
    such signal. Ends the process when the parent is gone already.

    A supervisord that was killed before this ran left nothing that tells: whoever has adopted its children looks like
    any parent. So a child of supervisord (by SUPERVISOR_ENABLED, which it sets) compares with the process id that
    supervisord wrote into the file `supervisor_pid` before it started anything.
    """
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = os.getppid()
    if "SUPERVISOR_ENABLED" in os.environ and _text(supervisor_pid) != str(parent):
        log.warning("event=orphaned before=start")
        raise SystemExit(0)
    return parent


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def start(name: str) -> Paths:
    """Common start of the service `name`: umask, directories, log format, lock. Exits 75 when another one runs.

    The lock's descriptor stays open for the life of the process.
    """
    os.umask(0o077)
    logging.basicConfig(
        stream=sys.stderr,
        level=os.environ.get("TETHER_LOG", "INFO"),
        format="%(asctime)s %(levelname)s " + name + " %(message)s",
    )
    try:
        paths = resolve()
        prepare(paths)
    except TetherError as error:
        log.error("event=unsafe message=%r hint=%r", error.message, error.hint)
        raise SystemExit(78) from None  # EX_CONFIG
    # First of all: while a service waits for its lock, its supervisord may die.
    parent = die_with_parent(paths.supervisor_pid)
    if locks.lock(paths.service_lock(name), LOCK_WAIT_S) is None:
        log.error("event=locked service=%s message='another %s of this gateway runs'", name, name)
        raise SystemExit(EXIT_LOCKED)
    if os.getppid() != parent:
        raise SystemExit(0)
    not_dumpable()
    log.info("event=started pid=%d", os.getpid())
    return paths


def on_terminate(stop: Callable[[], None]) -> None:
    """Call `stop` once at SIGTERM or SIGINT. It must only set a flag or write to a pipe."""

    def handle(_signum: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(Exception):
            stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
