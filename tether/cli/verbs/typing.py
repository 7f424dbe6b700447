"""send, keys, rename: acting on a session without attaching."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated, Final

import typer

from tether.bus import BrokerClient, Bus
from tether.cli import asking, finding, gateway
from tether.cli.call import CALL, line, note, out_json
from tether.cli.keynames import key_bytes
from tether.errors import USAGE, TetherError
from tether.paths import resolve
from tether.wire.control import Rename
from tether.wire.limits import TITLE_CHARS_MAX

_TAKEN_S: Final = 10.0
_STDIN_BYTES_MAX: Final = 64 << 20

_Session = Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a title.")]
_Take = Annotated[bool, typer.Option("--take", help="Take control, whoever has it.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether send k3v9 'run the tests' --enter | git diff | tether send k3v9 -")(send)
    app.command(epilog="Examples: tether keys k3v9 esc | tether keys k3v9 c-c up enter")(keys)
    app.command(epilog="Example: tether rename k3v9 'fix the login'")(rename)


def send(
    session: _Session,
    text: Annotated[str | None, typer.Argument(help="What to type; - reads it from stdin.")] = None,
    enter: Annotated[bool, typer.Option("--enter", help="Press Enter behind it.")] = False,
    take: _Take = False,
) -> int:
    """Type text into a session. Ends when the session has taken it. Exit status 6 when another client has control."""
    if text == "-":
        data = sys.stdin.buffer.read(_STDIN_BYTES_MAX + 1)
        if len(data) > _STDIN_BYTES_MAX:
            raise TetherError(f"More than {_STDIN_BYTES_MAX} bytes of input", code="usage", status=USAGE)
    elif text is None and not enter:
        raise TetherError("There is nothing to send", hint="Give the text, or - for stdin", code="usage", status=USAGE)
    else:
        data = (text or "").encode("utf-8", "surrogateescape")
    return _type(session, data + (b"\r" if enter else b""), take=take)


def keys(
    session: _Session,
    names: Annotated[list[str], typer.Argument(metavar="KEY...", help="enter, esc, up, c-c, m-x, f5, a character ...")],
    take: _Take = False,
) -> int:
    """Press keys in a session."""
    return _type(session, b"".join(key_bytes(name) for name in names), take=take)


def rename(session: _Session, title: Annotated[str, typer.Argument(help="The new title.")]) -> int:
    """Give a session another title."""
    title = title.strip()
    if not title or len(title) > TITLE_CHARS_MAX or not title.isprintable():
        raise TetherError(f"A title has 1 to {TITLE_CHARS_MAX} characters on one line", code="usage", status=USAGE)
    paths = resolve()
    view = finding.find_live(paths, session)
    with contextlib.closing(Bus()) as bus:
        BrokerClient(bus, paths).ask(view.sid, Rename(0, title))
    if CALL.json:
        out_json({"schema": 1, "id": view.id, "title": title})
    else:
        note(f"Session {view.id} is now {line(title)!r}")
    return 0


def _type(session: str, data: bytes, *, take: bool) -> int:
    paths = resolve()
    gateway.require_up(paths)
    view = finding.find_live(paths, session)
    limit = CALL.timeout_s if CALL.timeout_s is not None else _TAKEN_S + len(data) / 100_000
    asking.type_into(paths, view.sid, data, take=take, limit_s=limit)
    if CALL.json:
        out_json({"schema": 1, "id": view.id, "bytes": len(data)})
    return 0
