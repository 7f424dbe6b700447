"""What would be hidden in a text that is there as a whole, by kind and place. Pure."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from tether.escapes import finished
from tether.redact import osc
from tether.redact.finding import Finder
from tether.redact.lines import lines_of
from tether.redact.loose import value_end
from tether.redact.view import view_of


class Finding(NamedTuple):
    """A secret: its kind, where it begins (bytes from the start; line and byte of the line from 1), how many bytes."""

    kind: str
    offset: int
    line: int
    column: int
    length: int


def findings(data: bytes, finder: Finder, cols: int) -> list[Finding]:
    """Every secret in `data`, in order. What is found by two rules is named by the narrower one."""
    spans: list[tuple[int, int, str]] = []
    rows = lines_of(data[: finished(data)], cols, final=True)
    for loose in (False, True):
        view = view_of(rows, cols, final=True, loose=loose)
        for found in finder.find(view.text, sorted((*view.joins, *view.loose)), final=True):
            end = value_end(view.text, view.loose, found, finder) if loose else found.end
            places = view.places(found.start, end) if end > 0 else []
            if places:
                spans.append((min(places), max(places) + 1, found.kind))
    for string in osc.STRINGS.finditer(data):
        for found in finder.find(string[1], final=True):
            spans.append((string.start(1) + found.start, string.start(1) + found.end, found.kind))
    lines = [0, *(place + 1 for place, byte in enumerate(data) if byte == 10)]
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[1] - span[0], span[0])):
        if all(end <= other[0] or start >= other[1] for other in kept):
            kept.append((start, end, kind))
    return [
        Finding(kind, start, (line := bisect_right(lines, start)), start - lines[line - 1] + 1, end - start)
        for start, end, kind in sorted(kept)
    ]
