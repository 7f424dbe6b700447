"""Opening the log to write: the gate, the map's size, what an earlier run left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import select
from collections.abc import Callable

from tether.clock import monotonic
from tether.errors import TetherError
from tether.paths import Paths
from tether.store import keyspace
from tether.store.gate import ALONE_WAIT_S, MUST_BE_ALONE, Gate
from tether.store.log import MAP_BYTES_MIN, EventLog, LogFault

log = logging.getLogger("tether")

_ASK_EVERY_S = 0.05
_READER_SLOT_BYTES = 64


def map_bytes(quota: int | None) -> int:
    """The address space to reserve. Cutting leaves holes, so twice the quota; only what is used takes disk."""
    return max(MAP_BYTES_MIN, 2 * (quota or 0))


def open_log(paths: Paths, quota: int | None, ask_readers: Callable[[], None]) -> tuple[EventLog, Gate]:
    """Open the log as its only writer; the gate stays held, shared, until it is closed.

    `ask_readers` is called while readers are waited for. TetherError when they don't let go where that is needed, or
    the log can't be opened.
    """
    gate = Gate(paths.log_gate)
    try:
        _be_alone(gate, paths, ask_readers)
        _reserve_reader_table(paths)
        events = _open(paths, map_bytes(quota))
        if not gate.share(ALONE_WAIT_S):
            raise AssertionError("a gate that was held alone can't be shared")
    except BaseException:
        gate.close()
        raise
    stale = events.check_readers()
    if stale:
        log.info("event=stale-readers count=%d", stale)
    return events, gate


def _be_alone(gate: Gate, paths: Paths, ask_readers: Callable[[], None]) -> None:
    deadline = monotonic() + ALONE_WAIT_S
    if gate.exclude():
        return
    gate.ask()
    while not gate.exclude():
        if monotonic() >= deadline:
            if MUST_BE_ALONE:
                raise TetherError(
                    f"Somebody keeps the log {paths.log_db} open",
                    hint="Restart the web service: tether restart",
                    code="log-busy",
                )
            return
        ask_readers()
        select.select([], [], [], _ASK_EVERY_S)


def _reserve_reader_table(paths: Paths) -> None:
    """Give LMDB's table of readers its space on disk while there is some.

    The table is mapped: on a full disk a reader that touched a page of it for the first time would die of SIGBUS. It
    is done before the log is open, because closing any descriptor of that file drops this process's locks on it.
    """
    size = (keyspace.READERS_MAX + 64) * _READER_SLOT_BYTES
    # macOS has no posix_fallocate; a disk that is full already has the table, or had better wait.
    with contextlib.suppress(OSError, AttributeError):
        paths.log_db.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(paths.log_db / "lock.mdb", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(fd, 0, size)
        finally:
            os.close(fd)


def _open(paths: Paths, size: int) -> EventLog:
    while True:
        try:
            return EventLog(paths.log_db, size)
        except LogFault as fault:
            # A limit on address space (ulimit -v) refuses a large map. A smaller one grows when it is full.
            if size <= 1 << 30 or not fault.map_full:
                raise TetherError(
                    f"Can't open the log: {fault}",
                    hint=f"Look at the disk of {paths.data}, and at the log with: tether debug --fsck",
                    code="log",
                ) from None
            size //= 4
