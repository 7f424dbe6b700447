"""Rows as what has to be printed to get them. Pure.

A `Painter` writes rows one under the other into a terminal that is empty there, in its default modes. Cells that are
empty are stepped over, not written: to a terminal they are not spaces. Cells that were erased with a background are
erased again. A row that went on in the next one is left without a line's end, so that the terminal knows it, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from tether.screen.pen import PLAIN, PLAIN_STYLE, RESET, Pen, fill, pen
from tether.screen.records import Row

_GAPS: Final = re.compile(rb"\0+")
_CONTROLS: Final = re.compile("[\x01-\x1f\x7f-\x9f]")
_NO_CONTROLS: Final = {code: "\ufffd" for code in (*range(1, 0x20), *range(0x7F, 0xA0))}

# A cell's word: kind (bit 1 for erased with a background, then bit 0 for a colour of its own), content, style, width,
# protection, link. Narrower words are its lower half, or the content alone.
ERASED: Final = 0b10
RGB: Final = 0b01
_CODE_BITS: Final = 0x1FFFFF
_CODE: Final = _CODE_BITS << 2
_STYLE_SHIFT: Final = 26
_WIDE: Final = 3 << 42
_IS_WIDE: Final = 1 << 42
_IS_HEAD: Final = 3 << 42
_PROTECTED: Final = 1 << 44
_LINK_SHIFT: Final = 48
_LOOK: Final = 0xFFFF << _STYLE_SHIFT | _PROTECTED | 0xFFFF << _LINK_SHIFT


@dataclass(slots=True)
class Cell:
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
    return (1, 2, 0, 0)[(word & _WIDE) >> 42]


def style_of(row: Row, word: int) -> bytes:
    """The encoded style of a cell that is not erased."""
    style = word >> _STYLE_SHIFT & 0xFFFF
    return row.page.styles[style] if style else PLAIN_STYLE


def cell(row: Row, x: int) -> Cell:
    """The cell of a row at a column."""
    cells = words(row)
    word = cells[x] if x < len(cells) else 0
    code = 0 if word & ERASED else word >> 2 & _CODE_BITS
    text = _visible(chr(code) + row.graphemes.get(x, "")) if code else ""
    return Cell(text, *_look(row, word), columns_of(word))


def plain(row: Row) -> str:
    """A row's text without the blanks at its end."""
    cells = words(row)
    codes = (0 if word & ERASED else word >> 2 & _CODE_BITS for word in cells)
    texts = [chr(code or 0x20) + row.graphemes.get(x, "") for x, code in enumerate(codes)]
    if row.width == 8:
        texts = [text for text, word in zip(texts, cells, strict=True) if (word & _WIDE) <= _IS_WIDE]
    return _visible("".join(texts)).rstrip()


def _look(row: Row, word: int) -> tuple[Pen, tuple[bytes, bytes] | None, bool]:
    """The pen, the link and the protection of a cell."""
    if word & ERASED:
        return fill(word >> 2 & 0xFFFFFF, rgb=bool(word & RGB)), None, False
    link = word >> _LINK_SHIFT
    return (
        pen(style_of(row, word)),
        row.page.links.get(link) if link else None,
        bool(word & _PROTECTED),
    )


def _visible(text: str) -> str:
    """Text without controls, which no cell should hold."""
    return text.translate(_NO_CONTROLS) if _CONTROLS.search(text) else text


