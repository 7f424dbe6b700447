"""`tether restart`: new code for the gateway and for every worker, with every agent running on."""

from __future__ import annotations

import contextlib
import select
from typing import Final

from tether.bus import BrokerClient, Bus
from tether.cli import finding, gateway, supervising
from tether.cli.gateway import Say
from tether.clock import monotonic
from tether.errors import TIMED_OUT, TetherError
from tether.paths import Paths
from tether.settings import Settings
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.codec import decode_body
from tether.wire.control import Reload
from tether.wire.events import Exited, Lost, Note
from tether.wire.views import ENDED, SessionView

BACK_S: Final = 30.0
_GONE: Final = frozenset({"ended", "not-found"})
_PAUSE_S: Final = 0.03


def live_sessions(paths: Paths) -> list[SessionView]:
    """The sessions that live now, by the broker's word, or by the log's when the broker is too ill to say."""
    try:
        return finding.live(paths)
    except TetherError:
        return [view for view in finding.recorded(paths) if view.state not in ENDED]


def restart(paths: Paths, settings: Settings, live: list[SessionView], say: Say) -> int:
    """Restart and wait until everything is back; the number of sessions that went on."""
    gateway.stop(paths, say)
    gateway.start(paths, settings, say)
    deadline = monotonic() + BACK_S
    with contextlib.closing(Bus()) as bus, contextlib.closing(LogReader(paths)) as log:
        broker = BrokerClient(bus, paths)
        # Where each session's log ended before its worker was told: its word that it runs new code comes behind.
        since = {view.sid: _last(log, view.sid) for view in live}
        told = [view for view in live if _reload(broker, view, deadline)]
        back = [view for view in told if _renewed(log, view, since[view.sid], deadline)]
    _wait_running(paths)
    return len(back)


def _reload(broker: BrokerClient, view: SessionView, deadline: float) -> bool:
    """Tell one worker, as soon as the new broker knows it. False when the session has ended meanwhile."""
    while True:
        try:
            broker.ask(view.sid, Reload(0), max(0.1, deadline - monotonic()))
            return True
        except TetherError as error:
            if error.code in _GONE:
                return False
            if error.code != "not-ready" or monotonic() > deadline:
                raise _not_back(view, error.message) from None
        select.select([], [], [], _PAUSE_S)


def _renewed(log: LogReader, view: SessionView, since: int, deadline: float) -> bool:
    """Wait for the worker's note in the log that it carries on with new code. False when the session has ended."""
    while True:
        with contextlib.suppress(LogUnavailable):
            while rows := log.events(view.sid, since, 256):
                since = rows[-1][0]
                for _, body in rows:
                    match decode_body(body):
                        case Note(code="upgraded" | "recovered"):
                            return True
                        case Exited() | Lost():
                            return False
        if monotonic() > deadline:
            raise _not_back(view, "its worker has not said that it runs the new code")
        select.select([], [], [], _PAUSE_S)


def _not_back(view: SessionView, why: str) -> TetherError:
    return TetherError(
        f"The gateway runs, but session {view.id} is not back: {why}",
        hint="Its agent was not touched. Look again with: tether ls",
        code="timeout",
        status=TIMED_OUT,
    )


def _last(log: LogReader, sid: bytes) -> int:
    with contextlib.suppress(LogUnavailable):
        return log.last_seq(sid)
    return 0


def _wait_running(paths: Paths) -> None:
    """Wait until supervisord calls every service running (it does so some seconds after a start). A tunnel's program is
    none: what it can or can't is told by `tether tunnel ... status`."""
    deadline = monotonic() + gateway.START_S
    while slow := [
        service
        for service in supervising.services(paths)
        if service.state != "running" and service.name in supervising.SERVICES
    ]:
        if monotonic() > deadline:
            names = ", ".join(f"{service.name} {service.state}" for service in slow)
            raise TetherError(f"Not every service runs: {names}", hint="See: tether status", status=TIMED_OUT)
        select.select([], [], [], 0.05)
