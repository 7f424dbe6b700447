"""attach: be in a session from this terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tether.bus import BrokerClient, Bus
from tether.cli import attach as attach_module
from tether.cli import detachkeys, finding, gateway, leaving
from tether.cli.call import line
from tether.cli.rawtty import Terminal
from tether.cli.uplink import Wish, default_name
from tether.errors import USAGE, TetherError
from tether.paths import Paths
from tether.wire.views import ENDED, SessionView


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(
        epilog="Examples: tether attach | tether attach k3v9 | tether attach k3v9 --observe | tether attach --take"
    )(attach)


def attach(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title.")] = None,
    observe: Annotated[bool, typer.Option("-r", "--observe", help="Only watch.")] = False,
    take: Annotated[bool, typer.Option("--take", help="Take control, whoever has it.")] = False,
    detach_keys: Annotated[str, typer.Option(help="A prefix and a letter, or none.")] = "",
    no_reconnect: Annotated[bool, typer.Option("--no-reconnect", help="End when the gateway goes away.")] = False,
    size: Annotated[
        str, typer.Option(help="auto: this terminal's size once you type; fit: at once; keep: never.")
    ] = "auto",
    nest: Annotated[bool, typer.Option(help="Allow it inside another session.")] = False,
) -> int:
    """Attach this terminal to a session. The session's screen is shown as it is, then live. Of one that has ended: its
    last screen, with what had scrolled off, and how it ended. Notices (who has control, what was skipped) stand in the
    terminal's title."""
    if size not in ("auto", "keep", "fit"):
        raise TetherError(f"--size {line(size)!r} is not auto, keep or fit", code="usage", status=USAGE)
    if observe and take:
        raise TetherError("--observe and --take exclude each other", code="usage", status=USAGE)
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not on_terminal and not observe:
        raise TetherError(
            "attach needs a terminal on stdin and stdout",
            hint="Stream the session with: tether attach --observe, or tether logs -f",
            code="no-terminal",
            status=USAGE,
        )
    paths, settings = gateway.load()
    keys = detachkeys.parse(detach_keys or settings.attach.detach_keys)
    # Its guardian is forked before there is a bus.
    terminal = Terminal() if on_terminal else None
    bus = Bus()
    try:
        broker = BrokerClient(bus, paths)
        view = _chosen(paths, session, broker)
        if view.state in ENDED:
            from tether.cli import ended  # with the emulator, which an attachment seldom needs

            return ended.show(paths, settings, view)
        leaving.refuse_self(view.id)
        if not nest and on_terminal:
            leaving.refuse_nested(view.id)
        wish = Wish(
            default_name(), mode="observe" if observe else "control", take=take, size=size, reconnect=not no_reconnect
        )
        history = settings.attach.history_lines
        veil = attach_module.veil_of(paths, settings, view)
        attachment = attach_module.Attachment(
            paths, view.sid, wish, keys, terminal, history=history, veil=veil, broker=broker
        )
        return leaving.say(attachment.run(), view)
    finally:
        bus.close()
        if terminal is not None:
            terminal.dismiss()


def _chosen(paths: Paths, session: str | None, broker: BrokerClient) -> SessionView:
    """The live session that is meant, else the one that has ended: for that there need be no gateway."""
    try:
        return finding.find_live(paths, session, broker)
    except TetherError:
        over = finding.find_ended(paths, session) if session is not None else None
        if over is None:
            raise
        return over
