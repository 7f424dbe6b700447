"""A captured terminal as one piece of output. Pure.

What is composed is written to a terminal of the same size that was just reset (or that the client's prologue has put
back) and leaves it in the captured state: scrollback, both screens, styles, links, cursors, margins, tab stops, modes,
colours, title. The order matters. Content is printed in default modes, so modes follow it; margins home the cursor, so
cursors follow them; a saved cursor is made by placing the cursor and saving it; the pending wrap is made by printing
the last column's cell again; the bytes of an unfinished sequence come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tether.screen import modes, records
from tether.screen.cells import Cell, cell
from tether.screen.pen import RESET, pen
from tether.screen.records import Cursor, Row, Screen, Terminal
from tether.screen.rows import Painter, hyperlink
from tether.screen.state import Capture

_TITLE_MAX: Final = 1024


def compose(taken: Capture) -> bytes:
    """The snapshot with all the scrollback that was captured."""
    terminal = taken.terminal
    screen, rows = taken.screens[records.PRIMARY], taken.rows[records.PRIMARY]
    out = [modes.colours(terminal), _texts(terminal), _content(terminal, taken.history, rows)]
    if terminal.alternate:
        out.append(_to_alternate(terminal, screen, rows))
        screen, rows = taken.screens[taken.active], taken.rows[taken.active]
        out += (b"\x1b[H", _content(terminal, [], rows))
    out += (modes.tabs(terminal), modes.margins(terminal))
    if screen.saved is not None:
        out.append(_saved(terminal, screen.saved, rows, full=False))
    out += (modes.modes(terminal), modes.keyboard(screen), modes.cursor_style(terminal, screen))
    out.append(_cursor(terminal, screen, rows))
    out.append(taken.continuation)
    return b"".join(out)


def _texts(terminal: Terminal) -> bytes:
    title = clean(terminal.title)[:_TITLE_MAX].encode()
    pwd = clean(terminal.pwd)[:_TITLE_MAX].encode()
    return (b"\x1b]2;%s\x1b\\" % title if title else b"") + (b"\x1b]7;%s\x1b\\" % pwd if pwd else b"")


def clean(text: bytes) -> str:
    """Text that came in a sequence, without what is not text."""
    return "".join(c for c in text.decode("utf-8", "replace") if c.isprintable())


def _content(terminal: Terminal, history: Sequence[Row], rows: Sequence[Row]) -> bytes:
    painter = Painter(terminal.cols)
    shown = len(rows)
    if not history:  # nothing has to scroll: empty rows at the end need no printing
        while shown and not len(rows[shown - 1].cells):
            shown -= 1
    painter.rows([*history, *rows[:shown]])
    return b"".join(painter.out)


def _to_alternate(terminal: Terminal, screen: Screen, rows: Sequence[Row]) -> bytes:
    """Leave the primary screen, which is printed, as a program left it that took the alternate one."""
    out = modes.keyboard(screen) + modes.cursor_style(terminal, screen)
    if screen.saved is None:
        return out + b"\x1b[?47h"
    out += _placed(terminal, screen.saved, rows, full=True) + b"\x1b[?1049h" + _unplaced(screen.saved)
    # The screen was cleared with the pen's background.
    return out + (b"\x1b[H\x1b[2J" if pen(screen.saved.pen).filled else b"")


def _saved(terminal: Terminal, saved: Cursor, rows: Sequence[Row], *, full: bool) -> bytes:
    return _placed(terminal, saved, rows, full=full) + b"\x1b7" + _unplaced(saved)


def _placed(terminal: Terminal, cursor: Cursor, rows: Sequence[Row], *, full: bool) -> bytes:
    """Put a cursor that is to be saved in its place, with its pen and its character sets. `full`: without margins."""
    out = _at(terminal, cursor, cursor.x, cursor.y, full=full)
    if cursor.wrap_pending:
        out += _reprinted(terminal, cursor, rows, full=full)
    if cursor.pen != bytes(16):
        out += pen(cursor.pen).sequence
    return out + (b'\x1b[1"q' if cursor.protected else b"") + modes.charsets(cursor)


def _unplaced(cursor: Cursor) -> bytes:
    """Put back what `_placed` has set."""
    out = RESET if cursor.pen != bytes(16) else b""
    out += b'\x1b[0"q' if cursor.protected else b""
    return out + modes.no_charsets(cursor) + (b"\x1b[?6l" if cursor.origin else b"")


def _at(terminal: Terminal, cursor: Cursor, x: int, y: int, *, full: bool) -> bytes:
    """Move to a place, in the cursor's origin mode. A place outside of the margins can't be reached in that mode: it
    is what a cursor keeps that was saved before there were margins; then the place counts more."""
    top, left = (0, 0) if full else (terminal.top, terminal.left)
    outside = not full and not (top <= y <= terminal.bottom and left <= x <= terminal.right)
    if not cursor.origin or outside:
        return b"\x1b[%d;%dH" % (y + 1, x + 1)
    return b"\x1b[?6h\x1b[%d;%dH" % (y - top + 1, x - left + 1)


def _cursor(terminal: Terminal, screen: Screen, rows: Sequence[Row]) -> bytes:
    """The cursor, its pen, and what makes the next character go where it should."""
    cursor = screen.cursor
    cursor.origin = modes.has(terminal, modes.ORIGIN)
    insert = modes.has(terminal, modes.INSERT)
    written = pen(cursor.pen).sequence if cursor.pen != bytes(16) else b""
    written += hyperlink(screen.link) if screen.link is not None else b""
    written += b'\x1b[1"q' if cursor.protected else b""
    sets = modes.charsets(cursor)
    out = _at(terminal, cursor, cursor.x, cursor.y, full=False)
    if cursor.wrap_pending:
        out += _reprinted(terminal, cursor, rows, full=False)
        found = _left(cursor, rows)
        if found is None or not _same(found[1], screen):
            return out + written + sets + (b"\x1b[4h" if insert else b"") + modes.single_shift(cursor)
    # The character left of the cursor once more, with the pen in force, so that what joins it or repeats it finds it.
    found = _left(cursor, rows) if terminal.last_character >= 0 and not insert else None
    if found is None or not _same(found[1], screen) or modes.translated(cursor):
        return out + written + sets + (b"\x1b[4h" if insert else b"") + modes.single_shift(cursor)
    x, left = found
    return b"".join((_at(terminal, cursor, x, cursor.y, full=False), written, sets, left.text.encode()))


def _same(left: Cell, screen: Screen) -> bool:
    return (
        left.pen is pen(screen.cursor.pen)
        and left.link == screen.link
        and left.protected == screen.cursor.protected
    )  # fmt: skip


def _left(cursor: Cursor, rows: Sequence[Row]) -> tuple[int, Cell] | None:
    """The cell that was printed when the cursor came where it is, and its column."""
    x = cursor.x if cursor.wrap_pending else cursor.x - 1
    if x < 0:
        return None
    found = cell(rows[cursor.y], x)
    if found.columns == 0 and x > 0:
        x -= 1
        found = cell(rows[cursor.y], x)
    after = x + found.columns - cursor.wrap_pending
    return (x, found) if found.text and after == cursor.x else None


def _reprinted(terminal: Terminal, cursor: Cursor, rows: Sequence[Row], *, full: bool) -> bytes:
    """The last column's cell again, which leaves the cursor waiting behind it."""
    found = _left(cursor, rows)
    last = cell(rows[cursor.y], cursor.x)
    x, left = found or (cursor.x, msgspec.structs.replace(last, text=" "))
    painter = Painter(terminal.cols)
    painter.out.append(_at(terminal, cursor, x, cursor.y, full=full))
    painter.cell(left)
    painter.rest()
    return b"".join(painter.out)
