"""Rows as what has to be printed to get them. Pure.

A `Painter` writes rows one under the other into a terminal that is empty there, in its default modes. Cells that are
empty are stepped over, not written: to a terminal they are not spaces. Cells that were erased with a background are
erased again. A row that went on in the next one is left without a line's end, so that the terminal knows it, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, zip_longest
from typing import Final

from tether.screen.cells import (
    CODE_BITS,
    ERASED,
    IS_HEAD,
    IS_WIDE,
    WIDE,
    Cell,
    Look,
    cell,
    codes,
    look,
    looks,
    visible,
    words,
)
from tether.screen.pen import PLAIN, RESET
from tether.screen.records import Row

_GAPS: Final = re.compile(rb"\0+")
_PLAIN: Final[Look] = (PLAIN, None, False)


class Painter:
    """Collects in `out` what prints rows, and knows what is in force after it."""

    def __init__(self, cols: int) -> None:
        self.out: list[bytes] = []
        self._cols = cols
        self._look = _PLAIN

    def rows(self, rows: Sequence[Row]) -> None:
        """Print rows, without a line's end after the last one."""
        joined = False
        for row, after in zip_longest(rows, rows[1:]):
            joins = after is not None and self._joins(row, after)
            self.row(row, joined=joined, joins=joins)
            joined = joins
            if after is not None and not joined:
                if self._look[0].filled:
                    self._take(_PLAIN)  # a row that scrolls in takes the pen's background
                self.out.append(b"\r\n")
        self.rest()

    def rest(self) -> None:
        """Put style, link and protection back to none."""
        self._take(_PLAIN)

    def row(self, row: Row, *, joined: bool = False, joins: bool = False) -> None:
        """Print one row. `joined`: the cursor waits behind the end of the row that it continues; `joins`: it is to
        wait behind this one."""
        if row.width <= 2 and not row.graphemes:
            self._take(_PLAIN)
            self.out.append(_simple(row))
            return
        count = len(row.cells) // row.width
        if joins and words(row)[-1] & WIDE == IS_HEAD:
            count -= 1  # the wide character that follows makes it again
        text = codes(row)
        cells = words(row)
        x = 0
        for _, run in groupby(looks(row)[:count]):
            end = x + len(list(run))
            piece = text[x:end]
            if piece.isprintable() and not cells[x] & ERASED and not row.graphemes:
                self._take(look(row, cells[x]))
                self.out.append(piece.encode())
            else:
                self._run(row, cells, x, end)
            if joined and self._look[0].filled and end < self._cols:
                # What scrolled in with a background is not meant to have it.
                self.out += (RESET, b"\x1b[K", self._look[0].sequence)
            joined = False
            x = end

    def cell(self, found: Cell) -> None:
        """Print one cell that has text."""
        self._take((found.pen, found.link, found.protected))
        self.out.append(found.text.encode())

    def _run(self, row: Row, cells: Sequence[int], x: int, end: int) -> None:
        """Print the cells from x to end, which look alike, and step over those without text."""
        while x < end:
            word = cells[x]
            if word & ERASED or not word >> 2 & CODE_BITS:
                x = self._gap(row, cells, x, end)
                continue
            self._take(look(row, word))
            parts: list[str] = []
            while x < end and (code := cells[x] >> 2 & CODE_BITS):
                parts += (chr(code), row.graphemes.get(x, ""))
                if cells[x] & WIDE == IS_WIDE:
                    parts.append(" " if code == 0x20 else "")  # made of a wide character that a character set lacks
                    x += 1
                x += 1
            self.out.append(visible("".join(parts)).encode())

    def _gap(self, row: Row, cells: Sequence[int], x: int, end: int) -> int:
        """Step over the cells that are the same as the one at x and have no text. Returns where they end."""
        word, start = cells[x], x
        while x < end and cells[x] == word:
            x += 1
        width = x - start
        wanted = look(row, word)
        if not word & ERASED and wanted[0].shows:
            self._take(wanted)
            self.out.append(b" " * width)
            return x
        if word & ERASED:
            self._take(wanted)
            self.out.append(b"\x1b[K" if x == self._cols else b"\x1b[%dX" % width)
        if x < self._cols:
            self.out.append(b"\x1b[%dC" % width)
        return x

    def _joins(self, row: Row, after: Row) -> bool:
        """Whether the row's end and the next one's first character can be printed without a line's end between."""
        if not row.wraps or self._cols < 4 or len(row.cells) // row.width < self._cols:
            return False
        last, first = cell(row, self._cols - 1), cell(after, 0)
        if words(row)[-1] & WIDE == IS_HEAD:  # a wide character did not fit; is it still there?
            return first.columns == 2
        return bool(last.text or not last.columns) and bool(first.text)

    def _take(self, wanted: Look) -> None:
        if wanted is self._look:
            return
        now, self._look = self._look, wanted
        if wanted[0] is not now[0]:
            self.out.append(wanted[0].sequence)
        if wanted[1] != now[1]:
            self.out.append(hyperlink(wanted[1]))
        if wanted[2] != now[2]:
            self.out.append(b'\x1b[1"q' if wanted[2] else b'\x1b[0"q')


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
    made = visible(codes(row)).encode()
    return _GAPS.sub(lambda gap: b"\x1b[%dC" % len(gap[0]), made) if b"\0" in made else made
