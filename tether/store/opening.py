"""Opening the log to write: the gate, the map's size, what an earlier run left behind."""

from __future__ import annotations

import logging
import select
from collections.abc import Callable

from tether.clock import monotonic
from tether.errors import TetherError
from tether.paths import Paths
from tether.store.gate import ALONE_WAIT_S, MUST_BE_ALONE, Gate
from tether.store.log import MAP_BYTES_MIN, EventLog, LogFault

log = logging.getLogger("tether")

_ASK_EVERY_S = 0.05


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
