"""What a screen looks like: pieces of text with their colours, for drawing. Pure."""

from __future__ import annotations

import functools
import struct

import msgspec

from tether.screen import modes
from tether.screen.cells import ERASED, RGB, cell, columns_of, style_of, words
from tether.screen.pen import PLAIN_STYLE
from tether.screen.records import Row, Terminal
from tether.screen.state import Capture
from tether.screen.theme import BACKGROUND, FOREGROUND, Colour, palette

_BOLD, _ITALIC, _FAINT, _INVERSE, _INVISIBLE, _STRIKE, _OVERLINE = (1 << bit for bit in (0, 1, 2, 4, 5, 6, 7))


class Look(msgspec.Struct, frozen=True):
    """How a piece of text is drawn."""

    foreground: Colour
    background: Colour | None
    """None for the picture's own."""
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    overline: bool = False


class Piece(msgspec.Struct):
    """Text from column x on, `columns` wide. Blank where there is only a background."""

    x: int
    columns: int
    text: str
    look: Look


class Picture(msgspec.Struct, frozen=True):
    """A screen to be drawn. `cursor` is where it stands, None when it is hidden."""

    cols: int
    rows: int
    background: Colour
    foreground: Colour
    pieces: list[list[Piece]]
    cursor: tuple[int, int] | None


def picture(taken: Capture) -> Picture:
    """The visible screen."""
    terminal = taken.terminal
    colours = _Colours(terminal)
    cursor = taken.screens[taken.active].cursor
    return Picture(
        terminal.cols, terminal.rows, colours.background, colours.foreground,
        [_pieces(row, colours) for row in taken.rows[taken.active]],
        (cursor.x, cursor.y) if modes.has(terminal, modes.CURSOR_VISIBLE) else None,
    )  # fmt: skip


def plain(lines: list[str], cols: int) -> Picture:
    """Text without colours."""
    pieces = [[Piece(0, len(text), text, Look(FOREGROUND, None))] if text else [] for text in lines]
    return Picture(cols, len(lines), BACKGROUND, FOREGROUND, pieces, None)


def _pieces(row: Row, colours: _Colours) -> list[Piece]:
    pieces: list[Piece] = []
    for x, word in enumerate(words(row)):
        columns = columns_of(word)
        if not columns:
            continue
        found = cell(row, x)
        look = colours.erased(word) if word & ERASED else colours.look(style_of(row, word))
        if not found.text and look.background is None and not (look.underline or look.strike or look.overline):
            continue
        text = found.text or " "
        last = pieces[-1] if pieces else None
        if last is not None and last.look == look and last.x + len(last.text) == x and columns == len(text) == 1:
            last.text += text
            last.columns += 1
        else:
            # Wide characters and clusters are pieces of their own: their place must not depend on a font.
            pieces.append(Piece(x, columns, text, look))
    return pieces


class _Colours:
    """A terminal's colours, and the looks made of them."""

    def __init__(self, terminal: Terminal) -> None:
        self._changed = terminal.palette
        self.foreground = _colour(terminal.foreground) or FOREGROUND
        self.background = _colour(terminal.background) or BACKGROUND
        if modes.has(terminal, modes.REVERSE_COLOURS):
            self.foreground, self.background = self.background, self.foreground
        self.look = functools.cache(self._look)

    def erased(self, word: int) -> Look:
        content = word >> 2 & 0xFFFFFF
        return Look(self.foreground, _bytes3(content) if word & RGB else self._palette(content & 0xFF))

    def _look(self, style: bytes) -> Look:
        if style == PLAIN_STYLE:
            return Look(self.foreground, None)
        flags = struct.unpack_from("<H", style, 12)[0]
        bg = self._encoded(style[4:8])
        # The theme's black is to be read on its background; on any other it is dark.
        fg = self.background if bg and style[0:2] == b"\x01\0" else self._encoded(style[0:4]) or self.foreground
        if flags & _INVERSE:
            fg, bg = bg or self.background, fg
        if flags & _FAINT:
            fg = _mixed(fg, bg or self.background)
        if flags & _INVISIBLE:
            fg = bg or self.background
        return Look(
            fg, bg, bool(flags & _BOLD), bool(flags & _ITALIC), bool(flags >> 8 & 7), bool(flags & _STRIKE),
            bool(flags & _OVERLINE),
        )  # fmt: skip

    def _encoded(self, colour: bytes) -> Colour | None:
        match colour[0]:
            case 0:
                return None
            case 1:
                return self._palette(colour[1])
            case _:
                return colour[1], colour[2], colour[3]

    def _palette(self, index: int) -> Colour:
        return _colour(self._changed.get(index)) or palette()[index]


def _colour(encoded: bytes | None) -> Colour | None:
    return (encoded[0], encoded[1], encoded[2]) if encoded is not None else None


def _bytes3(value: int) -> Colour:
    return value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF


def _mixed(one: Colour, other: Colour) -> Colour:
    return (one[0] + other[0]) // 2, (one[1] + other[1]) // 2, (one[2] + other[2]) // 2
