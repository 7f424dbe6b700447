"""The emulator is native code that reads what anybody may print: whether it took workers along, and where.

While it works, the ring says on which output. A successor that finds such a note counts: three deaths at one place are
no accident. Kills of any other kind hit other places, and count for nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Final

from tether.ptyworker.state import WorkerState
from tether.ring import Ring

# Deaths at one place after which the emulator is used no more.
CRASHES_MAX: Final = 3


class At:
    """`with At(ring, offset)`: the emulator works on the output at `offset`."""

    __slots__ = ("_offset", "_ring")

    def __init__(self, ring: Ring, offset: int) -> None:
        self._ring = ring
        self._offset = offset

    def __enter__(self) -> None:
        self._ring.mark_feeding(self._offset)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ring.mark_feeding(None)


def survives(trial: Callable[[], object], limit_s: float = 10.0) -> bool:
    """Do it in a child process: True when that got to its end, in time."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            trial()
            os.write(writer, b".")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        done = bool(select.select([told], [], [], limit_s)[0]) and told.read(1) == b"."
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):  # where nobody waits for children, the kernel did
        os.waitpid(pid, 0)
    return done


def count(ring: Ring, kept: WorkerState) -> int:
    """How often in a row workers died inside the emulator at the place at which the last one did; 0 when it did not.
    Takes the note away and keeps the count in `kept`, which its owner saves."""
    place = ring.feeding()
    if place is None:
        return 0
    ring.mark_feeding(None)
    kept.crashes = kept.crashes + 1 if kept.crash_offset == place else 1
    kept.crash_offset = place
    return kept.crashes
