"""Modes, margins, tab stops, colours and keys as the sequences that set them. Pure."""

from __future__ import annotations

from typing import Final

from tether.screen.records import Cursor, Screen, Terminal

# The library's register of modes: bit, sequence that sets it, sequence that resets it. Left out: the mouse, which has
# one mode at a time; the screens; origin, margins and insert, which belong where the cursor is placed; 2026, because a
# frame that never ends would freeze the client; 2027, which xterm.js does not have; 2048, which makes a terminal speak.
_MODES: Final = tuple(
    (bit, f"\x1b[{name}h".encode(), f"\x1b[{name}l".encode())
    for bit, name in (
        (0, "2"), (2, "12"), (3, "20"), (4, "?1"), (7, "?5"), (9, "?7"), (10, "?8"), (13, "?25"), (15, "?45"),
        (18, "?67"), (23, "?1004"), (26, "?1007"), (29, "?1035"), (30, "?1036"), (31, "?1039"), (32, "?1045"),
        (36, "?2004"), (39, "?2031"), (42, "?5522"),
    )
)  # fmt: skip
INSERT: Final = 1
APPLICATION_CURSOR: Final = 4
REVERSE_COLOURS: Final = 7
ORIGIN: Final = 8
AUTOWRAP: Final = 9
CURSOR_BLINKING: Final = 12
CURSOR_VISIBLE: Final = 13
APPLICATION_KEYPAD: Final = 17
SIDE_MARGINS: Final = 19
FOCUS_EVENTS: Final = 23
BRACKETED_PASTE: Final = 36
SYNCHRONIZED: Final = 37

MOUSE: Final = (0, 9, 1000, 1002, 1003)
MOUSE_FORMAT: Final = (0, 1005, 1006, 1015, 1016)
# By the library's cursor style (bar, block, underline, hollow block): steady; blinking is one less.
_CURSOR_STYLES: Final = (6, 2, 4, 2)
_CHARSETS: Final = (b"B", b"B", b"A", b"0")


def has(terminal: Terminal, bit: int) -> bool:
    """Whether a mode is set."""
    return bool(terminal.modes >> bit & 1)


def colours(terminal: Terminal) -> bytes:
    """The colours that a program has changed."""
    out = [b"\x1b]4;%d;%s\x1b\\" % (index, _rgb(colour)) for index, colour in terminal.palette.items()]
    for code, colour in ((10, terminal.foreground), (11, terminal.background), (12, terminal.cursor_colour)):
        if colour is not None:
            out.append(b"\x1b]%d;%s\x1b\\" % (code, _rgb(colour)))
    return b"".join(out)


def margins(terminal: Terminal) -> bytes:
    """The scroll region, which puts the cursor in its corner."""
    out = b""
    if (terminal.top, terminal.bottom) != (0, terminal.rows - 1):
        out += b"\x1b[%d;%dr" % (terminal.top + 1, terminal.bottom + 1)
    if has(terminal, SIDE_MARGINS):
        out += b"\x1b[?69h"
        if (terminal.left, terminal.right) != (0, terminal.cols - 1):
            out += b"\x1b[%d;%ds" % (terminal.left + 1, terminal.right + 1)
    return out


def tabs(terminal: Terminal) -> bytes:
    """The tab stops, where they are not every eighth column. Moves the cursor in its row."""
    if terminal.tabs == list(range(8, terminal.cols, 8)):
        return b""
    return b"\x1b[3g" + b"".join(b"\x1b[%dG\x1bH" % (col + 1) for col in terminal.tabs)


def modes(terminal: Terminal) -> bytes:
    """The modes that are not as they are at the beginning."""
    changed = terminal.modes ^ terminal.default_modes
    out = [on if terminal.modes >> bit & 1 else off for bit, on, off in _MODES if changed >> bit & 1]
    if has(terminal, APPLICATION_KEYPAD):
        out.append(b"\x1b=")
    if terminal.mouse:
        out.append(b"\x1b[?%dh" % MOUSE[terminal.mouse])
    if terminal.mouse_format:
        out.append(b"\x1b[?%dh" % MOUSE_FORMAT[terminal.mouse_format])
    if terminal.modify_other_keys:
        out.append(b"\x1b[>4;2m")
    return b"".join(out)


def cursor_style(terminal: Terminal, screen: Screen) -> bytes:
    """The cursor's shape, if a program has chosen one."""
    blinking = has(terminal, CURSOR_BLINKING)
    if not terminal.default_cursor:
        return b"\x1b[%d q" % (_CURSOR_STYLES[screen.cursor_style] - blinking)
    if blinking != bool(terminal.default_modes >> CURSOR_BLINKING & 1):
        return b"\x1b[?12h" if blinking else b"\x1b[?12l"
    return b""


def keyboard(screen: Screen) -> bytes:
    """The stack of kitty's keyboard flags of a screen."""
    base = b"\x1b[=%d;1u" % screen.kitty[0] if screen.kitty[0] else b""
    return base + b"".join(b"\x1b[>%du" % flags for flags in screen.kitty[1:])


def charsets(cursor: Cursor) -> bytes:
    """The character sets of a cursor, where they are not the ones of the beginning."""
    sets = [cursor.charset >> 2 * slot & 3 for slot in range(4)]
    out = b"".join(b"\x1b%c%s" % (b"()*+"[slot], _CHARSETS[kind]) for slot, kind in enumerate(sets) if kind > 1)
    return out + (b"", b"\x0e", b"\x1bn", b"\x1bo")[cursor.charset >> 8 & 3]


def no_charsets(cursor: Cursor) -> bytes:
    """Takes back what `charsets` has set."""
    sets = [cursor.charset >> 2 * slot & 3 for slot in range(4)]
    out = b"".join(b"\x1b%cB" % b"()*+"[slot] for slot, kind in enumerate(sets) if kind > 1)
    return out + (b"\x0f" if cursor.charset >> 8 & 3 else b"")


def single_shift(cursor: Cursor) -> bytes:
    """The set that holds for the next character alone."""
    return {3: b"\x1bN", 4: b"\x1bO"}.get(cursor.charset >> 12 & 7, b"")


def translated(cursor: Cursor) -> bool:
    """Whether printed ASCII comes out as something else."""
    return bool(cursor.charset >> 2 * (cursor.charset >> 8 & 3) & 2) or bool(cursor.charset >> 12 & 7)


def _rgb(colour: bytes) -> bytes:
    return b"rgb:%02x/%02x/%02x" % tuple(colour)
