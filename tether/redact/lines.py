"""A terminal's output as the lines that it draws, each byte with its place in the output. Pure.

Not an emulator: a line is what is written without leaving its row, in the order of the stream. Colours and other
sequences that move nothing vanish; a cursor that is set where it stands anyway changes nothing; backspaces and erasing
act within the line; whatever else moves the cursor begins a line.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tether.escapes import SEQUENCE

_TEXT: Final = rb"(?P<text>[\x20-\x7e\t\x80-\xc1\xc3-\xff]+|\xc2(?![\x80-\x9f]))"
_TOKEN: Final = re.compile(
    _TEXT
    + rb"|(?P<newline>\r*\n)|(?P<return>\r)|(?P<back>\x08)|(?P<escape>"
    + SEQUENCE.pattern
    + rb")|[\x00-\x1f\x7f]",
    re.DOTALL,
)
# Final bytes of sequences that move the cursor, or what stands around it.
_MOVING: Final = b"HfG`dCaDABeEFsuKPJMLST@X"
# A cursor that jumps further to the right than this begins a line.
_GAP_MAX: Final = 256
# Of a line that is drawn again and again, so many bytes of earlier drawings are hidden with it.
_REDRAWN_MAX: Final = 8192
# So many lines back a cursor may return to go on with one.
_RESUMED_MAX: Final = 32
# Rows before the first absolute position lie far from all that have a number.
_ROW_UNKNOWN: Final = 1 << 20


class Line:
    """One row's text. `raw[i]` is where byte i of it stands in the output, -1 when it stands nowhere (a gap that the
    cursor jumped over). `hidden` are (index, place) of what was overwritten or erased at that index. `under` is the
    same row as it was drawn before, `again` the beginning of its next drawing."""

    __slots__ = ("again", "at", "col", "hidden", "raw", "row", "text", "under")

    def __init__(self, row: int, col: int) -> None:
        self.row, self.col = row, col
        self.text = bytearray()
        self.raw: list[int] = []
        self.hidden: list[tuple[int, int]] = []
        self.at = 0
        self.under: Line | None = None
        self.again: Line | None = None

    def write(self, data: bytes, place: int) -> None:
        """Put `data`, which stands at `place` in the output, where the cursor is."""
        self._pad()
        end = self.at + len(data)
        if self.at < len(self.text):
            self.hidden += [(i, self.raw[i]) for i in range(self.at, min(end, len(self.text))) if self.text[i] != 32]
        self.text[self.at : end] = data
        self.raw[self.at : end] = range(place, place + len(data))
        self.at = end

    def _pad(self) -> None:
        gap = self.at - len(self.text)
        if gap > 0:
            self.text += b" " * gap
            self.raw += [-1] * gap

    def back(self, cells: int) -> None:
        """Move the cursor to the left, by whole characters."""
        for _ in range(min(cells, self.at)):
            self.at -= 1
            while 0 < self.at < len(self.text) and 0x80 <= self.text[self.at] < 0xC0:
                self.at -= 1

    def erase_right(self) -> None:
        """What stands right of the cursor goes."""
        self.hidden += [(self.at, self.raw[i]) for i in range(self.at, len(self.text))]
        del self.text[self.at :], self.raw[self.at :]

    def delete(self, cells: int) -> None:
        """Characters at the cursor go, the rest moves up."""
        end = min(len(self.text), self.at + cells)
        self.hidden += [(self.at, self.raw[i]) for i in range(self.at, end)]
        del self.text[self.at : end], self.raw[self.at : end]

    def beneath(self, start: int, end: int) -> list[int]:
        """Where in the output stands what was, in earlier drawings of this row too, under text[start:end]."""
        found = [] if self.again is None else [place for place in self.again.raw[start:end] if place >= 0]
        line: Line = self
        while True:
            found += [place for index, place in line.hidden if start <= index < end]
            if line.under is None or len(found) > _REDRAWN_MAX:
                return found
            end = min(end, _shared(line.text, line.under.text))
            line = line.under
            found += [place for place in line.raw[start:end] if place >= 0]

    def column(self) -> int:
        """The cursor's column, from 0."""
        if self.at >= len(self.text):
            return self.col + width(self.text) + self.at - len(self.text)
        return self.col + width(self.text[: self.at])


def width(text: bytes | bytearray) -> int:
    """Cells that `text` takes on a screen."""
    if text.isascii():
        return len(text) if b"\t" not in text else len(text.expandtabs())
    cells = 0
    for char in text.decode("utf-8", "replace"):
        if not unicodedata.combining(char):
            cells += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return cells


