"""export: a session as a file."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from tether import masking, settings
from tether.cli import cast, finding, history
from tether.cli.call import line, note
from tether.cli.plaintext import Plain
from tether.cli.verbs.reading import event_row
from tether.errors import USAGE, TetherError
from tether.paths import resolve
from tether.store.reader import LogReader
from tether.wire.events import Event, Output

_Session = Annotated[str, typer.Argument(metavar="ID", help="Id, its beginning, or a title.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether export k3v9 --format cast -o demo.cast, then: asciinema play demo.cast")(
        export
    )


def export(
    session: _Session,
    form: Annotated[
        str, typer.Option("--format", help="cast (asciinema), html (in colour), jsonl (events) or txt.")
    ] = "cast",
    output: Annotated[str, typer.Option("-o", "--output", help="The file to write; stdout without it.")] = "",
) -> int:
    """Write a whole session to a file."""
    makers = {"cast": _cast, "html": _html, "jsonl": _jsonl, "txt": _txt}
    if form not in makers:
        raise TetherError(
            f"There is no format {line(form)!r}", hint="Give cast, html, jsonl or txt", code="usage", status=USAGE
        )
    paths = resolve()
    view = finding.find_any(paths, session)
    with contextlib.closing(LogReader(paths)) as log:
        events = history.read(log, view.sid)
        mask = masking.load(paths, settings.load(paths.settings).masking.export, agents=[view])
        found = makers[form](events if mask is None else masking.events_masked(events, mask), view.title)
        if not output:
            for text in found:
                sys.stdout.write(text)
            return 0
        # A session may hold secrets: the file is the owner's alone.
        fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
            file.writelines(found)
    note(f"Session {view.id} written to {output}")
    return 0


def _cast(events: Iterable[Event], title: str) -> Iterator[str]:
    return cast.lines(events, title)


def _html(events: Iterable[Event], title: str) -> Iterator[str]:
    from tether.cli import transcript  # loads the emulator

    return transcript.page(events, title)


def _jsonl(events: Iterable[Event], _title: str) -> Iterator[str]:
    return (json.dumps(event_row(event), ensure_ascii=False) + "\n" for event in events)


def _txt(events: Iterable[Event], _title: str) -> Iterator[str]:
    plain = Plain()
    for event in events:
        if isinstance(event, Output):
            yield plain.feed(event.data)
    yield plain.finish()