class Painter:
    """Collects in `out` what prints rows, and knows what is in force after it."""

    def __init__(self, cols: int) -> None:
        self.out: list[bytes] = []
        self._cols = cols
        self._pen = PLAIN
        self._link: tuple[bytes, bytes] | None = None
        self._protected = False

    def rows(self, rows: Sequence[Row]) -> None:
        """Print rows, without a line's end after the last one."""
        joined = False
        for row, after in zip_longest(rows, rows[1:]):
            joins = after is not None and self._joins(row, after)
            self.row(row, joined=joined, joins=joins)
            joined = joins
            if after is not None and not joined:
                if self._pen.filled:
                    self._take(PLAIN, None, False)  # a row that scrolls in takes the pen's background
                self.out.append(b"\r\n")
        self.rest()

    def rest(self) -> None:
        """Put style, link and protection back to none."""
        self._take(PLAIN, None, False)

    def row(self, row: Row, *, joined: bool = False, joins: bool = False) -> None:
        """Print one row. `joined`: the cursor waits behind the end of the row that it continues; `joins`: it is to
        wait behind this one."""
        if row.width <= 2 and not row.graphemes:
            self._take(PLAIN, None, False)
            self.out.append(_simple(row))
            return
        cells = words(row)
        if joins and cells[-1] & _WIDE == _IS_HEAD:
            cells = cells[:-1]  # the wide character that follows makes it again
        x = 0
        while x < len(cells):
            word = cells[x]
            x = self._text(row, cells, x) if not word & ERASED and word & _CODE else self._gap(row, cells, x)
            if joined:
                joined = False
                if self._pen.filled and x < self._cols:
                    # What scrolled in with a background is not meant to have it.
                    self.out += (RESET, b"\x1b[K", self._pen.sequence)

    def cell(self, found: Cell) -> None:
        """Print one cell that has text."""
        self._take(found.pen, found.link, found.protected)
        self.out.append(found.text.encode())

    def _text(self, row: Row, cells: Sequence[int], x: int) -> int:
        """Print the run of cells that look like the one at x. Returns where it ends."""
        same = cells[x] & _LOOK
        self._take(*_look(row, cells[x]))
        parts: list[str] = []
        count = len(cells)
        more = row.graphemes
        while x < count:
            word = cells[x]
            code = word >> 2 & _CODE_BITS
            if word & ERASED or not code or word & _LOOK != same:
                break
            parts.append(chr(code))
            if more and x in more:
                parts.append(more[x])
            if word & _WIDE == _IS_WIDE:
                if code == 0x20:  # what the library makes of a wide character that a character set lacks
                    parts.append(" ")
                x += 1
            x += 1
        self.out.append(_visible("".join(parts)).encode())
        return x

    def _gap(self, row: Row, cells: Sequence[int], x: int) -> int:
        """Step over the run of cells that are the same as the one at x and have no text. Returns where it ends."""
        word, start = cells[x], x
        while x < len(cells) and cells[x] == word:
            x += 1
        width = x - start
        wanted, link, protected = _look(row, word)
        if not word & ERASED and wanted.shows:
            self._take(wanted, link, protected)
            self.out.append(b" " * width)
            return x
        if word & ERASED:
            self._take(wanted, None, False)
            self.out.append(b"\x1b[K" if x == self._cols else b"\x1b[%dX" % width)
        if x < self._cols:
            self.out.append(b"\x1b[%dC" % width)
        return x

    def _joins(self, row: Row, after: Row) -> bool:
        """Whether the row's end and the next one's first character can be printed without a line's end between."""
        if not row.wraps or self._cols < 4 or len(row.cells) // row.width < self._cols:
            return False
        last, first = cell(row, self._cols - 1), cell(after, 0)
        if words(row)[-1] & _WIDE == _IS_HEAD:  # a wide character did not fit; is it still there?
            return first.columns == 2
        return bool(last.text or not last.columns) and bool(first.text)

    def _take(self, wanted: Pen, link: tuple[bytes, bytes] | None, protected: bool) -> None:
        if wanted is not self._pen:
            self.out.append(wanted.sequence)
            self._pen = wanted
        if link != self._link:
            self.out.append(hyperlink(link))
            self._link = link
        if protected != self._protected:
            self.out.append(b'\x1b[1"q' if protected else b'\x1b[0"q')
            self._protected = protected


def hyperlink(link: tuple[bytes, bytes] | None) -> bytes:
    """What begins a hyperlink, or ends it. Only what may stand in an address goes in."""
    if link is None:
        return b"\x1b]8;;\x1b\\"
    name, uri = link
    fields = b"id=" + _safe(name).replace(b";", b"").replace(b":", b"") if name else b""
    return b"\x1b]8;" + fields + b";" + _safe(uri) + b"\x1b\\"


def _safe(text: bytes) -> bytes:
    return bytes(byte for byte in text if 0x20 <= byte < 0x7F or byte >= 0xA0)[:2048]


def _simple(row: Row) -> bytes:
    """A row of narrow characters without styles."""
    text = bytes(row.cells).decode("latin-1") if row.width == 1 else str(row.cells, "utf-16-le")
    made = _visible(text).encode()
    return _GAPS.sub(lambda gap: b"\x1b[%dC" % len(gap[0]), made) if b"\0" in made else made
