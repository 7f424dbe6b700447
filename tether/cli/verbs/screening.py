"""snapshot, replay, search: a session's screen, now, at any moment, and every line that was on it."""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from tether import masking, rewind, settings
from tether.cli import finding, moments, screens
from tether.cli.call import CALL, line, out_json, warn
from tether.errors import USAGE, TetherError
from tether.paths import resolve
from tether.screen import Screen
from tether.store.reader import LogReader
from tether.wire.control import Snapshot
from tether.wire.views import SessionView

_Session = Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a title.")]
_At = Annotated[str, typer.Option("--at", help="An event's number, a time (14:05), a date, or how long ago (-5m).")]
_IDLE_S: Final = 2.0
_SPEED_MAX: Final = 1000.0
_HISTORY_MAX: Final = 1_000_000


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(
        epilog="Examples: tether snapshot k3v9 | tether snapshot k3v9 --at -10m | tether snapshot k3v9 --svg -o k.svg"
    )(snapshot)
    app.command(epilog="Examples: tether replay k3v9 | tether replay k3v9 --speed 4 --from 14:05")(replay)


def snapshot(
    session: _Session,
    text: Annotated[bool, typer.Option("--text", help="Plain text (the default).")] = False,
    ansi: Annotated[bool, typer.Option("--ansi", help="With colours and styles.")] = False,
    svg: Annotated[bool, typer.Option("--svg", help="A drawing whose text can be selected.")] = False,
    png: Annotated[bool, typer.Option("--png", help="A picture; wants Pillow and a font.")] = False,
    at: _At = "",
    history: Annotated[
        int, typer.Option("--history", help="So many lines of what had scrolled off above it, from the log.")
    ] = 0,
    output: Annotated[str, typer.Option("-o", "--output", help="The file to write; stdout without it.")] = "",
) -> int:
    """Print a session's screen as it is now, as it was at the end, or at any moment."""
    if text + ansi + svg + png > 1:
        raise TetherError("--text, --ansi, --svg and --png exclude each other", code="usage", status=USAGE)
    form = next((name for name, on in (("ansi", ansi), ("svg", svg), ("png", png)) if on), "text")
    if not 0 <= history <= _HISTORY_MAX or (history and form in ("svg", "png")):
        raise TetherError(
            f"--history {history} can't be", hint=f"0 to {_HISTORY_MAX:,} lines, of text", code="usage", status=USAGE
        )
    if form == "png" and not output and sys.stdout.isatty():
        raise TetherError("A picture is no text for a terminal", hint="Give -o FILE", code="usage", status=USAGE)
    paths = resolve()
    view = finding.find_any(paths, session)
    with contextlib.closing(LogReader(paths)) as log:
        if history:
            record = log.session(view.sid) or view
            found = rewind.deep_snapshot(log, record, moment(log, view, at) if at else record.seq, history)
        else:
            found = rewind.snapshot(log, view, 0, moment(log, view, at)) if at else screens.newest(paths, log, view)
    mask = masking.load(paths, settings.load(paths.settings).masking.snapshot, agents=[view])
    shown = screens.show(found if mask is None else masking.snapshot_masked(found, mask))
    try:
        if CALL.json:
            out_json(_document(view, found, shown))
        else:
            _write(_made(shown, form), output)
    finally:
        shown.close()
    if found.kind != "screen":
        warn("a part of this session's output is missing in the log: the screen may lack what stood there")
    return 0


def replay(
    session: _Session,
    speed: Annotated[float, typer.Option(help="How many times as fast.")] = 1.0,
    idle: Annotated[float, typer.Option("--idle", help="The longest pause that is played, in seconds.")] = _IDLE_S,
    start: Annotated[str, typer.Option("--from", help="Where to begin: as --at of snapshot.")] = "",
) -> int:
    """Play a session's output on this terminal. Nothing that is typed reaches the session; ? shows the keys."""
    from tether.cli.playhead import Playhead
    from tether.cli.rawtty import Terminal
    from tether.cli.replay import Replay
    from tether.cli.veil import over

    if not 0 < speed <= _SPEED_MAX or not idle >= 0:
        raise TetherError(f"--speed {speed:g} --idle {idle:g} can't be", code="usage", status=USAGE)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise TetherError(
            "replay needs a terminal on stdin and stdout",
            hint="Write the session to a file: tether export --format cast",
            code="no-terminal",
            status=USAGE,
        )
    paths = resolve()
    view = finding.find_any(paths, session)
    veil = over(paths, view) if settings.load(paths.settings).masking.logs == "masked" else None
    terminal = Terminal()
    try:
        with contextlib.closing(LogReader(paths)) as log:
            view = log.session(view.sid) or view
            first = moment(log, view, start) if start else max(1, view.first_seq)
            cols, rows = terminal.size()
            if (view.cols, view.rows) > (cols, rows) or view.rows > rows:
                warn(f"The session's terminal has {view.cols}x{view.rows} cells, this one {cols}x{rows}")
            Replay(log, view, terminal, Playhead(speed, idle), first, veil).run()
    finally:
        terminal.dismiss()
    return 0


def moment(log: LogReader, view: SessionView, text: str) -> int:
    """The event of the session that stands at the moment `text`. TetherError when it names none."""
    record = log.session(view.sid) or view
    wanted = moments.parse(text, datetime.now().astimezone())
    seq = wanted.seq or rewind.event_at(log, record, wanted.ts)
    if seq > record.seq:
        raise TetherError(f"Session {view.id} has {record.seq} events, and no {seq}", code="usage", status=USAGE)
    return seq


def _made(shown: Screen, form: str) -> bytes:
    match form:
        case "ansi":
            return screens.above(shown, styled=True) + b"\n".join(screens.trimmed(shown.styled())) + b"\n"
        case "svg":
            from tether.screen.svg import svg

            return svg(shown).encode()
        case "png":
            from tether.screen.png import png

            return png(shown)
        case _:
            return screens.above(shown, styled=False) + ("\n".join(shown.text()).rstrip("\n") + "\n").encode()


def _write(data: bytes, output: str) -> None:
    if not output:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    # A screen may hold secrets: the file is the owner's alone.
    fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)


def _document(view: SessionView, found: Snapshot, shown: Screen) -> dict[str, Any]:
    facts = shown.facts()
    return {
        "schema": 1, "id": view.id, "cols": shown.cols, "rows": shown.rows, "seq": found.seq, "offset": found.offset,
        "exact": found.kind == "screen", "title": line(facts.title), "alternate": facts.alternate,
        "cursor": {"x": facts.x, "y": facts.y, "visible": facts.cursor_visible}, "text": "\n".join(shown.text()),
        "above": screens.above(shown, styled=False).decode().split("\n")[:-1],
    }  # fmt: skip
