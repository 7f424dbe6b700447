"""ls, clients, providers: what there is."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from typing import Annotated, Any, Final

import typer

from tether import providers, settings
from tether.bus import BrokerClient, Bus
from tether.cli import finding, gateway, sessiontable
from tether.cli.call import CALL, columns, line, note, out_json
from tether.cli.rows import client_row, session_row
from tether.paths import Paths, resolve
from tether.wire.control import Clients, ListClients
from tether.wire.ids import NO_SESSION, public_id
from tether.wire.views import ENDED

_WATCH_S: Final = 1.0


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    examples = "Examples: tether ls | tether ls -a --json | tether ls -q | tether ls --state exited,lost"
    app.command(name="ls", epilog=examples)(ls)
    app.command(name="ps", hidden=True, epilog=examples)(ls)
    app.command(epilog="Examples: tether clients | tether clients k3v9 --json")(clients)
    app.command(name="providers", epilog="Example: tether providers --json")(list_providers)


def ls(
    every: Annotated[bool, typer.Option("-a", "--all", help="Ended sessions too.")] = False,
    state: Annotated[str, typer.Option(help="Only these states, with commas between.")] = "",
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Go on showing the list.")] = False,
) -> int:
    """List sessions. Without -a only live ones."""
    paths = resolve()
    options = {"all": every, "quiet": CALL.quiet, "json": CALL.json, "color": CALL.color, "state": state}
    if not watch:
        return sessiontable.show(_rows(paths, every=every or bool(state)), options)
    while True:
        rows = _rows(paths, every=every or bool(state))
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[H\x1b[2J" if CALL.color else "\n")
            sys.stdout.flush()
        sessiontable.show(rows, options)
        select.select([], [], [], _WATCH_S)


def _rows(paths: Paths, *, every: bool) -> list[dict[str, Any]]:
    port = gateway.web_port(paths, settings.load(paths.settings))
    if every:
        return [session_row(view, port) for view in finding.every(paths)]
    return [session_row(view, port) for view in gateway.ask_sessions(paths).views if view.state not in ENDED]


def clients(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title.")] = None,
) -> int:
    """List who is attached: to one session, or to all."""
    paths = resolve()
    gateway.require_up(paths)
    sid = finding.find_live(paths, session).sid if session else NO_SESSION
    with contextlib.closing(Bus()) as bus:
        answer: Clients = BrokerClient(bus, paths).ask(sid, ListClients(0))
    if CALL.json:
        out_json([client_row(view, public_id(view.sid)) for view in answer.clients])
        return 0
    header = ("SESSION", "NAME", "KIND", "MODE", "SINCE", "BEHIND", "SIZE")
    now = time.time_ns() // 1000
    rows = [header] + [
        (
            public_id(view.sid), line(view.name, 40), view.kind, view.mode,
            sessiontable.age((now - view.since) // 1_000_000), str(view.behind), f"{view.cols}x{view.rows}",
        )
        for view in answer.clients
    ]  # fmt: skip
    columns(rows)
    return 0


def list_providers() -> int:
    """List the agents that can be run."""
    paths = resolve()
    found = providers.load_all(paths.providers)
    seen = {name: providers.look(one, dict(os.environ)) for name, one in sorted(found.items())}
    if CALL.json:
        out_json([_provider_row(found[name], one) for name, one in seen.items()])
        return 0
    rows = [("PROVIDER", "VERSION", "PROGRAM", "CAN", "DESCRIPTION")]
    for name, one in seen.items():
        can = ", ".join(word for word, able in _capabilities(found[name], one).items() if able) or "-"
        rows.append((name, one.version or "-", one.program or "not found", can, line(found[name].description)))
    columns(rows)
    for name, one in seen.items():
        if one.degraded:
            note(f"{name}: {one.degraded}")
    return 0


def _provider_row(provider: providers.Provider, found: providers.Found) -> dict[str, Any]:
    return {
        "name": provider.name, "description": provider.description, "args": provider.args,
        "program": found.program or (provider.argv or [""])[0], "found": bool(found.program), "version": found.version,
        "tested": provider.tested, "capabilities": _capabilities(provider, found), "degraded": found.degraded,
    }  # fmt: skip


def _capabilities(provider: providers.Provider, found: providers.Found) -> dict[str, bool]:
    """What Tether can do with it beyond its terminal."""
    beside = bool(provider.channel and found.program and not found.degraded)
    return {
        "state": beside or bool(provider.titles),
        "approvals": beside,
        "resume": bool(provider.resume and found.program),
    }
