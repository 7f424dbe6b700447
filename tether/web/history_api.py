"""GET .../timeline, .../timeline/screen, .../search: a session's past. Nothing here can reach the session."""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tether import rendered, rewind
from tether.bookshelf import Shelf
from tether.clock import monotonic
from tether.masking import Mask, snapshot_masked
from tether.screen import ScreenUnavailable
from tether.store.reader import LogUnavailable
from tether.timeline import Timeline
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, query_int
from tether.web.busside import BusSide
from tether.web.lookup import resolve, side_of
from tether.web.turns import turn
from tether.wire.control import Snapshot
from tether.wire.views import SessionView

# One answer reads no longer than this: who wants the rest comes again.
_READ_S: Final = 0.8
_SEARCH_S: Final = 1.5
# Between two slices everybody else has a turn: about a millisecond each, for a key that waits.
_SLICE_BYTES: Final = 64 << 10
_ROWS: Final = 256
_ROWS_BYTES: Final = 512 << 10
_KEPT: Final = 16
HISTORY_MAX: Final = 50_000
_BYTES_MAX: Final = 16 << 20
_HITS_MAX: Final = 200
_TEXT_CHARS: Final = 400
_MAX: Final = (1 << 62) - 1


class Timelines:
    """Those that were looked at, as far as they were read."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, Timeline] = OrderedDict()

    async def of(self, side: BusSide, view: SessionView) -> tuple[Timeline, bool]:
        """The session's, and whether that is all of the log. LogUnavailable."""
        made = self._kept.setdefault(view.sid, Timeline())
        self._kept.move_to_end(view.sid)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        deadline = self._clock() + _READ_S
        while rows := side.reader.events(view.sid, made.seq, _ROWS, _ROWS_BYTES):
            for seq, body in rows:
                if seq > made.seq:  # another request may have read it meanwhile
                    made.take(seq, body)
            if self._clock() > deadline:
                return made, False
            await turn()
        return made, True


class _Books:
    """A shelf that is written to by a thread: nobody's keys wait for the disk."""

    def __init__(self, shelf: Shelf) -> None:
        self.take = shelf.take
        self._put = shelf.put

    def put(self, sid: bytes, behind: int, data: bytes) -> None:
        asyncio.get_running_loop().run_in_executor(None, self._put, sid, behind, data)


