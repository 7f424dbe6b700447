"""One holder of a name per machine: flock, freed by the kernel at the holder's death."""

from __future__ import annotations

import fcntl
import os
import select
from pathlib import Path

from tether.clock import monotonic


def try_lock(path: Path | str) -> int | None:
    """Take the lock file `path` and return its descriptor (keep it open), or None when somebody holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def lock(path: Path | str, wait_s: float) -> int | None:
    """As `try_lock`, but try for `wait_s` seconds."""
    deadline = monotonic() + wait_s
    while (fd := try_lock(path)) is None and monotonic() < deadline:
        select.select([], [], [], 0.05)
    return fd


def is_held(path: Path) -> bool:
    """True when a living process holds the lock `path`. Takes nothing and makes no file."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
