"""search: lines that sessions have shown, found as they were seen."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from tether import masking, rendered, settings
from tether.bookshelf import Shelf
from tether.cli import finding
from tether.cli.call import CALL, line, out, out_json, warn
from tether.clock import monotonic
from tether.errors import FAILED, USAGE, TetherError
from tether.paths import resolve
from tether.store.reader import LogReader
from tether.wire.views import SessionView

_LIMIT: Final = 50
_TIMEOUT_S: Final = 30.0
_TEXT_CHARS: Final = 1000


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(
        epilog="Examples: tether search 'Traceback' | tether search error -i --session k3v9. "
        "Exit status 1 when nothing was found."
    )(search)


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to find; not a regular expression.")],
    session: Annotated[
        str, typer.Option("--session", help="In this session only: id, its beginning, or a title.")
    ] = "",
    ignore_case: Annotated[
        bool, typer.Option("-i", "--ignore-case", help="Upper and lower case are the same.")
    ] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", help="How many lines at most; the newest count.")] = _LIMIT,
) -> int:
    """Find lines that sessions have shown, on the screen or scrolled off it, however they were drawn, and what their
    agents told beside it (prompt:, message:, tool, asked:). Newest first."""
    if not text or limit < 1:
        raise TetherError("There is nothing to search for", code="usage", status=USAGE)
    paths = resolve()
    chosen = [finding.find_any(paths, session)] if session else finding.recorded(paths)
    deadline = monotonic() + (CALL.timeout_s or _TIMEOUT_S)
    hunt = _Hunt(text, fold=ignore_case, limit=limit, deadline=deadline, books=Shelf(paths.lines))
    with contextlib.closing(LogReader(paths)) as log:
        for view in reversed(chosen):
            if not hunt.through(log, log.session(view.sid) or view):
                break
    mask = masking.load(paths, settings.load(paths.settings).masking.search, agents=finding.recorded(paths))
    found = hunt.found[:limit]
    if mask is not None:
        found = [(view, one._replace(text=mask.text(one.text))) for view, one in found]
    _print(found, hunt.left)
    return 0 if hunt.found else FAILED


class _Hunt:
    """One search over sessions, the newest first; `left` says what was not looked at for want of time."""

    def __init__(self, text: str, *, fold: bool, limit: int, deadline: float, books: Shelf) -> None:
        self.found: list[tuple[SessionView, rendered.Line]] = []
        self.left = ""
        self._text = text
        self._fold = fold
        self._limit = limit
        self._deadline = deadline
        self._books = books

    def through(self, log: LogReader, view: SessionView) -> bool:
        """Search one session. False when there is enough, or no more time."""
        here: list[rendered.Line] = []
        for step in rendered.search(log, view, self._text, fold=self._fold, books=self._books):
            if isinstance(step, rendered.Line):
                here.append(step)
            elif step is None:
                if monotonic() > self._deadline:
                    self.left = f"session {view.id} from some point on backwards, and what is older"
                    break
            elif len(self.found) + len(here) >= self._limit:
                break
        self.found += [(view, one) for one in sorted(here, key=lambda one: one.seq, reverse=True)]
        return not self.left and len(self.found) < self._limit


def _print(found: Sequence[tuple[SessionView, rendered.Line]], left: str) -> None:
    if CALL.json:
        out_json({"schema": 1, "complete": not left, "found": [_document(view, one) for view, one in found]})
    else:
        for view, one in found:
            when = datetime.fromtimestamp(one.ts / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")
            out(f"{view.id}  {when}  {one.seq}  {line(one.text, _TEXT_CHARS)}")
    if left:
        warn(f"Not searched for want of time: {left}. Give --timeout, or --session")


def _document(view: SessionView, one: rendered.Line) -> dict[str, Any]:
    return {
        "id": view.id, "title": view.title, "seq": one.seq, "ts": one.ts, "line": line(one.text, _TEXT_CHARS),
    }  # fmt: skip
