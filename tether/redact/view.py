"""One text out of lines: what was cut in two by the screen's edge, or by a box, is whole again. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

from tether.redact.lines import Line, width
from tether.redact.loose import BEGINS, ENDS, WIDTH_MIN

# Vertical strokes that boxes are drawn with.
BORDER: Final = rb"(?:\xe2(?:\x94[\x82\x83\x86\x8a]|\x95\x91|\x96[\x8c\x8f\x90\x95])|\|)"
_PART: Final = rb"(?:" + BORDER + rb"|\xe2[\x94-\x96]?)"
_RIGHT: Final = re.compile(rb"( *)" + BORDER + rb"[ \t]*\Z")
_LEFT: Final = re.compile(rb"[ \t]*" + BORDER)
# What may stand before the second half of something: an indent, a border, a tool's bracket.
_RESUME: Final = re.compile(rb"[ \t]{0,40}(?:(?:" + BORDER + rb"|\xe2\x8e\xbf|\xe2\x86\xaa)[ \t]{0,40})?(?=\S)")
_BLANK: Final = re.compile(rb"[ \t]*(?:" + _PART + rb"|\xe2\x8e?\xbf?|\xe2\x86?)?[ \t]*\Z")
_UNSETTLED: Final = re.compile(rb" {0,2}" + _PART + rb"?[ \t\r]*\Z")
# Lines of base64 are folded at these lengths.
_FOLDED: Final = re.compile(rb"[ \t]*[A-Za-z0-9+/]+\Z")
_FOLDS: Final = (76, 64, 60)
# A line that ends this close to the edge was cut there: programs leave a margin.
MARGIN: Final = 4
# A box may keep this many cells free before its right border.
_PAD: Final = 2


class View:
    """`text`, and for each byte of it the place in the output, -1 for none. `joins` are the places in `text` where two
    lines meet; those at `loose` places only perhaps."""

    __slots__ = ("_parts", "joins", "loose", "raw", "text")

    def __init__(self) -> None:
        self.text = b""
        self.raw: list[int] = []
        self.joins: list[int] = []
        self.loose: list[int] = []
        self._parts: list[tuple[int, int, Line]] = []

    def take(self, start: int, line: Line, skip: int) -> None:
        """At text[start] begins `line`, without its first `skip` bytes."""
        self.raw += line.raw[skip:]
        self._parts.append((start, start - skip, line))

    def places(self, start: int, end: int) -> list[int]:
        """Where the bytes of text[start:end] stand in the output, with all that they were drawn over."""
        found = [place for place in self.raw[start:end] if place >= 0]
        first = max(0, bisect_right(self._parts, start, key=itemgetter(0)) - 1)
        for begin, base, line in self._parts[first:]:
            if begin >= end:
                break
            if line.hidden or line.under is not None or line.again is not None:
                found += line.beneath(max(start, begin) - base, min(end, base + len(line.text)) - base)
        return found


def view_of(lines: Sequence[Line], cols: int, final: bool = False, loose: bool = False) -> View:
    """The lines one below the other, joined where a line was cut; when it is `loose`, also where one may have been.
    Unless this is all (`final`), what may turn out to be the end of a cut line is left out."""
    return _Joining(cols, loose).run(lines, final)


class _Joining:
    def __init__(self, cols: int, loose: bool) -> None:
        self._cols = cols
        self._loose = loose
        self._wide = 0  # how wide the lines are that were joined loosely
        self._text = bytearray()
        self._view = View()

    def run(self, lines: Sequence[Line], final: bool) -> View:
        before: Line | None = None
        begin = 0  # where the newest line begins in the text
        for number, line in enumerate(lines):
            keep, skip = self._cut(before, line) if before is not None else (-1, 0)
            if before is not None and keep < 0 and self._loose:
                keep, skip = self._cut_loosely(before, line, number == len(lines) - 1 and not final)
            if before is not None and keep >= 0:
                if skip < 0:  # nothing but an indent so far
                    if not final and number == len(lines) - 1:
                        self._drop(begin + keep)
                        return self._done()
                    keep = -1
                else:
                    # A line that was joined begins behind its border: its end is counted from its own end.
                    self._drop(len(self._text) - (len(before.text) - keep))
                    self._view.joins.append(len(self._text))
            if before is not None and keep < 0:
                self._text += b"\n"
                self._view.raw.append(-1)
                skip = 0
            begin = len(self._text) - skip
            self._add(line, skip)
            before = line
        if before is not None and not final:
            self._drop(begin + self._settled(before))
        return self._done()

    def _add(self, line: Line, skip: int) -> None:
        self._view.take(len(self._text), line, skip)
        self._text += line.text[skip:]

    def _drop(self, size: int) -> None:
        del self._text[size:], self._view.raw[size:]

    def _done(self) -> View:
        self._view.text = bytes(self._text)
        return self._view

    def _cut(self, before: Line, line: Line) -> tuple[int, int]:
        """How much of `before` to keep and where `line` goes on, or -1 when the one does not continue the other. The
        second is -1 when `line` holds nothing yet."""
        if line.row != before.row + 1:
            return -1, 0
        keep = self.inner_end(before)
        if keep < 0:
            return -1, 0
        if _BLANK.match(line.text):
            return keep, -1
        boxed = keep < len(before.text.rstrip(b" \t"))
        if boxed and not _LEFT.match(line.text):
            return -1, 0
        if not boxed and one_blank(before.text, line.text):
            return keep, 0
        resume = _RESUME.match(line.text)
        return (keep, resume.end()) if resume else (-1, 0)

    def _cut_loosely(self, before: Line, line: Line, newest: bool) -> tuple[int, int]:
        """As `_cut`, where a program may have cut at a width of its own."""
        end = len(before.text.rstrip(b" \t"))
        cells = before.col + width(before.text[:end])
        wide, self._wide = self._wide, 0
        if line.row != before.row + 1 or not end or cells < WIDTH_MIN or before.text[end - 1] not in ENDS:
            return -1, 0
        if wide and abs(cells - wide) > 1:
            return -1, 0
        end += before.text[end:] == b" "  # it was cut at a blank
        if newest and _BLANK.match(line.text):
            self._view.loose.append(len(self._text) - len(before.text) + end)
            return end, -1
        resume = _RESUME.match(line.text)
        begin = resume.end() if resume is not None else 0
        rest = line.text[begin:]
        if line.col + width(line.text.rstrip(b" \t")) > cells + 1 and before.text.isascii():
            return -1, 0
        if not rest or not (BEGINS.match(rest) or (newest and len(rest) < 3)):
            return -1, 0
        self._wide = cells
        self._view.loose.append(len(self._text) - len(before.text) + end)
        return end, begin

    def inner_end(self, line: Line) -> int:
        """Where the text of a line that is full ends, without its border; -1 when it is not full."""
        text = line.text
        border = _RIGHT.search(text) if _LEFT.match(text) else None
        if border is not None and border.start() > 1:
            return border.start() if len(border[1]) <= _PAD and not _LEFT.fullmatch(text[: border.start()]) else -1
        end = len(text.rstrip(b" \t"))
        if end in _FOLDS and _FOLDED.match(text[:end]):
            return end
        if not end or not self._full(line.col + width(text[:end])):
            return -1
        return end + 1 if text[end:] == b" " and line.col + width(text) == self._cols else end

    def _full(self, cells: int) -> bool:
        return (cells - 1) % self._cols + 1 >= self._cols - MARGIN

    def _settled(self, line: Line) -> int:
        """How much of the last line can't change its meaning by what follows: a border may turn out to be one."""
        text = line.text
        if line.at < len(text):
            return line.at  # what stands behind the cursor is about to be overwritten
        if text.endswith(b" ") and any(index == len(text) - 1 for index, _ in line.hidden):
            return len(text) - 1  # a typed character was taken back
        if _LEFT.match(text):
            unsettled = _UNSETTLED.search(text)
            return unsettled.start() if unsettled is not None else len(text)
        if text.endswith(b" ") and line.col + width(text) == self._cols + 1:
            return len(text) - 1
        end = len(text.rstrip(b" \t"))
        return end if end < len(text) and self._full(line.col + width(text[:end])) else len(text)


