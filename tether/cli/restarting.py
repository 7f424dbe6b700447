"""`tether restart`: new code for the gateway and for every worker, with every agent running on."""

from __future__ import annotations

import contextlib
import select
from typing import Final

from tether.bus import BrokerClient, Bus
from tether.cli import gateway
from tether.cli.gateway import Say
from tether.clock import monotonic
from tether.errors import TIMED_OUT, TetherError
from tether.paths import Paths
from tether.settings import Settings
from tether.wire.control import Reload
from tether.wire.ids import NO_SESSION
from tether.wire.views import ENDED, SessionView

BACK_S: Final = 30.0
_BACK: Final = frozenset({"starting", "running", "stalled"})


def live_sessions(paths: Paths) -> list[SessionView]:
    """The sessions that live now; none when the broker is too ill to say."""
    try:
        return [view for view in gateway.ask_sessions(paths).views if view.state not in ENDED]
    except TetherError:
        return []


def restart(paths: Paths, settings: Settings, live: list[SessionView], say: Say) -> int:
    """Restart and wait until everything is back; the number of sessions that went on."""
    gateway.stop(paths, say)
    gateway.start(paths, settings, say)
    _wait_back(paths, live, say)
    with contextlib.closing(Bus()) as bus:
        BrokerClient(bus, paths).ask(NO_SESSION, Reload(0), BACK_S)
    back = _wait_back(paths, live, say)
    _wait_running(paths)
    return back


def _wait_back(paths: Paths, live: list[SessionView], say: Say) -> int:
    """Wait until each of `live` answers again or has ended by itself; how many answer."""
    deadline = monotonic() + BACK_S
    while True:
        now = {view.sid: view for view in gateway.ask_sessions(paths).views}
        missing = [view for view in live if not _is_back(view, now.get(view.sid))]
        if not missing:
            return sum(1 for view in live if view.sid in now)
        if monotonic() > deadline:
            names = ", ".join(f"{view.id} ({_said(now.get(view.sid))})" for view in missing)
            raise TetherError(
                f"The gateway runs, but these sessions have not come back in {BACK_S:g} s: {names}",
                hint="Their agents were not touched. Look again with: tether ls",
                code="timeout",
                status=TIMED_OUT,
            )
        select.select([], [], [], 0.05)


def _is_back(before: SessionView, now: SessionView | None) -> bool:
    # A session the new broker does not list has ended meanwhile, unless its worker has not said Hello yet; the
    # broker lists what the log believes to live as recovering, so that the two can be told apart.
    return now is None or now.state in _BACK or now.state in ENDED


def _said(view: SessionView | None) -> str:
    return view.state if view is not None else "not listed"


def _wait_running(paths: Paths) -> None:
    """Wait until supervisord calls every service running (it does so some seconds after a start)."""
    from tether.cli import supervising

    deadline = monotonic() + gateway.START_S
    while any(service.state != "running" for service in supervising.services(paths)):
        if monotonic() > deadline:
            slow = [f"{service.name} {service.state}" for service in supervising.services(paths)]
            raise TetherError(f"Not every service runs: {', '.join(slow)}", hint="See: tether status", status=TIMED_OUT)
        select.select([], [], [], 0.05)
