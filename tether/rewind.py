"""A session's screen as of any of its events: the newest checkpoint that is not behind it, and the output since.

For whoever reads the log and can't or need not ask the session's worker: an ended session, a moment of the past, a
gateway that is down. What the log no longer has is missed and said (`exact`); where there is no emulator there is the
newest output, as it came.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from tether.screen import Screen, ScreenUnavailable
from tether.screen.tail import PROLOGUE, tail_snapshot
from tether.wire import WireError
from tether.wire.codec import decode_body
from tether.wire.control import Snapshot
from tether.wire.events import Created, Cut, Event, Output, Resized, Unknown
from tether.wire.limits import SNAPSHOT_BYTES_MAX, TAIL_BYTES_MAX
from tether.wire.storing import Checkpoint
from tether.wire.views import SessionView

# A log without checkpoints (an emulator that was off, an older version): of a long session only this much of its newest
# output is looked at, some tenths of a second's work.
UNAIDED_BYTES: Final = 32 << 20
# How far back scrollback is looked for that no checkpoint has: a second's work or two.
DEEP_BYTES: Final = 64 << 20
_ROWS: Final = 256
_ROWS_BYTES: Final = 1 << 20
_SEQ_MAX: Final = (1 << 62) - 1

Row = tuple[int, bytes]
"""A row of the log: number and wire body of an event."""


class Log(Protocol):
    """What is needed of `tether.store.reader.LogReader`."""

    def events(self, sid: bytes, after: int, limit: int = ..., max_bytes: int = ...) -> list[Row]: ...

    def tail(self, sid: bytes, max_bytes: int) -> list[Row]: ...

    def checkpoint_at_or_before(self, sid: bytes, seq: int) -> Checkpoint | None: ...


class Rewound:
    """A screen as of event `seq`, of time `ts` (microseconds), `offset` bytes into the output; takes further events.

    `exact` is False when what it started from or went through is not all there. ScreenUnavailable on creation.
    """

    def __init__(self, cols: int, rows: int, *, scrollback_lines: int = 10_000) -> None:
        self.screen = Screen(cols or 80, rows or 24, scrollback_lines=scrollback_lines)
        self.seq = 0
        self.ts = 0
        self.offset = 0
        self.exact = True

    def load(self, checkpoint: Checkpoint) -> bool:
        """Begin with a checkpoint. False when it is damaged: then nothing has changed."""
        try:
            data = zlib.decompress(checkpoint.data)
        except zlib.error:
            return False
        self.screen.resize(checkpoint.cols, checkpoint.rows)
        self.screen.feed(data)
        self.seq, self.ts, self.offset = checkpoint.seq, checkpoint.ts, checkpoint.offset
        return True

    def take(self, row: Row) -> Event | None:
        """The next event; None for one of a newer version."""
        seq, body = row
        try:
            event = decode_body(body)
        except WireError:
            event = Unknown("", seq)
        self.seq = seq
        match event:
            case Output():
                self.exact = self.exact and event.offset == self.offset
                self.screen.feed(event.data)
                self.offset = event.offset + len(event.data)
            case Created() | Resized():
                self.screen.resize(event.cols, event.rows)
            case Cut():
                self.exact = self.exact and event.to_offset <= self.offset
                self.offset = max(self.offset, event.to_offset)
        if not isinstance(event, Event):
            return None
        self.ts = event.ts
        return event

    def snapshot(self, history: int, bytes_max: int = SNAPSHOT_BYTES_MAX) -> Snapshot:
        """What a client shows: see `Snapshot`. Lines of `history` that would not fit are left out."""
        data = self.screen.snapshot(history)
        while len(data) > bytes_max and history:
            history //= 2
            data = self.screen.snapshot(history)
        return Snapshot(
            self.seq, self.offset, self.screen.cols, self.screen.rows, PROLOGUE + data,
            "screen" if self.exact else "tail", self.offset, history=min(history, self.screen.history_size()),
        )  # fmt: skip

    def close(self) -> None:
        """Free the screen."""
        self.screen.close()


def rebuild(
    checkpoint: Checkpoint | None, rows: Iterable[Row], view: SessionView, *, scrollback_lines: int = 10_000
) -> Rewound:
    """The screen of the session `view` behind `rows`, which follow `checkpoint`."""
    made = Rewound(view.cols, view.rows, scrollback_lines=scrollback_lines)
    if checkpoint is not None and not made.load(checkpoint):
        made.exact = False
    for row in rows:
        if row[0] > made.seq:
            made.take(row)
    return made


def at(log: Log, view: SessionView, seq: int | None = None, *, scrollback_lines: int = 10_000) -> Rewound:
    """The screen of the session `view` as of event `seq`, or of the newest one in the log."""
    *_, made = steps(log, view, seq, scrollback_lines=scrollback_lines)
    return made


def steps(
    log: Log,
    view: SessionView,
    seq: int | None = None,
    *,
    scrollback_lines: int = 10_000,
    slice_bytes: int = _ROWS_BYTES,
) -> Iterator[Rewound]:
    """As `at`, but in slices of some milliseconds: the screen as far as it is, until it is there."""
    newest = _SEQ_MAX if seq is None else max(0, seq)
    checkpoint = log.checkpoint_at_or_before(view.sid, min(newest, view.seq) if view.seq else newest)
    if checkpoint is None and seq is None and view.offset > UNAIDED_BYTES:
        made = rebuild(None, log.tail(view.sid, UNAIDED_BYTES), view, scrollback_lines=scrollback_lines)
    else:
        made = rebuild(checkpoint, (), view, scrollback_lines=scrollback_lines)
    yield from _played(log, view.sid, made, newest, slice_bytes)


def deep(log: Log, view: SessionView, seq: int, lines: int, *, slice_bytes: int = _ROWS_BYTES) -> Iterator[Rewound]:
    """As `steps`, with `lines` lines of scrollback above the screen as of event `seq`, or as many as the last
    DEEP_BYTES of output have: a worker's model keeps less, and a checkpoint some of them."""
    checkpoint = log.checkpoint_at_or_before(view.sid, seq)
    if checkpoint is None and view.offset > DEEP_BYTES:
        yield from steps(log, view, seq, scrollback_lines=lines, slice_bytes=slice_bytes)
        return
    stride = 1
    while True:
        # The room is in bytes, and comes to the lines within some ten percent.
        made = rebuild(checkpoint, (), view, scrollback_lines=lines + lines // 8)
        yield from _played(log, view.sid, made, seq, slice_bytes)
        if checkpoint is None or made.screen.history_size() >= lines:
            return
        # Farther back each time, because what was played is played again.
        farther = _farther(log, view, checkpoint, stride, made.offset - DEEP_BYTES)
        if farther is checkpoint:
            return
        made.close()
        checkpoint, stride = farther, 2 * stride


def deep_snapshot(log: Log, view: SessionView, seq: int, lines: int) -> Snapshot:
    """What a client is shown as of event `seq` with so many lines above it, however long it is. ScreenUnavailable."""
    *_, made = deep(log, view, seq, lines)
    try:
        return made.snapshot(lines, _SEQ_MAX)
    finally:
        made.close()


def _played(log: Log, sid: bytes, made: Rewound, newest: int, slice_bytes: int) -> Iterator[Rewound]:
    """The screen, as far as it is, until event `newest` or the end of the log."""
    yield made
    while rows := log.events(sid, made.seq, _ROWS, slice_bytes):
        for row in rows:
            if row[0] > newest:
                return
            made.take(row)
        yield made


def _farther(log: Log, view: SessionView, checkpoint: Checkpoint, stride: int, offset: int) -> Checkpoint | None:
    """The checkpoint `stride` before this one, but not before `offset`; None for the beginning of the session, which is
    none where it was cut."""
    found = checkpoint
    for _ in range(stride):
        before = log.checkpoint_at_or_before(view.sid, found.seq - 1)
        if before is None:
            return None if offset <= 0 and not view.cut_bytes else found
        if before.offset < offset:
            break
        found = before
    return found


def event_at(log: Log, view: SessionView, ts: int) -> int:
    """The newest event of the session that is not later than `ts` (microseconds); its first when all are."""
    low, high = max(1, view.first_seq), max(1, view.seq)
    while low < high:
        middle = (low + high + 1) // 2
        rows = log.events(view.sid, middle - 1, 1)
        event = decode_body(rows[0][1]) if rows else None
        if getattr(event, "ts", ts + 1) <= ts:
            low = max(middle, rows[0][0])
        else:
            high = middle - 1
    return low


def snapshot(log: Log, view: SessionView, history: int, seq: int | None = None) -> Snapshot:
    """What a client is shown of the session `view` as of event `seq`, or of the newest one in the log. Where there is
    no emulator, the newest output."""
    try:
        made = at(log, view, seq)
    except ScreenUnavailable:
        return tail_snapshot(log.tail(view.sid, TAIL_BYTES_MAX), TAIL_BYTES_MAX, view)
    try:
        return made.snapshot(history)
    finally:
        made.close()
