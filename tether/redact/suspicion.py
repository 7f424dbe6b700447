"""A first and cheap look: where in output there may be something to hide. It finds rather too much. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from tether.escapes import without_sequences
from tether.redact.finding import Finder
from tether.redact.loose import suspects
from tether.redact.panes import divided, stroked
from tether.redact.view import squeezed

# A trigger further back than this begins nothing any more.
NEAR_BYTES: Final = 768
# Around what is found, so many lines are looked at again.
LINES_BEFORE: Final = 3
LINES_BEHIND: Final = 1

# So much at once is rather a flood than what somebody reads: most of it holds no trigger, and is not taken apart.
FLOOD_BYTES: Final = 8192
# So little, a key's echo with what stands before it, is as well: its typist waits.
GLANCED: Final = 3072

# What draws elsewhere than behind what was drawn last.
_MOVED: Final = re.compile(rb"\x1b(?:\[([0-9]*)[0-9;]*([HfGdCDABEFsu`ae])|[78])")
_AWAY: Final = re.compile(rb"\x1b(?:[78]|\[[su])")


def suspicious(window: bytes, base: int, finder: Finder, cols: int) -> list[tuple[int, int]]:
    """Pieces of `window`, of which what stands before `base` has left already, that are to be looked at closely."""
    near = window.rfind(b"\n", 0, max(0, base - NEAR_BYTES)) + 1
    data = window[near:]
    text = without_sequences(data)
    apart = without_sequences(_apart(data)) if _MOVED.search(data) is not None else b""
    if (
        not GLANCED < len(text) < FLOOD_BYTES
        and not apart
        and b"\x08" not in text
        and not finder.triggered_joined(text)
    ):
        return []
    everything = [(0, len(window))]
    whole, joins, starts = squeezed(text, cols, bool(apart))
    lines = data.split(b"\n")
    if b"\x08" in text or b"PRIVATE KEY" in whole or len(lines) != len(starts) or (apart and _AWAY.search(data)):
        return everything
    every = finder.find(whole, joins)
    if apart and len(finder.find(*squeezed(apart, cols, True)[:2])) > len(every):
        return everything
    ends = list(accumulate((len(line) + 1 for line in lines), initial=near))
    spans: list[tuple[int, int]] = []
    for found in every:
        first = max(0, bisect_right(starts, found.start) - 1 - LINES_BEFORE)
        last = bisect_right(starts, found.end) + LINES_BEHIND
        grows = found.open or found.on or last >= len(lines)
        spans.append((ends[first], len(window) if grows else ends[last]))
    for first, last, grows in suspects(text, finder):
        spans.append((ends[max(0, first - 1)], len(window) if grows or last + 2 >= len(lines) else ends[last + 2]))
    if divided(text):
        spans += _strokes(window, lines, ends, finder)
    merged = list(_merged(span for span in spans if span[1] > base))
    if apart and any(_MOVED.search(window, *span) for span in merged):
        # Not line by line where pieces that a cursor has set may belong together.
        drawn = (span for span in _drawn(window, lines, ends) if any(span[0] < b and a < span[1] for a, b in merged))
        return list(_merged([*merged, *drawn]))
    return merged


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin = end = -1
    for start, stop in sorted(spans):
        if start > end:
            if end >= 0:
                yield begin, end
            begin, end = start, stop
        end = max(end, stop)
    if end >= 0:
        yield begin, end


def _drawn(window: bytes, lines: list[bytes], ends: list[int]) -> Iterator[tuple[int, int]]:
    """Lines one below the other in which the cursor moves."""
    first = -1
    for number in range(len(lines) + 1):
        if number < len(lines) and _MOVED.search(lines[number]):
            first = number if first < 0 else first
        elif first >= 0:
            yield ends[first], len(window) if number >= len(lines) - 1 else ends[number]
            first = -1


def _strokes(window: bytes, lines: list[bytes], ends: list[int], finder: Finder) -> Iterator[tuple[int, int]]:
    """Rows with strokes between their text, one below the other, where a trigger stands in one of them."""
    first = -1
    for number in range(len(lines) + 1):
        if number < len(lines) and stroked(lines[number]):
            first = number if first < 0 else first
        elif first >= 0:
            stop = len(window) if number >= len(lines) - 1 else ends[number]
            if finder.triggered(without_sequences(window[ends[first] : stop])):
                yield ends[first], stop
            first = -1


def _apart(data: bytes) -> bytes:
    """`data` with a line's end for each jump to another row, and a blank for each within one."""
    row = b""

    def jump(found: re.Match[bytes]) -> bytes:
        nonlocal row
        if found[2] is None or found[2] in b"Hfd":
            here, row = row, found[1] or b"1"
            return b" " if here == row else b"\n"
        return b" " if found[2] in b"GCD`a" else b"\n"

    return _MOVED.sub(jump, data)
