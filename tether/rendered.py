"""The lines that a session has shown: what stood on its screen, and what scrolled off it.

A line is found as it was seen, whether it was printed in one piece, drawn with cursor motion, or wrapped. The output is
fed to an emulator from one checkpoint to the next, the newest stretch first, and looked at after every event: what
came and went within one event (at most 32,000 bytes) without scrolling was not there to be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tether.rewind import Log, Rewound
from tether.wire.events import Output
from tether.wire.storing import Checkpoint
from tether.wire.views import SessionView

_ROWS: Final = 64
_ROWS_BYTES: Final = 512 << 10
# What one emulator keeps of what scrolled off before another one is begun: memory, in bytes of cells.
_KEPT_BYTES: Final = 48 << 20
_BYTES_A_CELL: Final = 9


class Line(NamedTuple):
    """A line of the screen at event `seq`, at `ts` (microseconds)."""

    seq: int
    ts: int
    text: str


class Stretch(NamedTuple):
    """A piece of a session's history that was looked through: from event `seq` on, of time `ts`. `exact` is False when
    the screen that it began with is not known."""

    seq: int
    ts: int
    exact: bool


def search(
    log: Log, view: SessionView, wanted: str, *, fold: bool = False, slice_bytes: int = _ROWS_BYTES
) -> Iterator[Line | Stretch | None]:
    """The lines of the session `view` that hold `wanted`, each once for each time that it appeared.

    The newest stretch comes first, and within it the oldest line; a Stretch follows the lines of each. None comes
    whenever about `slice_bytes` were looked through, so that the caller may stop. With `fold` case does not matter.
    ScreenUnavailable where there is no emulator.
    """
    looking = _Looking(wanted.casefold() if fold else wanted, fold=fold)
    upto = view.seq
    while True:
        checkpoint = log.checkpoint_at_or_before(view.sid, upto - 1) if upto > 1 else None
        yield from _stretch(log, view, checkpoint, upto, looking, slice_bytes)
        if checkpoint is None:
            return
        upto = checkpoint.seq


def _stretch(
    log: Log, view: SessionView, checkpoint: Checkpoint | None, upto: int, looking: _Looking, slice_bytes: int
) -> Iterator[Line | Stretch | None]:
    """The events behind `checkpoint` up to `upto`."""
    made = _emulator(view)
    if checkpoint is not None and not made.load(checkpoint):
        made.exact = False
    looking.begin(made)
    first: Stretch | None = None
    while (rows := log.events(view.sid, made.seq, _ROWS, slice_bytes)) and made.seq < upto:
        for row in rows:
            if row[0] > upto:
                break
            event = made.take(row)
            if event is None:
                continue
            first = first or Stretch(event.seq, event.ts, made.exact)
            if isinstance(event, Output):
                yield from looking.look(made, event)
            if made.screen.history_size() > _kept_lines(made.screen.cols) // 2:
                made = looking.anew(made, _emulator(view))
        yield None
        if rows[-1][0] >= upto:
            break
    made.close()
    if first is not None:
        yield first._replace(exact=made.exact)


class _Looking:
    """What was seen a moment ago, so that a line that stays is told once."""

    def __init__(self, wanted: str, *, fold: bool) -> None:
        self._wanted = wanted
        self._fold = fold
        self._seen: frozenset[str] = frozenset()  # lines with the wanted text, at the last look
        self._above = 0  # lines of scrollback at the last look

    def begin(self, made: Rewound) -> None:
        """Begin with this screen, which was told already: it is the end of the stretch before."""
        self._above = made.screen.history_size()
        self._seen = frozenset(self._holding(made.screen.passage(self._above)))

    def anew(self, old: Rewound, fresh: Rewound) -> Rewound:
        """Go on with an emulator that has no scrollback yet."""
        fresh.screen.resize(old.screen.cols, old.screen.rows)
        fresh.screen.feed(old.screen.snapshot(0))
        fresh.seq, fresh.ts, fresh.offset, fresh.exact = old.seq, old.ts, old.offset, old.exact
        old.close()
        self._above = fresh.screen.history_size()
        return fresh

    def look(self, made: Rewound, event: Output) -> Iterator[Line]:
        """The lines with the wanted text that are new since the last look."""
        size = made.screen.history_size()
        if b"\x1b[3J" in event.data or b"\x1bc" in event.data:
            self._above = 0  # the scrollback was cleared and may have grown again
        text = made.screen.passage(min(self._above, size))
        if size:
            self._above = max(self._above, size)  # the alternate screen has none, and the primary's comes back with it
        found = self._holding(text)
        for line in found:
            if line not in self._seen:
                yield Line(event.seq, event.ts, line)
        self._seen = frozenset(found)

    def _holding(self, text: str) -> list[str]:
        if self._wanted not in (text.casefold() if self._fold else text):
            return []
        lines = dict.fromkeys(line.strip() for line in text.split("\n"))
        return [line for line in lines if self._wanted in (line.casefold() if self._fold else line)]


def _emulator(view: SessionView) -> Rewound:
    return Rewound(view.cols, view.rows, scrollback_lines=_kept_lines(view.cols or 80))


def _kept_lines(cols: int) -> int:
    return _KEPT_BYTES // (_BYTES_A_CELL * cols)
