"""The gate: who may have the log open while a writer starts.

Where LMDB's writer lock is a POSIX semaphore (macOS, BSD), a writer killed inside a transaction leaves it taken, and
only the first process to open the environment resets it. So readers hold the gate shared while they have the log
open, and a starting store takes it alone: it asks readers to let go by touching the gate's file, at whose time they
look before every use. On Linux the lock is robust, and the store goes on without the gate after a moment.
"""

from __future__ import annotations

import fcntl
import os
import select
import sys
from pathlib import Path
from typing import Final

from tether.clock import monotonic, now_us

_POLL_S: Final = 0.01
# How long a starting store waits for readers: where it must be alone, and where it would only be tidy.
ALONE_WAIT_S: Final = 3.0 if not sys.platform.startswith("linux") else 0.1
MUST_BE_ALONE: Final = not sys.platform.startswith("linux")


class Gate:
    """An open gate file. Closing it, or the end of its process, lets go."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def close(self) -> None:
        os.close(self._fd)

    def number(self) -> int:
        """Grows whenever a store asks readers to let go."""
        return os.fstat(self._fd).st_mtime_ns

    def ask(self) -> None:
        """Ask every reader to let go."""
        # The file's time, and no content: a store must be able to start on a full disk. A coarse file system may drop
        # less than a millisecond.
        later = max(now_us() * 1000, self.number() + 2_000_000)
        os.utime(self._fd, ns=(later, later))

    def share(self, wait_s: float) -> bool:
        """Hold the gate with other readers; False when a store held it alone for `wait_s` seconds."""
        return self._take(fcntl.LOCK_SH, wait_s)

    def exclude(self) -> bool:
        """Hold the gate alone, at once or not at all."""
        return self._take(fcntl.LOCK_EX, 0.0)

    def _take(self, how: int, wait_s: float) -> bool:
        deadline = monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self._fd, how | fcntl.LOCK_NB)
            except OSError:
                if monotonic() >= deadline:
                    return False
                select.select([], [], [], _POLL_S)
            else:
                return True
