"""run, resume: start a session and, on a terminal, be in it."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from tether import providers
from tether.bus import BrokerClient, Bus
from tether.cli import attach as attach_module
from tether.cli import detachkeys, finding, gateway, leaving
from tether.cli.call import CALL, line, note, out, out_json, use_color
from tether.cli.rawtty import Terminal, window_size
from tether.cli.uplink import Wish, default_name
from tether.clock import monotonic
from tether.errors import BEFORE_START, NO_AGENT, NO_GATEWAY, USAGE, TetherError
from tether.paths import Paths
from tether.settings import Settings
from tether.wire.control import Launch
from tether.wire.ids import NO_SESSION
from tether.wire.views import ENDED, SessionView

_READY_S: Final = 10.0
# What is the caller's to correct; everything else that keeps an agent from starting ends with 125.
_USAGE_CODES: Final = frozenset({"provider", "args", "cwd", "env", "size", "usage"})


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(
        epilog="Examples: tether run shell | tether run codex --model o3 | tether run claude --title 'fix auth' | "
        "tether run shell -d. Words that Tether does not know, and all after --, belong to the agent.",
        options_metavar="[OPTIONS]",
    )(run)
    app.command(epilog="Examples: tether resume k3v9 | tether resume k3v9 -d")(resume)


def run(
    provider: Annotated[str, typer.Argument(help="codex, claude, opencode, shell, or a provider of your own.")],
    args: Annotated[list[str] | None, typer.Argument(metavar="[ARGS...]", help="Passed on to the agent.")] = None,
    title: Annotated[str, typer.Option(help="The session's title.")] = "",
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Do not attach; print the id alone.")] = False,
    cwd: Annotated[str, typer.Option(help="The working directory.")] = "",
    no_reconnect: Annotated[bool, typer.Option("--no-reconnect", help="End when the gateway goes away.")] = False,
    observe: Annotated[bool, typer.Option(help="Attach as an observer.")] = False,
    nest: Annotated[bool, typer.Option(help="Allow it inside a session.")] = False,
    share: Annotated[
        bool | None, typer.Option("--share/--no-share", help="May paired devices see it? Agents yes, shells no.")
    ] = None,
    transport: Annotated[str, typer.Option(help="pty.")] = "pty",
    detach_keys: Annotated[str, typer.Option(help="A prefix and a letter, or none.")] = "",
) -> int:
    """Start an agent in a session of its own and attach to it. The gateway is started when it is down."""
    paths, settings = gateway.load()
    if transport != "pty":
        why = (
            "The tmux transport is not there yet"
            if transport == "tmux"
            else f"There is no transport {line(transport)!r}"
        )
        raise TetherError(why, hint="Leave --transport out", code="usage", status=USAGE)
    how = _How(detach=detach, observe=observe, reconnect=not no_reconnect, nest=nest, keys=detach_keys)
    return _be_in(paths, settings, how, lambda: _launch(paths, settings, provider, args or [], title, cwd, share))


def resume(
    session: Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a title.")],
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Do not attach; print the id alone.")] = False,
    nest: Annotated[bool, typer.Option(help="Allow it inside a session.")] = False,
) -> int:
    """Go on with the conversation of a session that has ended, in a new session in the same directory."""
    paths, settings = gateway.load()
    old = finding.find_any(paths, session)
    if old.state not in ENDED:
        raise TetherError(f"Session {old.id} still runs", hint=f"tether attach {old.id}", code="usage", status=USAGE)
    if not old.conversation:
        text = f"Session {old.id} has no conversation that {line(old.provider)} told of"
        raise TetherError(text, hint=f"Start a new one: tether run {line(old.provider)}", code="args", status=USAGE)
    how = _How(detach=detach, observe=False, reconnect=True, nest=nest, keys="")
    return _be_in(
        paths, settings, how,
        lambda: _launch(
            paths, settings, old.provider, [], old.title, old.cwd, old.share, resume=old.conversation, parent=old.id
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class _How:
    """How whoever starts a session wants to be in it."""

    detach: bool
    observe: bool
    reconnect: bool
    nest: bool
    keys: str


def _be_in(paths: Paths, settings: Settings, how: _How, launch: Callable[[], SessionView]) -> int:
    attached = not (how.detach or CALL.json) and sys.stdin.isatty() and sys.stdout.isatty()
    keys = detachkeys.parse(how.keys or settings.attach.detach_keys)
    if attached and not how.nest:
        leaving.refuse_nested()
    terminal = Terminal() if attached else None  # its guardian is forked before anything else is there
    try:
        view = launch()
        _announce(view, paths, settings, keys, attached=attached)
        if terminal is None:
            return 0
        mode = "observe" if how.observe else "control"
        wish = Wish(default_name(), mode=mode, reconnect=how.reconnect, fresh=True)
        veil = attach_module.veil_of(paths, settings, view)
        end = attach_module.Attachment(paths, view.sid, wish, keys, terminal, veil=veil).run()
        return leaving.say(end, view)
    finally:
        if terminal is not None:
            terminal.dismiss()


def _launch(
    paths: Paths,
    settings: Settings,
    name: str,
    args: list[str],
    title: str,
    cwd: str,
    share: bool | None,
    resume: str = "",
    parent: str = "",
) -> SessionView:
    found = providers.find(name, paths.providers)
    providers.validate_args(found, args)
    env = providers.offered_environment(found, dict(os.environ))
    directory = os.path.abspath(cwd) if cwd else _here()
    cols, rows = window_size(1)
    _ensure_gateway(paths, settings)
    # A shell is the whole machine: a device gets to see one only when it was meant for that at its making.
    shared = not found.login_shell if share is None else share
    order = Launch(0, found.name, args, title, directory, cols, rows, env, shared, resume, parent)
    try:
        return _ask(paths, order)
    except TetherError as error:
        if error.code == "agent":
            error.status = NO_AGENT
        elif error.code not in _USAGE_CODES and error.status != NO_GATEWAY:
            error.status = BEFORE_START
        raise


def _ensure_gateway(paths: Paths, settings: Settings) -> None:
    if gateway.is_up(paths):
        return
    note("The gateway is not running; starting it")
    gateway.start(paths, settings, note, need_web=False)


def _ask(paths: Paths, order: Launch) -> SessionView:
    deadline = monotonic() + _READY_S
    with contextlib.closing(Bus()) as bus:
        broker = BrokerClient(bus, paths)
        while True:
            try:
                launched = broker.ask(NO_SESSION, order, _READY_S + 5)
            except TetherError as error:
                if error.code != "not-ready" or monotonic() > deadline:
                    raise
            else:
                view: SessionView = launched.view
                return view
            select.select([], [], [], 0.05)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        raise TetherError(
            "The current directory does not exist any more", hint="Go to another one, or name one with --cwd",
            code="cwd", status=USAGE,
        ) from None  # fmt: skip


def _announce(
    view: SessionView, paths: Paths, settings: Settings, keys: detachkeys.Keys | None, *, attached: bool
) -> None:
    url = f"http://127.0.0.1:{gateway.web_port(paths, settings)}/s/{view.id}"
    title = f' "{line(view.title, 60)}"' if view.title and view.title != view.provider else ""
    dot = "\x1b[32m●\x1b[0m" if use_color(sys.stderr) else "●"
    note(f"{dot} {view.provider}{title}  {view.id}  {url}")
    if attached:
        leave = f"Detach {keys.shown()}   ·   " if keys else ""
        note(f"  {leave}Reattach tether attach {view.id}   ·   Browser tether open {view.id}")
        if os.environ.get("SSH_CONNECTION"):
            port = gateway.web_port(paths, settings)
            note(f"  From your own machine: ssh -L {port}:127.0.0.1:{port} {os.environ.get('USER', 'user')}@this-host")
    elif CALL.json:
        out_json({"schema": 1, "id": view.id, "sid": view.sid.hex(), "url": url, "provider": view.provider})
    else:
        out(view.id)
        sys.stdout.flush()
