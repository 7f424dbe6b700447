"""start, restart, status: the gateway's own life."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from tether import __version__
from tether.cli import gateway, health
from tether.cli.call import CALL, confirm, note, out, out_json
from tether.errors import FAILED, NO_GATEWAY
from tether.wire.views import ENDED


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether start | tether start --service")(start)
    app.command(epilog="Example: tether restart --yes")(restart)
    app.command(epilog="Examples: tether status | tether status --json")(status)


def start(
    service: Annotated[
        bool, typer.Option("--service", help="Install and start a user service (systemd, launchd).")
    ] = False,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in the foreground, as services want it.")
    ] = False,
) -> int:
    """Start the gateway. Does nothing when it runs."""
    paths, settings = gateway.load()
    if foreground:
        gateway.foreground(paths, settings)
    if service:
        from tether.cli import userservice

        userservice.install(paths, settings, note)
    started = gateway.start(paths, settings, note)
    port = gateway.web_port(paths, settings)
    if CALL.json:
        out_json({"schema": 1, "started": started, "url": f"http://127.0.0.1:{port}", "port": port})
    else:
        note(f"{'Gateway started' if started else 'The gateway is already running'}: http://127.0.0.1:{port}")
    return 0


def restart() -> int:
    """Restart the gateway and its workers with the code that is installed now. Sessions go on; no agent is touched."""
    paths, settings = gateway.load()
    from tether.cli import restarting

    if not gateway.is_up(paths):
        gateway.start(paths, settings, note)
        note("The gateway was not running; it is now")
        return 0
    live = restarting.live_sessions(paths)
    if live and not CALL.yes:
        question = f"Restart the gateway? {len(live)} live sessions go on, their screens reconnect."
        if not confirm(question, refused=f"{len(live)} sessions are live; they would go on"):
            return FAILED
    back = restarting.restart(paths, settings, live, note)
    if CALL.json:
        out_json({"schema": 1, "sessions": back})
    else:
        note(f"Gateway restarted; {back} live sessions went on")
    return 0


def status() -> int:
    """Show the gateway: services, log, sessions. Exit status 0 up, 5 down, 1 when a service has given up."""
    paths, settings = gateway.load()
    found = health.look(paths, settings)
    port = gateway.web_port(paths, settings)
    live = [view for view in found.sessions if view.state not in ENDED]
    document: dict[str, Any] = {
        "schema": 1,
        "state": found.state,
        "version": __version__,
        "port": port,
        "url": f"http://127.0.0.1:{port}",
        "home": str(paths.data.parent),
        "services": [dataclasses.asdict(service) for service in found.services],
        "store": _store(found.store),
        "web": found.web,
        "sessions": {"live": len(live), "by_state": _by_state([view.state for view in live])},
        "problems": found.problems,
    }
    if CALL.json:
        out_json(document)
    else:
        _print(document)
    return {"down": NO_GATEWAY, "degraded": FAILED}.get(found.state, 0)


def _store(said: str) -> dict[str, str]:
    """The broker's word on the store ("ok", "down", "stalled: why", "" when there is no broker) in two parts."""
    state, _, reason = said.partition(": ")
    return {"state": state or "unknown", "reason": reason}


def _by_state(states: list[str]) -> dict[str, int]:
    return {state: states.count(state) for state in dict.fromkeys(states)}


def _print(document: dict[str, Any]) -> None:
    out(f"Gateway   {document['state']}   {document['url']}   version {document['version']}")
    if document["state"] == "down":
        out("Start it with: tether start")
        return
    for service in document["services"]:
        out(f"  {service['name']:<12} {service['state']:<10} {service['pid'] or '-'}")
    store = document["store"]
    out(f"Log       {store['state']}" + (f": {store['reason']}" if store["reason"] else ""))
    counts = ", ".join(f"{count} {state}" for state, count in document["sessions"]["by_state"].items())
    out(f"Sessions  {document['sessions']['live']} live" + (f" ({counts})" if counts else ""))
    for problem in document["problems"]:
        out(f"! {problem}")
