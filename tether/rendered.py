"""The lines that a session has shown: what stood on its screen, and what scrolled off it.

A line is found as it was seen, whether it was printed in one piece, drawn with cursor motion, or wrapped. The output is
fed to an emulator from one checkpoint to the next, the newest stretch first, and looked at after every event: what
came and went within one event (at most 32,000 bytes) without scrolling was not there to be seen.

What the agent told beside its terminal is searched with it: prompts, messages, tools and questions, each line with a
word in front.

What a stretch has shown is written down (`tether.linebook`) and looked up the next time. Stretches that still grow, at
a live session's end, are played again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final, NamedTuple, Protocol

from tether import transcript
from tether.linebook import Book, Line, Span, Wanted, Writing, encoded
from tether.rewind import Log, Rewound, Row
from tether.wire.agents import Asked, Told
from tether.wire.events import Output
from tether.wire.storing import Checkpoint
from tether.wire.views import ENDED, SessionView

__all__ = ["Line", "Stretch", "search"]

_ROWS: Final = 64
_ROWS_BYTES: Final = 512 << 10
# What one emulator keeps of what scrolled off before another one is begun: memory, in bytes of cells.
_KEPT_BYTES: Final = 48 << 20
_BYTES_A_CELL: Final = 9
# A stretch of less output is played as quickly as its book is read.
_BOOK_BYTES: Final = 128 << 10


# Of what an agent tells: entries of its transcript.
_WORDS: Final = frozenset({"prompt", "message", "tool", "asked", "status"})


class Stretch(NamedTuple):
    """A piece of a session's history that was looked through: from event `seq` on, of time `ts`. `exact` is False when
    the screen that it began with is not known."""

    seq: int
    ts: int
    exact: bool


class Books(Protocol):
    """What is needed of `tether.bookshelf.Shelf`."""

    def take(self, sid: bytes, behind: int) -> Book | None: ...

    def put(self, sid: bytes, behind: int, data: bytes) -> None: ...


def search(
    log: Log,
    view: SessionView,
    wanted: str,
    *,
    fold: bool = False,
    slice_bytes: int = _ROWS_BYTES,
    books: Books | None = None,
) -> Iterator[Line | Stretch | None]:
    """The lines of the session `view` that hold `wanted`, shown or told, each once for each time that it appeared.

    The newest stretch comes first, and within it the oldest line; a Stretch follows the lines of each. None comes
    whenever about `slice_bytes` were looked through, so that the caller may stop. With `fold` case does not matter.
    ScreenUnavailable where there is no emulator.
    """
    looked_for = Wanted(wanted, fold=fold)
    upto = view.seq
    while True:
        checkpoint = log.checkpoint_at_or_before(view.sid, upto - 1) if upto > 1 else None
        behind = checkpoint.seq if checkpoint is not None else 0
        book = books.take(view.sid, behind) if books is not None else None
        if book is not None and _holds(book.span, view, upto):
            yield from book.lines(looked_for, upto)
            yield Stretch(book.span.seq, book.span.ts, book.span.exact)
        else:
            yield from _Playing(log, view, checkpoint, upto, looked_for).steps(slice_bytes, books)
        if checkpoint is None:
            return
        upto = checkpoint.seq


def newest(lines: list[Line], count: int) -> tuple[list[Line], int]:
    """About `count` of the lines, the newest first, all of an event or none; and the event before which the others are,
    0 when there are none."""
    ordered = sorted(lines, key=lambda line: line.seq, reverse=True)
    end = max(1, count)
    while end < len(ordered) and ordered[end].seq == ordered[end - 1].seq:
        end += 1
    return ordered[:end], ordered[end - 1].seq if end < len(ordered) else 0


def _holds(span: Span, view: SessionView, upto: int) -> bool:
    """Whether a book has all that the stretch up to `upto` has."""
    return span.upto >= upto and (span.behind > 0 or span.cut_bytes == view.cut_bytes)


class _Playing:
    """One stretch that is played: the events behind `checkpoint` up to `upto`."""

    def __init__(self, log: Log, view: SessionView, checkpoint: Checkpoint | None, upto: int, wanted: Wanted) -> None:
        self._log = log
        self._view = view
        self._upto = upto
        self._behind = checkpoint.seq if checkpoint is not None else 0
        self._checkpoint = checkpoint
        self._wanted = wanted
        self._looking = _Looking()
        self._writing = Writing()
        self._first: Stretch | None = None

    def steps(self, slice_bytes: int, books: Books | None) -> Iterator[Line | Stretch | None]:
        """As `search`; the book of it is put among `books`."""
        made = _emulator(self._view)
        if self._checkpoint is not None and not made.load(self._checkpoint):
            made.exact = False
        self._looking.begin(made)
        begun = made.offset
        while made.seq < self._upto:
            rows = self._log.events(self._view.sid, made.seq, _ROWS, slice_bytes)
            if not rows:
                break
            for row in rows:
                if row[0] <= self._upto:
                    made = yield from self._step(made, row)
            yield None
            if rows[-1][0] >= self._upto:
                break
        made.close()
        if self._first is None:
            return
        first = self._first._replace(exact=made.exact)
        if books is not None and made.offset - begun >= _BOOK_BYTES and made.seq >= self._upto and self._settled():
            span = Span(self._behind, self._upto, *first, 0 if self._behind else self._view.cut_bytes)
            if (data := self._writing.finish(span)) is not None:
                books.put(self._view.sid, self._behind, data)
        yield first

    def _step(self, made: Rewound, row: Row) -> Generator[Line, None, Rewound]:
        """One event; the emulator that goes on."""
        event = made.take(row)
        if event is not None:
            self._first = self._first or Stretch(event.seq, event.ts, made.exact)
        if isinstance(event, Output):
            yield from self._new(event, self._looking.look(made, event))
        elif isinstance(event, Told | Asked):
            yield from self._new(event, _told(event))
        if made.screen.history_size() > _kept_lines(made.screen.cols) // 2:
            return self._looking.anew(made, _emulator(self._view))
        return made

    def _new(self, event: Output | Told | Asked, lines: list[str]) -> Iterator[Line]:
        if not lines:
            return
        data = encoded("\n".join(lines))
        self._writing.add(event.seq, event.ts, len(lines), data)
        if self._wanted.within(data):
            yield from (Line(event.seq, event.ts, line) for line in lines if self._wanted.within(encoded(line)))

    def _settled(self) -> bool:
        """Whether this stretch will be asked for again as it is: it ends with a checkpoint, or with its session."""
        after = self._log.checkpoint_at_or_before(self._view.sid, self._upto)
        if after is not None and after.seq == self._upto:
            return True
        return self._view.state in ENDED and not self._log.events(self._view.sid, self._upto, 1)


class _Looking:
    """What was seen a moment ago, so that a line that stays is told once."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}  # the lines of the last look
        self._above = 0  # lines of scrollback at the last look

    def begin(self, made: Rewound) -> None:
        """Begin with this screen, which was told already: it is the end of the stretch before."""
        self._above = made.screen.history_size()
        self._seen = _lines(made.screen.passage(self._above))

    def anew(self, old: Rewound, fresh: Rewound) -> Rewound:
        """Go on with an emulator that has no scrollback yet."""
        fresh.screen.resize(old.screen.cols, old.screen.rows)
        fresh.screen.feed(old.screen.snapshot(0))
        fresh.seq, fresh.ts, fresh.offset, fresh.exact = old.seq, old.ts, old.offset, old.exact
        old.close()
        self._above = fresh.screen.history_size()
        return fresh

    def look(self, made: Rewound, event: Output) -> list[str]:
        """The lines that are new since the last look."""
        size = made.screen.history_size()
        if b"\x1b[3J" in event.data or b"\x1bc" in event.data:
            self._above = 0  # the scrollback was cleared and may have grown again
        text = made.screen.passage(min(self._above, size))
        if size:
            self._above = max(self._above, size)  # the alternate screen has none, and the primary's comes back with it
        before, self._seen = self._seen, _lines(text)
        return [line for line in self._seen if line not in before]


def _lines(text: str) -> dict[str, None]:
    lines = dict.fromkeys(map(str.strip, text.split("\n")))
    lines.pop("", None)
    return lines


def _told(event: Told | Asked) -> list[str]:
    """What the agent told of itself, as lines."""
    lines = []
    for entry in transcript.entries((event,)):
        if entry.kind in _WORDS:
            word = f"tool {entry.facts.get('name', '')}".strip() if entry.kind == "tool" else entry.kind
            lines += [f"{word}: {line.strip()}" for line in entry.text.split("\n") if line.strip()]
    return lines


def _emulator(view: SessionView) -> Rewound:
    return Rewound(view.cols, view.rows, scrollback_lines=_kept_lines(view.cols or 80))


def _kept_lines(cols: int) -> int:
    return _KEPT_BYTES // (_BYTES_A_CELL * cols)
