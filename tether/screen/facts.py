"""What is known about a screen, as plain values."""

from __future__ import annotations

import functools
from typing import Final

import msgspec

from tether.screen import modes, records
from tether.screen.compose import clean
from tether.screen.state import Capture

_TITLE_MAX: Final = 120


class ScreenFacts(msgspec.Struct, frozen=True):
    """A screen at one moment. Positions count from 0, (0, 0) is the upper left corner."""

    cols: int
    rows: int
    x: int
    y: int
    wrap_pending: bool
    """The cursor stands behind the last column: the next character goes to the next line."""
    cursor_visible: bool
    alternate: bool
    """A full-screen program has the screen; what was there comes back when it ends."""
    title: str
    """On one line, at most 120 characters."""
    pwd: str
    bracketed_paste: bool
    mouse: int
    """0, or the mode that reports the mouse: 9, 1000, 1002 or 1003."""
    mouse_format: int
    """0, or the mode that says how: 1005, 1006, 1015 or 1016."""
    focus_events: bool
    application_cursor: bool
    application_keypad: bool
    kitty_keyboard: int
    """The flags of kitty's keyboard protocol in force, 0 for none."""
    origin: bool
    insert: bool
    autowrap: bool
    synchronized: bool
    """The program is in the midst of drawing a frame (mode 2026)."""
    history: int
    """Lines of scrollback."""


class HistoryLine(msgspec.Struct, frozen=True):
    """A line of scrollback: one row of the screen as it was."""

    text: str
    ansi: bytes
    """With its styles; begins and ends with none in force."""
    wrapped: bool
    """It goes on in the next one, without a line's end between them."""


def facts_of(taken: Capture) -> ScreenFacts:
    """The facts of a captured terminal."""
    terminal = taken.terminal
    screen = taken.screens[taken.active]
    has = functools.partial(modes.has, terminal)
    return ScreenFacts(
        terminal.cols, terminal.rows, screen.cursor.x, screen.cursor.y, screen.cursor.wrap_pending,
        has(modes.CURSOR_VISIBLE), terminal.alternate, clean(terminal.title)[:_TITLE_MAX], clean(terminal.pwd),
        has(modes.BRACKETED_PASTE), modes.MOUSE[terminal.mouse], modes.MOUSE_FORMAT[terminal.mouse_format],
        has(modes.FOCUS_EVENTS), has(modes.APPLICATION_CURSOR), has(modes.APPLICATION_KEYPAD), screen.kitty[-1],
        has(modes.ORIGIN), has(modes.INSERT), has(modes.AUTOWRAP), has(modes.SYNCHRONIZED),
        taken.screens[records.PRIMARY].history,
    )  # fmt: skip
