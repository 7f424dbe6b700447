"""logs, events: what a session has said, and what the gateway has."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from tether import masking, settings
from tether.cli import finding, gateway, history
from tether.cli.call import CALL, line, out, warn
from tether.cli.plaintext import Plain
from tether.errors import USAGE, TetherError
from tether.masking import EventMask, Mask
from tether.paths import Paths, resolve
from tether.store.reader import LogReader
from tether.wire.events import Cut, Event, Output
from tether.wire.plain import plain
from tether.wire.views import SessionView

_TAIL_BYTES: Final = 64 * 1024
_LINES: Final = 40
_FOLLOW_S: Final = 0.2


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(
        epilog="Examples: tether logs | tether logs k3v9 | tether logs k3v9 -f | tether logs k3v9 --raw > session.bytes"
    )(logs)
    app.command(epilog="Examples: tether events k3v9 | tether events k3v9 -f --after 120")(events)


def logs(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the session ends.")] = False,
    lines: Annotated[int | None, typer.Option("-n", "--lines", help="The newest lines; 0 is all.")] = None,
    raw: Annotated[bool, typer.Option(help="Every byte of output, untouched.")] = False,
) -> int:
    """Print a session's output as text. Without ID: the gateway's own logs."""
    paths = resolve()
    if lines is not None and lines < 0:
        raise TetherError(f"-n {lines} is not a number of lines", code="usage", status=USAGE)
    if session is None:
        return _gateway_logs(paths, _LINES if lines is None else lines, follow=follow)
    view = finding.find_any(paths, session)
    mask = _mask(paths, view)
    with contextlib.closing(LogReader(paths)) as log:
        if raw:
            return _raw(_events(paths, log, view.sid, 0, follow=follow), mask, flush=follow)
        return _text(paths, log, view.sid, lines, mask, follow=follow)


def events(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the session ends.")] = False,
    after: Annotated[int, typer.Option(help="Only events with a greater number.")] = 0,
) -> int:
    """Print a session's events, one JSON object a line. Output is text where it is UTF-8, else base64."""
    paths = resolve()
    view = finding.find_any(paths, session)
    mask = _mask(paths, view)
    with contextlib.closing(LogReader(paths)) as log:
        for event in _masked(_events(paths, log, view.sid, after, follow=follow), mask):
            sys.stdout.write(json.dumps(event_row(event), ensure_ascii=False) + "\n")
            if follow:
                sys.stdout.flush()
    return 0


def event_row(event: Event) -> dict[str, Any]:
    """One event as a JSON object: `type` is the wire's tag; output that is not UTF-8 is in `base64`."""
    row = {"type": str(event.__struct_config__.tag), **msgspec.structs.asdict(event)}
    data = row.pop("data", None)
    row = {name: plain(value) for name, value in row.items()}
    if isinstance(data, bytes):
        row["size"] = len(data)
        try:
            row["data"] = data.decode()
        except UnicodeDecodeError:
            from base64 import b64encode

            row["base64"] = b64encode(data).decode()
    return row


def _events(paths: Paths, log: LogReader, sid: bytes, after: int, *, follow: bool) -> Iterator[Event]:
    return history.follow(paths, log, sid, after, CALL.timeout_s) if follow else history.read(log, sid, after)


def _mask(paths: Paths, view: SessionView) -> EventMask:
    """What hides a session's secrets here, if the settings want that."""
    return EventMask(masking.load(paths, settings.load(paths.settings).masking.logs, agents=[view]))


def _masked(found: Iterator[Event], mask: EventMask) -> Iterator[Event]:
    for event in found:
        yield from mask.take(event)
    yield from mask.rest()


def _raw(found: Iterator[Event], mask: EventMask, *, flush: bool) -> int:
    """Write output as it was. What retention has removed is told on stderr."""
    file = sys.stdout.buffer
    for event in _masked(found, mask):
        if isinstance(event, Output):
            file.write(event.data)
        elif isinstance(event, Cut):
            _tell_cut(event)
        if flush:
            file.flush()
    file.flush()
    return 0


def _text(paths: Paths, log: LogReader, sid: bytes, lines: int | None, mask: EventMask, *, follow: bool) -> int:
    """Output without what only a screen understands; the newest `lines`, or all of it."""
    start = 0 if not lines else history.tail_start(log, sid, max(_TAIL_BYTES, lines * 400))
    plain = Plain()
    if lines:
        kept: list[str] = []
        newest = start
        for event in history.read(log, sid, start):
            newest = event.seq
            for shown in mask.take(event):
                kept += _shown(shown, plain)
            del kept[: -max(lines, 1) - 1]
        for shown in () if follow else mask.rest():
            kept += _shown(shown, plain)
        text = "".join(kept).splitlines(keepends=True)[-lines:]
        sys.stdout.write("".join(text))
        if not follow:
            sys.stdout.write(plain.finish())
            return 0
        start = newest
    for event in _masked(_events(paths, log, sid, start, follow=follow), mask):
        for piece in _shown(event, plain):
            sys.stdout.write(piece)
        if follow:
            sys.stdout.flush()
    sys.stdout.write(plain.finish())
    return 0


def _shown(event: Event, plain: Plain) -> list[str]:
    if isinstance(event, Output):
        return plain.feed(event.data).splitlines(keepends=True)
    if isinstance(event, Cut):
        _tell_cut(event)
    return []


def _tell_cut(event: Cut) -> None:
    size = event.to_offset - event.from_offset
    why = f" ({line(event.reason)})" if event.reason else ""
    warn(f"{size} bytes of output were removed here: events {event.from_seq} to {event.seq}{why}")


def _gateway_logs(paths: Paths, lines: int, *, follow: bool) -> int:
    files = sorted(paths.log.glob("*.log"))
    hidden = masking.Mask(masking.known(paths).finder)
    if not files:
        raise TetherError(f"There are no logs in {paths.log}", hint="Start the gateway: tether start", code="not-found")
    ends = {}
    for file in files:
        ends[file] = file.stat().st_size
        shown = gateway.last_lines(file, lines or 1_000_000)
        for text in shown:
            out(f"{file.stem}: {hidden.text(text)}")
    sys.stdout.flush()
    while follow:
        select.select([], [], [], _FOLLOW_S)
        for file in paths.log.glob("*.log"):
            ends[file] = _new_lines(file, ends.get(file, 0), hidden)
    return 0


def _new_lines(file: Path, end: int, hidden: Mask) -> int:
    with contextlib.suppress(OSError), open(file, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        opened.seek(end if size >= end else 0)
        data = opened.read()
        whole = data.rfind(b"\n") + 1
        for text in data[:whole].decode("utf-8", "replace").splitlines():
            out(f"{file.stem}: {line(hidden.text(text), 1000)}")
        sys.stdout.flush()
        return (end if size >= end else 0) + whole
    return end
