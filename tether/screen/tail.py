"""A screen without an emulator: the newest output, fit to be shown again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tether.screen.queries import END, TOKEN, without_queries
from tether.wire.codec import decode_body
from tether.wire.control import Snapshot
from tether.wire.events import Created, Cut, Output, Resized
from tether.wire.views import SessionView

# A soft reset leaves the screen and what is behind it alone, which matters where the terminal is the user's own.
# It does not reach the mouse, focus, paste and synchronised-output modes nor the margins of all terminals.
PROLOGUE: Final = (
    b"\x1b[!p\x1b[?6l\x1b[r\x1b[?7h\x1b[?25h\x1b[?9;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l"
    b"\x1b>\x1b(B\x0f\x1b[m\x1b[H\x1b[2J"
)
# How far behind its wanted start a tail may begin for the sake of a whole line or a whole sequence.
_ALIGN_BYTES: Final = 8 * 1024


def tail_snapshot(rows: Sequence[tuple[int, bytes]], max_bytes: int, view: SessionView) -> Snapshot:
    """What a client that attaches is shown until live output follows: the newest output, at most `max_bytes` of it.

    `rows` are a reader's `tail` of the session with the record `view`.
    """
    tail = _gather(rows, view)
    first = tail.offset - len(tail.data)
    wanted = max(0, len(tail.data) - max_bytes)
    start = _start(tail.data, wanted) if first + wanted else 0
    return Snapshot(
        seq=tail.seq, offset=tail.offset, cols=tail.cols, rows=tail.rows,
        data=PROLOGUE + without_queries(tail.data[start:]), kind="tail", skipped=first + start,
    )  # fmt: skip


@dataclass
class _Tail:
    data: bytes
    seq: int
    offset: int
    cols: int
    rows: int


def _gather(rows: Sequence[tuple[int, bytes]], view: SessionView) -> _Tail:
    tail = _Tail(b"", view.seq, view.offset, view.cols, view.rows)
    chunks: list[bytes] = []
    for seq, body in rows:
        tail.seq = seq
        match decode_body(body):
            case Output() as event:
                if event.offset != tail.offset:
                    chunks.clear()  # what is missing between two pieces may have been anything
                chunks.append(event.data)
                tail.offset = event.offset + len(event.data)
            case Resized() | Created() as event:
                tail.cols, tail.rows = event.cols, event.rows
            case Cut() as event:
                chunks.clear()
                tail.offset = event.to_offset
    tail.data = b"".join(chunks)
    return tail


def _start(data: bytes, wanted: int) -> int:
    """The first place from `wanted` on where showing may begin: behind a line's end if one is near, else between
    characters, and never inside a sequence of which the beginning is in `data`."""
    start = _outside(data, wanted)
    newline = data.find(b"\n", start, start + _ALIGN_BYTES)
    if newline >= 0:
        start = _outside(data, newline + 1)
    return _after_broken(data, start)


def _outside(data: bytes, at: int) -> int:
    """`at`, or the end of the sequence that stands there."""
    begin = data.rfind(b"\x1b", max(0, at - _ALIGN_BYTES), at)
    token = TOKEN.match(data, begin) if begin >= 0 else None
    return max(at, token.end()) if token is not None else at


def _after_broken(data: bytes, start: int) -> int:
    """`start`, or behind the rest of a string or of a character that stands there."""
    escape = data.find(b"\x1b", start)
    if escape >= 0 and data[escape : escape + 2] == END:
        return escape + 2  # the end of a string that began before
    while start < len(data) and 0x80 <= data[start] < 0xC0:
        start += 1
    return start
