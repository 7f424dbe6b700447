"""A session's screen for a command: its worker's own word where it can be had, else made from the log."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from tether.bus import BrokerClient, Bus
from tether.errors import TetherError
from tether.paths import Paths
from tether.store.reader import LogReader
from tether.wire.control import Snapshot, SnapshotQuery
from tether.wire.views import ENDED, SessionView

if TYPE_CHECKING:
    from tether.screen import Screen

# A worker answers within some milliseconds. One that is being replaced, or none, is not waited for: the log has it all.
ANSWER_S: Final = 0.7


def of_worker(broker: BrokerClient, sid: bytes, history: int) -> Snapshot | None:
    """What the session's worker says of its screen now; None when it does not answer at once, or has no model."""
    try:
        answer = broker.ask(sid, SnapshotQuery(0, os.urandom(16), history), ANSWER_S)
    except TetherError:
        return None
    return answer if isinstance(answer, Snapshot) else None


def newest(paths: Paths, log: LogReader, view: SessionView, history: int = 0) -> Snapshot:
    """The screen of a session, live or ended, as it is now. LogUnavailable when it can't be had at all."""
    if view.state not in ENDED:
        with contextlib.closing(Bus()) as bus:
            found = of_worker(BrokerClient(bus, paths), view.sid, history)
        if found is not None:
            return found
    from tether import rewind  # loads the emulator

    return rewind.snapshot(log, log.session(view.sid) or view, history)


def show(snapshot: Snapshot) -> Screen:
    """A screen that shows `snapshot`; to be closed. ScreenUnavailable where there is no emulator."""
    from tether.screen import Screen

    # The room is in bytes, and comes to the lines within some ten percent.
    screen = Screen(snapshot.cols or 80, snapshot.rows or 24, scrollback_lines=1000 + 2 * snapshot.history)
    screen.feed(snapshot.data)
    return screen


def above(shown: Screen, *, styled: bool) -> bytes:
    """What scrolled off, each line with its end, rows that were folded as one."""
    lines = shown.history(0, shown.history_size())
    return b"".join((one.ansi if styled else one.text.encode()) + (b"" if one.wrapped else b"\n") for one in lines)


def trimmed(rows: list[bytes]) -> list[bytes]:
    """The rows of a screen without the empty ones at its end."""
    while rows and not rows[-1]:
        rows.pop()
    return rows
