"""stop: end sessions, or the gateway; the two are never mistaken for each other."""

from __future__ import annotations

import contextlib
import select
from typing import Annotated, Final

import typer

from tether.bus import BrokerClient, Bus
from tether.cli import finding, gateway
from tether.cli.call import CALL, confirm, line, note, out_json
from tether.cli.uplink import default_name
from tether.clock import monotonic
from tether.errors import FAILED, TIMED_OUT, USAGE, TetherError
from tether.paths import Paths
from tether.settings import Settings
from tether.wire.control import Stop
from tether.wire.views import ENDED, SessionView

# Beyond the grace, for the last signals and the last bytes.
_BEYOND_S: Final = 10.0
# For a worker that is being replaced, or has not found the broker yet.
_READY_S: Final = 15.0


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(
        epilog="Examples: tether stop k3v9 | tether stop --all --yes | tether stop (the gateway only: sessions go on)"
    )(stop)


def stop(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Sessions to end.")] = None,
    every: Annotated[bool, typer.Option("--all", help="End every session; the gateway stays.")] = False,
    signum: Annotated[
        int, typer.Option("--signal", help="The first signal to send, by number (0: HUP, then TERM).")
    ] = 0,
) -> int:
    """End sessions (HUP, TERM, then KILL after --timeout seconds). Without ID: stop the gateway; sessions go on."""
    paths, settings = gateway.load()
    if not ids and not every:
        return _stop_gateway(paths)
    if ids and every:
        raise TetherError("Both sessions and --all were given", hint="Give one of them", code="usage", status=USAGE)
    return _stop_sessions(paths, settings, ids or [], signum)


def _stop_gateway(paths: Paths) -> int:
    live: list[SessionView] = []
    if gateway.is_up(paths):
        with contextlib.suppress(TetherError):
            live = [view for view in gateway.ask_sessions(paths, 2.0).views if view.state not in ENDED]
    if live:
        note(f"{len(live)} live sessions go on without the gateway, and are back with the next `tether start`:")
        note(finding.candidates(live))
        refused = f"{len(live)} sessions are live. They would go on; only the gateway would stop"
        if not confirm("Stop the gateway?", refused=refused):
            note("The gateway runs on")
            return FAILED
    stopped = gateway.stop(paths, note)
    if CALL.json:
        out_json({"schema": 1, "stopped": stopped, "sessions": len(live)})
    else:
        went_on = f"; {len(live)} sessions go on" if live else ""
        note(f"Gateway stopped{went_on}" if stopped else "The gateway is not running")
    return 0


def _stop_sessions(paths: Paths, settings: Settings, ids: list[str], signum: int) -> int:
    gateway.require_up(paths)
    live = finding.unended(paths)
    chosen = [_choose(paths, text, live) for text in ids] if ids else live
    targets = {view.sid: view for view in chosen if view is not None}
    if not ids and targets and not CALL.yes:
        note(finding.candidates(live))
        if not confirm(f"End these {len(live)} sessions?", refused=f"{len(live)} sessions would be ended"):
            note("Nothing was stopped")
            return FAILED
    grace = CALL.timeout_s if CALL.timeout_s is not None else settings.session.stop_grace_s
    with contextlib.closing(Bus()) as bus:
        broker = BrokerClient(bus, paths)
        for view in targets.values():
            _ask(broker, view, grace, signum)
        _wait_ended(paths, targets, grace + _BEYOND_S)
    if CALL.json:
        out_json({"schema": 1, "stopped": [view.id for view in targets.values()]})
    else:
        for view in targets.values():
            note(f"Session {view.id} stopped")
        if not ids and not targets:
            note("There are no live sessions")
    return 0


def _choose(paths: Paths, text: str, live: list[SessionView]) -> SessionView | None:
    """The session to end; None when it has ended already, which is fine."""
    found = finding.pick(text, live)
    if found is None:
        ended = finding.pick(text, finding.recorded(paths))
        if ended is None:
            raise finding.unknown(text, live)
        note(f"Session {ended.id} had ended already ({line(ended.state)})")
    return found


def _ask(broker: BrokerClient, view: SessionView, grace: float, signum: int) -> None:
    deadline = monotonic() + _READY_S
    while True:
        try:
            broker.ask(view.sid, Stop(0, default_name(), grace, signum))
            return
        except TetherError as error:
            if error.code in ("ended", "not-found"):
                return
            # Its worker is being replaced, or the broker has just started and waits for it.
            if error.code != "not-ready":
                raise
            if monotonic() > deadline:
                raise TetherError(
                    f"Session {view.id} could not be told to stop for {_READY_S:g} s: {error.message}",
                    hint=f"See: tether ls. Then try again: tether stop {view.id}",
                    code="timeout",
                    status=TIMED_OUT,
                ) from None
        select.select([], [], [], 0.1)


def _wait_ended(paths: Paths, targets: dict[bytes, SessionView], limit_s: float) -> None:
    deadline = monotonic() + limit_s
    while True:
        left = [view for view in finding.live(paths) if view.sid in targets]
        if not left:
            # A broker that was replaced just now may not have heard of them yet: the log has.
            left = [view for view in finding.unended(paths) if view.sid in targets]
        if not left:
            return
        if monotonic() > deadline:
            raise TetherError(
                f"Still not ended after {limit_s:g} s: {', '.join(view.id for view in left)}",
                hint="See what runs in them: tether ls, ps -ejH",
                code="timeout",
                status=TIMED_OUT,
            )
        select.select([], [], [], 0.03)
