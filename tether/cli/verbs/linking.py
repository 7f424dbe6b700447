"""url, open, app: a session's page, for the browser on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from tether import settings as settings_module
from tether.cli import appwindow, finding, gateway, owner
from tether.cli.call import CALL, note, out, out_json
from tether.errors import FAILED, TetherError
from tether.paths import resolve

_Session = Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title; none: the list.")]
_Print = Annotated[bool, typer.Option("--print", help="Only print the address.")]
# A browser that can't open a window says so within this time; one that goes on has opened it.
_REFUSES_WITHIN_S: Final = 2.0


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether url | tether url k3v9")(url)
    app.command(name="open", epilog="Examples: tether open | tether open k3v9")(open_page)
    app.command(name="app", epilog="Examples: tether app | tether app k3v9")(open_app)


def url(session: _Session = None) -> int:
    """Print the address of a session's page, with a ticket that lets one browser in within ten minutes."""
    _tell(_address(session))
    return 0


def open_page(session: _Session = None, only: _Print = False) -> int:
    """Open a session's page in the browser. Over SSH and without a browser it is only printed."""
    import webbrowser

    address = _address(session, known=not only)
    elsewhere = _elsewhere() and not os.environ.get("BROWSER")
    if elsewhere and not only:
        port = address.split(":")[2].split("/")[0]
        note(f"No browser here. From your own machine: ssh -L {port}:127.0.0.1:{port} THIS-HOST, then open:")
    if only or elsewhere or not webbrowser.open(address):
        _tell(address)
    return 0


def open_app(session: _Session = None) -> int:
    """Open a session's page, or the list, in a window of its own: Tether as an application of your desk.

    Takes an installed Chromium, Chrome, Edge, Brave or Vivaldi.
    """
    import shutil
    from pathlib import Path

    if _elsewhere():
        raise TetherError(
            "There is no screen here to open a window on",
            hint="Print a link for another machine's browser: tether open",
            code="no-screen",
            status=FAILED,
        )
    program = appwindow.find(shutil.which, lambda path: Path(path).is_file(), str(Path.home()), sys.platform)
    if program is None:
        raise TetherError(
            "No browser that opens windows of applications was found (Chromium, Chrome, Edge, Brave or Vivaldi)",
            hint="Install one of them, or use any browser: tether open",
            code="no-browser",
            status=FAILED,
        )
    _launch(appwindow.arguments(program, _address(session, known=True)))
    note(f"Opened in a window of {Path(program).name}")
    return 0


def _launch(arguments: Sequence[str]) -> None:
    """Start a browser that outlives this command. TetherError when it ends with an error at once."""
    try:
        started = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise _refused(arguments[0], error.strerror or str(error)) from None
    try:
        status = started.wait(_REFUSES_WITHIN_S)
    except subprocess.TimeoutExpired:
        # It is the browser now, and not ours to wait for.
        started.returncode = 0
        return
    if status != 0:
        raise _refused(arguments[0], f"it ended with {status}")


def _refused(program: str, why: str) -> TetherError:
    return TetherError(
        f"{program} opened no window: {why}", hint="Use any browser: tether open", code="browser", status=FAILED
    )


def _tell(address: str) -> None:
    if CALL.json:
        out_json({"schema": 1, "url": address})
    else:
        out(address)


def _address(session: str | None, *, known: bool = False) -> str:
    """The address of a page with a ticket. With `known` it may be one without: for a browser that was let in before,
    when we are started by a desk's icon and have no terminal."""
    paths = resolve()
    gateway.require_up(paths)
    settings = settings_module.load(paths.settings)
    page = f"/s/{finding.find_any(paths, session).id}" if session else "/"
    # A fragment is sent to nobody: the page hands the ticket in, once.
    try:
        ticket = "#ticket=" + owner.ask(paths, "POST", "/api/v1/tickets", {})["ticket"]
    except TetherError as error:
        if error.code != "terminal" or not known:
            raise
        note("Only a command at a terminal lets a browser in: this one must have been let in before")
        ticket = ""
    return f"http://127.0.0.1:{gateway.web_port(paths, settings)}{page}{ticket}"


def _elsewhere() -> bool:
    """Nobody sits at this machine's screen, or it has none."""
    screen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return bool(os.environ.get("SSH_CONNECTION")) or not screen