async def get_timeline(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/timeline?have=: when the session was busy and what stands out; ask again until
    `complete`. With `have`, the event up to which whoever asks knows it, `same` is true when there is no later one."""
    check_query(request, "have")
    have = query_int(request, "have", 0, 0, _MAX)
    side = side_of(request)
    view = await resolve(request, request.path_params["id"])
    try:
        made, complete = await _timelines(request).of(side, view)
    except LogUnavailable:
        raise _no_log() from None
    if have and have == made.seq and complete:
        return answer(id=view.id, same=True, seq=made.seq, ended=view.ended)
    text = (lambda words: words) if side.mask is None else side.mask.text
    return answer(
        id=view.id, same=False, complete=complete, seq=made.seq, idle_us=made.idle_us, created=view.created,
        ended=view.ended,
        dropped=made.dropped, spans=[msgspec.structs.astuple(span) for span in made.spans],
        marks=[{**msgspec.structs.asdict(mark), "text": text(mark.text)} for mark in made.marks],
    )  # fmt: skip


async def get_moment(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/timeline/screen?at=&seq=&history=: the screen as of a time (microseconds) or an event,
    with so many lines of what had scrolled off, also more than the session's worker keeps."""
    check_query(request, "at", "seq", "history")
    at = query_int(request, "at", 0, 0, _MAX)
    seq = query_int(request, "seq", 0, 0, _MAX)
    history = query_int(request, "history", 0, 0, HISTORY_MAX)
    side = side_of(request)
    view = await resolve(request, request.path_params["id"])
    try:
        record = side.reader.session(view.sid)
        if record is None or not record.seq:
            raise ApiError(404, "not-found", "Nothing of this session is in the log yet", "Try again in a moment")
        wanted = seq or (rewind.event_at(side.reader, record, at) if at else record.seq)
        for made in _steps(side.reader, record, min(wanted, record.seq), history):  # noqa: B007 - the last is the screen
            await turn()
    except LogUnavailable:
        raise _no_log() from None
    except ScreenUnavailable as error:
        raise ApiError(503, error.code, error.message, error.hint) from None
    ts = made.ts
    shown = await asyncio.to_thread(_shown, made, history, side.mask) if history else _shown(made, 0, side.mask)
    return answer(
        id=view.id, seq=shown.seq, offset=shown.offset, ts=ts or view.created, cols=shown.cols, rows=shown.rows,
        exact=shown.kind == "screen", history=shown.history, data=base64.b64encode(shown.data).decode("ascii"),
    )  # fmt: skip


def _steps(log: rewind.Log, record: SessionView, seq: int, history: int) -> Iterator[rewind.Rewound]:
    if history:
        return rewind.deep(log, record, seq, history, slice_bytes=_SLICE_BYTES)
    return rewind.steps(log, record, seq, slice_bytes=_SLICE_BYTES)


def _shown(made: rewind.Rewound, history: int, mask: Mask | None) -> Snapshot:
    """The screen as it may be shown. With much that had scrolled off it takes a while."""
    try:
        found = made.snapshot(history, _BYTES_MAX)
    finally:
        made.close()
    return found if mask is None else snapshot_masked(found, mask)


async def search(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/search?q=&before=&fold=: lines that were on the screen, newest first; `next` is the
    `before` that goes on from there, 0 when all was looked through."""
    check_query(request, "q", "before", "fold")
    wanted = request.query_params.get("q", "")
    if not 0 < len(wanted) <= _TEXT_CHARS:
        raise ApiError(422, "field", f"q is a text of 1 to {_TEXT_CHARS} characters", field="q")
    before = query_int(request, "before", 0, 0, _MAX)
    fold = query_int(request, "fold", 1, 0, 1) == 1
    side = side_of(request)
    view = await resolve(request, request.path_params["id"])
    try:
        record = side.reader.session(view.sid) or view
        until = min(before, record.seq) if before else record.seq
        hits, following = await _hunt(side, msgspec.structs.replace(record, seq=until), wanted, fold=fold)
    except LogUnavailable:
        raise _no_log() from None
    except ScreenUnavailable as error:
        raise ApiError(503, error.code, error.message, error.hint) from None
    return answer(id=view.id, title=view.title, hits=hits, next=following)


async def _hunt(side: BusSide, view: SessionView, wanted: str, *, fold: bool) -> tuple[list[dict[str, Any]], int]:
    hits: list[dict[str, Any]] = []
    deadline = monotonic() + _SEARCH_S
    text = (lambda words: words) if side.mask is None else side.mask.text
    here: list[rendered.Line] = []
    books = _Books(side.books)
    for step in rendered.search(side.reader, view, wanted, fold=fold, slice_bytes=_SLICE_BYTES, books=books):
        if isinstance(step, rendered.Line):
            here.append(step)
        elif step is None:
            await turn()
        else:
            found, cut = rendered.newest(here, _HITS_MAX - len(hits))
            hits += [{"seq": line.seq, "ts": line.ts, "line": text(line.text)[:_TEXT_CHARS]} for line in found]
            here = []
            if cut > 1:
                return hits, cut - 1
            if (monotonic() > deadline or len(hits) >= _HITS_MAX) and step.seq > 1:
                return hits, step.seq - 1
    return hits, 0


def _timelines(request: Request) -> Timelines:
    found = request.app.state.timelines
    assert isinstance(found, Timelines)  # noqa: S101 - made with the application
    return found


def _no_log() -> ApiError:
    return ApiError(503, "log", "The log can't be read now", "Look at it with: tether status")