def one_blank(before: bytes | bytearray, line: bytes | bytearray) -> bool:
    """Does `line` begin with the blank at which `before` was cut, and not with an indent?"""
    return line[:1] == b" " and line[1:2] not in (b" ", b"\t", b"|", b"\xe2", b"") and before[:1] != b" "


_SHORTEST_FULL: Final = 60
_EDGE_BYTES: Final = 12
_RIGHT_EDGE: Final = re.compile(rb" {0,2}" + BORDER + rb"\Z")
_LEFT_EDGE: Final = re.compile(rb"[ \t]*(?:" + BORDER + rb"|\xe2\x8e\xbf|\xe2\x86\xaa)?[ \t]*")
# Lines that are drawn, and the corners of boxes: no text goes on behind them.
_DRAWN: Final = tuple("\u2500\u2501\u2550\u2510\u2518\u256e\u256f\u2557\u255d"[n].encode() for n in range(9))
_LAST: Final = frozenset(b"|\x82\x83\x86\x8a\x8c\x8f\x90\x91\x95")


def _may_be_full(end: bytes, cols: int, moved: bool) -> bool:
    """Does the line end at the edge? Bytes are cells in most; where they are not, it may."""
    if moved or b"\t" in end or b"\r" in end or not end.isascii():
        return True
    return (len(end) - 1) % cols + 1 >= cols - MARGIN or (len(end) in _FOLDS and _FOLDED.match(end) is not None)


