"""Panes side by side: what stands between vertical strokes that go on from row to row, each pane by itself. Pure.

A pane's text is cut at its own edge, so a secret in it goes on in the next row behind the strokes. Tables look the
same: what is found in a pane is found beside what is found in the whole lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tether.redact.lines import Line, width

_BAR: Final = re.compile(rb"\xe2(?:\x94[\x82\x83\x86\x8a]|\x95\x91|\x96[\x8c\x8f\x90\x95])|(?<= )\|(?= )")
_SIGNS: Final = (b" | ", b"\xe2\x94", b"\xe2\x95\x91", b"\xe2\x96")
_BARS_MAX: Final = 8
_LOOK: Final = 64
# What a box's own edge has beside it: nothing, another stroke.
_BLANK: Final = b"\r\n\t|\xe2\x82\x83\x86\x8a\x91\x8c\x8f\x90\x95"


class Pane(NamedTuple):
    """The rows of one pane, how many cells wide it is, and whether something else follows below."""

    lines: list[Line]
    cells: int
    closed: bool


def stroked(text: bytes | bytearray) -> bool:
    """May there be a stroke?"""
    return any(sign in text for sign in _SIGNS)


def divided(text: bytes) -> bool:
    """Is there a stroke with text on both sides?"""
    if not stroked(text):
        return False
    for bar in _BAR.finditer(text):
        before = text[max(0, bar.start() - _LOOK) : bar.start()].rstrip(b" ")
        behind = text[bar.end() : bar.end() + _LOOK].lstrip(b" ")
        if before and behind and before[-1] not in _BLANK and behind[0] not in _BLANK:
            return True
    return False


def panes(lines: Sequence[Line]) -> Iterator[Pane]:
    """All panes in lines that stand one below the other."""
    run: list[tuple[Line, dict[int, tuple[int, int]]]] = []
    common: set[int] = set()
    for line in lines:
        bars = _bars(line)
        shared = common & bars.keys()
        if run and shared and line.row == run[-1][0].row + 1:
            common = shared
        elif run and not line.text and line is lines[-1]:
            break  # the next row has not begun
        else:
            yield from _split(run, common, closed=True)
            run, common = [], set(bars)
        if bars:
            run.append((line, bars))
    yield from _split(run, common, closed=False)


def _bars(line: Line) -> dict[int, tuple[int, int]]:
    """The strokes in a line: where each begins and ends in its text, by the cell that it stands in."""
    text = line.text
    if not stroked(text):
        return {}
    found: dict[int, tuple[int, int]] = {}
    at, cells = 0, line.col
    for bar in _BAR.finditer(text):
        cells += width(text[at : bar.start()])
        found[cells] = bar.span()
        at = bar.start()
        if len(found) == _BARS_MAX:
            break
    return found


def _split(run: list[tuple[Line, dict[int, tuple[int, int]]]], common: set[int], closed: bool) -> Iterator[Pane]:
    if not run or not common:
        return
    edges = sorted(common)
    for number in range(len(edges) + 1):
        pieces: list[Line] = []
        for line, bars in run:
            start = bars[edges[number - 1]][1] if number else 0
            stop = bars[edges[number]][0] if number < len(edges) else len(line.text)
            pieces.append(_piece(line, start, stop))
        if any(piece.text.strip() for piece in pieces):
            yield Pane(pieces, max(width(piece.text) for piece in pieces), closed)


def _piece(line: Line, start: int, stop: int) -> Line:
    """A part of a line, without the blanks beside its strokes."""
    if line.text[start : start + 1] == b" " and start:
        start += 1
    if line.text[stop - 1 : stop] == b" " and start < stop < len(line.text):
        stop -= 1
    piece = Line(line.row, 0)
    piece.text, piece.raw = line.text[start:stop], line.raw[start:stop]
    piece.hidden = [(index - start, place) for index, place in line.hidden if start <= index < stop]
    piece.at = len(piece.text)
    return piece
