"""What a lost session's ring still holds: events that were never acknowledged, and output that was no event yet."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass, field

from tether import locks
from tether.paths import Paths
from tether.ring import Ring, RingError

log = logging.getLogger("tether")


class StillAlive(Exception):
    """A worker holds the session's lock: nobody may touch its ring, and the session is not lost."""


@dataclass
class Salvage:
    """`first` is the number of the first of `bodies` (wire bodies, dense), `problem` says what could not be read."""

    first: int = 0
    bodies: list[bytes] = field(default_factory=list)
    problem: str = ""


class Wreck:
    """The files of a session without a worker, held by the session's own lock until `close`."""

    def __init__(self, paths: Paths, sid: bytes) -> None:
        """StillAlive when a worker lives."""
        self._paths = paths
        self._sid = sid
        self._lock: int | None = locks.try_lock(paths.worker_lock(sid))
        if self._lock is None:
            raise StillAlive(sid.hex())

    def read(self, after: int, now_us: int) -> Salvage:
        """Every event in the ring that comes after `after`. Reading again gives the same."""
        found = Salvage()
        try:
            ring = Ring.open_existing(self._paths.ring(self._sid))
        except FileNotFoundError:
            return found  # the worker left in order, or the machine was started anew
        except (RingError, OSError) as error:
            found.problem = str(error)
            return found
        try:
            ring.recover(now_us)
            ring.seal()
            for record in ring.records():
                if record.seq > after:
                    found.first = found.first or record.seq
                    found.bodies.append(ring.body(record))
        except RingError as error:
            found.problem = str(error)
        finally:
            ring.close()
        return found

    def remove(self) -> None:
        """Unlink the worker's files: everything of them is in the log."""
        for path in self._paths.worker_files(self._sid):
            with contextlib.suppress(OSError):
                path.unlink()
        self.close()

    def close(self) -> None:
        """Let go of the session's lock; the files stay."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
