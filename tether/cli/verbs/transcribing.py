"""transcript: what an agent and its people said and did, as one document for every agent."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from tether import masking, settings
from tether.cli import finding, history
from tether.cli.call import CALL, line, note, out_json
from tether.errors import USAGE, TetherError
from tether.paths import Paths, resolve
from tether.store.reader import LogReader
from tether.transcript import Entry, entries, markdown
from tether.wire.views import SessionView


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(
        epilog="Examples: tether transcript k3v9 > k3v9.md | tether transcript k3v9 --format jsonl --grep migration"
    )(transcript)


def transcript(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title.")] = None,
    form: Annotated[str, typer.Option("--format", help="md or jsonl.")] = "md",
    grep: Annotated[str, typer.Option(help="Only what holds these words.")] = "",
) -> int:
    """Write what was prompted, said, used, asked and decided in a session. What is secret in it is hidden."""
    if form not in ("md", "jsonl"):
        raise TetherError(f"{line(form, 40)!r} is no format", hint="md or jsonl", code="usage", status=USAGE)
    paths = resolve()
    view = finding.find_any(paths, session)
    with contextlib.closing(LogReader(paths)) as log:
        wanted = grep.casefold()
        found = [one for one in entries(_events(paths, log, view)) if wanted in one.text.casefold()]
    if CALL.json:
        out_json([asdict(one) for one in found])
    elif form == "jsonl":
        sys.stdout.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in found)
    else:
        _write(found, view.title or view.provider)
    if not found:
        note("The agent has told nothing of it" if not grep else "Nothing in it holds these words")
    return 0


def _write(found: list[Entry], title: str) -> None:
    """As text; on a terminal it can do nothing to it."""
    for text in markdown(found, title):
        for one in text.split("\n"):
            sys.stdout.write((line(one, 100_000) if sys.stdout.isatty() else one) + "\n")


def _events(paths: Paths, log: LogReader, view: SessionView) -> Iterator[Any]:
    mask = masking.load(paths, settings.load(paths.settings).masking.export, agents=[view])
    for event in history.read(log, view.sid, 0):
        yield event if mask is None else masking.event_masked(event, mask)