def _shared(one: bytearray, other: bytearray) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Drawing:
    """Lines from output: feed it once, then read `lines`."""

    def __init__(self, cols: int) -> None:
        self.lines = [Line(_ROW_UNKNOWN, 0)]
        self._cols = cols
        self._saved = (_ROW_UNKNOWN, 0)

    def draw(self, data: bytes) -> None:
        """Take all of `data`, which ends outside a sequence."""
        size = len(data)
        for token in _TOKEN.finditer(data):
            kind = token.lastgroup
            line = self.lines[-1]
            if kind == "text":
                line.write(token[0], token.start())
            elif kind == "newline":
                self._begin(line.row + 1, 0)
            elif kind == "return":
                if token.end() < size:  # at the end it may be half of a line's end
                    self._return(line)
            elif kind == "back":
                line.back(1)
            elif kind == "escape":
                self._escape(token)

    def _escape(self, token: re.Match[bytes]) -> None:
        final = token["final"]
        if final is not None:
            if final in _MOVING:
                self._move(final, token["csi"])
        elif token[0] in (b"\x1b7", b"\x1b8"):
            self._move(b"s" if token[0] == b"\x1b7" else b"u", b"")

    def _begin(self, row: int, col: int) -> Line:
        line = Line(row, col)
        before = self.lines[-1]
        if (before.row, before.col) == (row, col):
            # An editor draws its line again with every key: what is hidden of it then was it before, too.
            line.under = before
        self.lines.append(line)
        return line

    def _return(self, line: Line) -> None:
        cells = line.column()
        if line.text.endswith(b" ") and cells == self._cols + 1 and line.at == len(line.text):
            # A shell's line editor fills the row, then writes a space and returns: so it makes the terminal wrap.
            del line.text[-1:], line.raw[-1:]
            self._begin(line.row + 1, 0)
        elif cells:
            self._begin(line.row, 0)

    def _move(self, final: bytes, parameters: bytes) -> None:
        line = self.lines[-1]
        first, second = _numbers(parameters)
        match final:
            case b"H" | b"f":
                self._go(max(first, 1) - 1, max(second, 1) - 1)
            case b"G" | b"`":
                self._go(line.row, max(first, 1) - 1)
            case b"d":
                self._go(max(first, 1) - 1, line.column())
            case b"C" | b"a":
                self._go(line.row, line.column() + max(first, 1))
            case b"D":
                line.back(max(first, 1))
            case b"A" | b"B" | b"e":
                self._begin(line.row + max(first, 1) * (-1 if final == b"A" else 1), line.column())
            case b"E" | b"F":
                self._begin(line.row + max(first, 1) * (-1 if final == b"F" else 1), 0)
            case b"s":
                self._saved = (line.row, line.column())
            case b"u":
                self._go(*self._saved)
            case _:
                self._erase(line, final, first)

    def _erase(self, line: Line, final: bytes, first: int) -> None:
        match final:
            case b"K" if first == 0:
                if line.at < len(line.text):
                    line.erase_right()
            case b"P":
                line.delete(max(first, 1))
            case b"K" | b"J" | b"M" | b"L" | b"S" | b"T" | b"@" | b"X":
                self._begin(line.row, line.column())

    def _go(self, row: int, col: int) -> None:
        line = self.lines[-1]
        at = line.column()
        same = row == line.row or (line.row >= _ROW_UNKNOWN // 2 and col == at and line.text)
        if same and (col == at or (at < col <= at + _GAP_MAX and line.at >= len(line.text))):
            line.at += col - at
            line.row = row
            return
        for other in reversed(self.lines[-_RESUMED_MAX:-1]):
            if other.row == row and other.text and other.at == len(other.text) and other.column() == col:
                # Back where it had stopped: a status line was drawn between, or the next line.
                self.lines.remove(other)
                self.lines.append(other)
                return
        self._begin(row, col)


def _numbers(parameters: bytes) -> tuple[int, int]:
    """The first two parameters, 0 for what is missing or is no number; no more than a terminal can hold."""
    first, _, rest = parameters.partition(b";")
    second = rest.partition(b";")[0]
    return (
        min(int(first), 1 << 15) if first.isdigit() and len(first) < 12 else 0,
        min(int(second), 1 << 15) if second.isdigit() and len(second) < 12 else 0,
    )


def lines_of(data: bytes, cols: int, final: bool = False) -> list[Line]:
    """The lines that `data` draws on a screen of `cols` columns. Of a row that is drawn again, with more behind it
    each time, the last drawing counts; while that is on its way (unless this is all: `final`), the one before."""
    drawing = Drawing(cols)
    drawing.draw(data)
    latest: list[Line] = []
    for line in drawing.lines:
        if latest and line.under is latest[-1] and line.text.startswith(line.under.text):
            latest.pop()
        latest.append(line)
    last = latest[-1]
    under = last.under if not final and len(latest) > 1 and last.under is latest[-2] else None
    if under is not None and under.text.startswith(last.text):
        latest.pop()
        under.again = last
    return latest
