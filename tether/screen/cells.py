"""The cells of a row: what is written in them, and how. Pure.

A cell is a word of 64 bits: kind (bit 1 for erased with a background, bit 0 for a colour of its own then), content,
style, width, protection, link. A row holds as much of each word as it needs: the content alone in one or two bytes, the
lower half in four, or all eight. Whole rows are taken apart with arithmetic on one large number: a loop over the cells
in Python costs ten times as much.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tether.screen.pen import PLAIN_STYLE, Pen, fill, pen
from tether.screen.records import Row

Look = tuple[Pen, tuple[bytes, bytes] | None, bool]
"""Pen, hyperlink, and whether it is protected from selective erasing."""

_CONTROLS: Final = re.compile("[\x01-\x1f\x7f-\x9f]")
_NO_CONTROLS: Final = {code: "\ufffd" for code in (*range(1, 0x20), *range(0x7F, 0xA0))}

ERASED: Final = 0b10
RGB: Final = 0b01
CODE_BITS: Final = 0x1FFFFF
_STYLE_SHIFT: Final = 26
WIDE: Final = 3 << 42
IS_WIDE: Final = 1 << 42
IS_HEAD: Final = 3 << 42
_PROTECTED: Final = 1 << 44
_LINK_SHIFT: Final = 48
LOOK: Final = 0xFFFF << _STYLE_SHIFT | _PROTECTED | 0xFFFF << _LINK_SHIFT


class Cell(msgspec.Struct, gc=False):
    """One cell that may be printed again. `text` is empty where nothing was written."""

    text: str
    pen: Pen
    link: tuple[bytes, bytes] | None
    protected: bool
    columns: int
    """2 for a wide character; 0 for its second half and for the place at a row's end that one did not fit into."""


def words(row: Row) -> Sequence[int]:
    """A row's cells in full form."""
    match row.width:
        case 1:
            return [code << 2 for code in row.cells]
        case 2:
            return [code << 2 for code in row.cells.cast("H")]
        case 4:
            return row.cells.cast("I")
        case _:
            return row.cells.cast("Q")


def columns_of(word: int) -> int:
    """How many columns a cell takes: 0 for the second half of a wide character and for where one did not fit."""
    return (1, 2, 0, 0)[(word & WIDE) >> 42]


def style_of(row: Row, word: int) -> bytes:
    """The encoded style of a cell that is not erased."""
    style = word >> _STYLE_SHIFT & 0xFFFF
    return row.page.styles[style] if style else PLAIN_STYLE


def cell(row: Row, x: int) -> Cell:
    """The cell of a row at a column."""
    cells = words(row)
    word = cells[x] if x < len(cells) else 0
    code = 0 if word & ERASED else word >> 2 & CODE_BITS
    text = visible(chr(code) + row.graphemes.get(x, "")) if code else ""
    return Cell(text, *look(row, word), columns_of(word))


def plain(row: Row) -> str:
    """A row's text without the blanks at its end."""
    cells = words(row)
    codes = (0 if word & ERASED else word >> 2 & CODE_BITS for word in cells)
    texts = [chr(code or 0x20) + row.graphemes.get(x, "") for x, code in enumerate(codes)]
    if row.width == 8:
        texts = [text for text, word in zip(texts, cells, strict=True) if (word & WIDE) <= IS_WIDE]
    return visible("".join(texts)).rstrip()


def look(row: Row, word: int) -> Look:
    """The pen, the link and the protection of a cell."""
    if word & ERASED:
        return fill(word >> 2 & 0xFFFFFF, rgb=bool(word & RGB)), None, False
    known = row.page.looks.get(word & LOOK)
    if known is None:
        link = row.page.links.get(word >> _LINK_SHIFT) if word >> _LINK_SHIFT else None
        known = row.page.looks[word & LOOK] = (pen(style_of(row, word)), link, bool(word & _PROTECTED))
    return known


def visible(text: str) -> str:
    """Text without controls, which no cell should hold."""
    return text.translate(_NO_CONTROLS) if _CONTROLS.search(text) else text


def looks(row: Row) -> Sequence[int]:
    """Of each cell what tells how it looks; an erased one is told from others, not by its colour."""
    if row.width <= 2:
        return bytes(len(row.cells) // row.width)
    return _masked(row, LOOK | ERASED, 0)


def codes(row: Row) -> str:
    """The first character of each cell, NUL where there is none; anything in what is erased."""
    if row.width == 1:
        return bytes(row.cells).decode("latin-1")
    if row.width == 2:
        return str(row.cells, "utf-16-le")
    found = _masked(row, CODE_BITS << 2, 2)
    return str(found if row.width == 4 else found.cast("B").cast("I")[::2].tobytes(), "utf-32-le", "replace")


def _masked(row: Row, mask: int, shift: int) -> memoryview[int]:
    """All words of a row, masked and then shifted to the right."""
    total = int.from_bytes(row.cells, "little") & _spread(mask, row.width, len(row.cells) // row.width)
    return memoryview((total >> shift).to_bytes(len(row.cells), "little")).cast("I" if row.width == 4 else "Q")


@functools.lru_cache(maxsize=1024)
def _spread(mask: int, width: int, count: int) -> int:
    """A mask for `count` words of `width` bytes."""
    one = (mask & (1 << 8 * width) - 1).to_bytes(width, "little")
    return int.from_bytes(one * count, "little")
