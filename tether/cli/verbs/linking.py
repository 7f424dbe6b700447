"""url, open: a session's page, for the browser on this machine."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tether import settings as settings_module
from tether.cli import finding, gateway, owner
from tether.cli.call import CALL, note, out, out_json
from tether.paths import resolve

_Session = Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title; none: the list.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether url | tether url k3v9")(url)
    app.command(name="open", epilog="Examples: tether open | tether open k3v9")(open_page)


def url(session: _Session = None) -> int:
    """Print the address of a session's page, with a ticket that lets one browser in within ten minutes."""
    address = _address(session)
    if CALL.json:
        out_json({"schema": 1, "url": address})
    else:
        out(address)
    return 0


def open_page(session: _Session = None) -> int:
    """Open a session's page in the browser. Over SSH and without a browser it is only printed."""
    import webbrowser

    address = _address(session)
    if os.environ.get("SSH_CONNECTION") or not (os.environ.get("BROWSER") or _has_screen()):
        port = address.split(":")[2].split("/")[0]
        note(f"No browser here. From your own machine: ssh -L {port}:127.0.0.1:{port} THIS-HOST, then open:")
        out(address)
        return 0
    if not webbrowser.open(address):
        out(address)
    return 0


def _address(session: str | None) -> str:
    paths = resolve()
    gateway.require_up(paths)
    settings = settings_module.load(paths.settings)
    page = f"/s/{finding.find_any(paths, session).id}" if session else "/"
    # A fragment is sent to nobody: the page hands the ticket in, once.
    ticket = owner.ask(paths, "POST", "/api/v1/tickets", {})["ticket"]
    return f"http://127.0.0.1:{gateway.web_port(paths, settings)}{page}#ticket={ticket}"


def _has_screen() -> bool:
    import sys

    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
