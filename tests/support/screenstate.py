"""All that can be told about a screen model: two whose states are equal show the same for ever."""

from __future__ import annotations

from typing import Any

from tether.screen import Screen
from tether.screen.cells import Cell, cell, words
from tether.screen.records import Cursor, Row, Terminal

# What a snapshot leaves out on purpose: the modes of the screens, of which one is enough; mouse modes that do not hold
# because another was set after them; a frame that is being drawn (2026).
_LEFT_OUT = sum(1 << bit for bit in (11, 16, 20, 21, 22, 24, 25, 27, 28, 33, 35, 37))


def state(screen: Screen, history: int = 50) -> dict[str, Any]:
    """The state, by aspect."""
    taken = screen._capture(history)
    found = {**taken.rows, -1: taken.history}
    hidden = taken.screens[0] if taken.active else None
    taken.terminal.modes &= ~_LEFT_OUT
    taken.terminal.last_character = 0  # of interest only while it stands beside the cursor
    for one in taken.screens.values():
        one.history = 0
        one.cursor_style = 0 if hidden is one else one.cursor_style
        if one.saved is not None and one.saved.origin and not _inside(taken.terminal, one.saved):
            one.saved.origin = False  # cannot be made again, see compose
        for cursor in (one.cursor, one.saved):
            if cursor is not None:
                cursor.charset = _charset(cursor)
    return {
        "terminal": taken.terminal,
        "screen": taken.screens[taken.active],
        "hidden": hidden and (hidden.saved, hidden.kitty),  # its cursor is lost at the switch
        "rows": [_row(row) for row in found[taken.active]],
        "primary": [_row(row) for row in found[0]],
        "history": [_row(row) for row in found[-1]],
        "continuation": taken.continuation,
    }


def _inside(terminal: Terminal, cursor: Cursor) -> bool:
    return terminal.top <= cursor.y <= terminal.bottom and terminal.left <= cursor.x <= terminal.right


def _charset(cursor: Cursor) -> int:
    """ASCII, chosen or not, is the same."""
    return cursor.charset & ~sum(1 << 2 * slot for slot in range(4) if cursor.charset >> 2 * slot & 3 == 1)


def _row(row: Row) -> list[tuple[object, ...]]:
    """A row's cells. Spaces and erased cells of the same background are the same; so is the place that a wide
    character did not fit into, if the row ends there."""
    full = words(row)
    if full and full[-1] >> 42 & 3 == 3:
        full = full[:-1]
    cells = [cell(row, x) for x in range(len(full))]
    made = [(_text(c), c.pen if c.text.strip() else c.pen.filled and c.pen, c.link, c.protected) for c in cells]
    while made and made[-1] == (" ", False, None, False):
        made.pop()
    return made


def _text(found: Cell) -> str:
    """The library makes a space of two columns of what a character set lacks; it is written as two."""
    return found.text or " "