def _cut_off(lines: list[bytes], ends: list[bytes], cols: int, moved: bool) -> list[int]:
    """The numbers of lines that may have been cut; they lose their borders and ends."""
    cuts: list[int] = []
    full = min(_SHORTEST_FULL, cols - MARGIN)
    for number, end in enumerate(ends):
        if end and end[-1] in _LAST and _edged(end):
            inner = _RIGHT_EDGE.sub(b"", end)
            if inner and inner[-1] != 32:
                cuts.append(number)
                lines[number] = inner
        elif len(end) >= full and _may_be_full(end, cols, moved) and not end.endswith(_DRAWN):
            cuts.append(number)
            lines[number] = end
    return cuts


def squeezed(text: bytes, cols: int, moved: bool = False) -> tuple[bytes, list[int], list[int]]:
    """`text` without its sequences, with all lines joined that may have been cut, and where; and where each line of it
    begins. Where the cursor was `moved`, lines may be longer than what is left of them. Quick, and rather too many are
    joined: what is found here is looked for again in a `View`."""
    lines = text.split(b"\n")
    ends = [line.rstrip(b"\r ") for line in lines]
    if text.count(b"\r") > text.count(b"\r\n"):
        for number, line in enumerate(ends):
            if b"\r" in line:
                lines[number] = ends[number] = _latest(line)
    cuts = _cut_off(lines, ends, cols, moved)
    if cuts and cuts[-1] == len(lines) - 1:
        cuts.pop()
    for number in cuts:  # the next line loses its border and its indent
        if ends[number][-1] not in _LAST and one_blank(ends[number], lines[number + 1]):
            continue
        left = _LEFT_EDGE.match(lines[number + 1])
        lines[number + 1] = lines[number + 1][left.end() if left is not None else 0 :]
    sizes = [len(line) + 1 for line in lines]
    parts: list[bytes] = []
    begin = 0
    for number in cuts:
        sizes[number] -= 1
        parts.append(b"\n".join(lines[begin : number + 1]))
        begin = number + 1
    parts.append(b"\n".join(lines[begin:]))
    starts = list(accumulate(sizes[:-1], initial=0))
    whole = b"".join(parts)
    # The end of the text may be the end of a line of which the border is still to come.
    unsettled = _UNSETTLED.search(whole, max(0, len(whole) - _EDGE_BYTES))
    return whole[: unsettled.start()] if unsettled is not None else whole, [starts[n + 1] for n in cuts], starts


def _latest(line: bytes) -> bytes:
    """A row that was drawn again and again, with more behind it each time, as it was drawn last."""
    drawn: list[bytes] = []
    for drawing in line.split(b"\r"):
        if drawn and drawing.startswith(drawn[-1]):
            drawn.pop()
        drawn.append(drawing)
    if len(drawn) > 1 and drawn[-2].startswith(drawn[-1]):
        drawn.pop()
    return b"\r".join(drawn)


def _edged(line: bytes) -> bool:
    return line[-1] != 124 or line.lstrip()[:1] == b"|"
