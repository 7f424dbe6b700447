"""Values that a program has cut at a width of its own, unknown here: what a line ends with may go on in the next. Pure.

Where the terminal's edge or a box has cut is told by geometry (`view`). Here nothing but the text tells: the next line
is no wider, begins as a value goes on, and both together are a secret.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tether.redact import values

if TYPE_CHECKING:
    from tether.redact.finding import Finder, Found

# A line that is shorter was not cut.
WIDTH_MIN: Final = 20
# What the end of a line that was cut, and the beginning of the next, may be.
ENDS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_.~%:@&?\"'-!#*^$")
_BORDER: Final = rb"(?:\xe2(?:\x94[\x82\x83\x86\x8a]|\x95\x91|\x96[\x8c\x8f\x90\x95])|\|)"
# How the next line begins: with no word, date or step of a list.
BEGINS: Final = re.compile(
    rb"(?=[A-Za-z0-9+/=_.~%\"'@&!#*^$:\\-])(?!\d{4}-[01]\d-[0-3]\d|\d{1,3}[.):\]]?[ \t]|-[ \t-]|[#*$][ \t])"
    rb"(?=\S{0,200}[0-9=:\"'_+/@]|\S{0,200}[a-z][A-Z]|[A-Z]{4}|[^\s.,;:()]{14}|\S{0,200}\Z)"
)
_INDENT: Final = rb"[ \t]*(?:" + _BORDER + rb"[ \t]*)?"
_NEXT: Final = re.compile(rb"\n" + _INDENT + BEGINS.pattern)
# So little of the newest line tells nothing yet.
_NEWEST: Final = re.compile(rb"\n" + _INDENT + rb"[^\s]{0,2}\s*\Z")
_NAMED: Final = re.compile(rb"([A-Za-z_][\w.-]*)(?::|=(?!=?\Z))")
_LOOK: Final = 240
_LINES_MAX: Final = 12
# A name that an edge has cut stands so close before its value.
_NEAR: Final = 60


def suspects(text: bytes, finder: Finder) -> Iterator[tuple[int, int, bool]]:
    """Lines of `text`, from and to, in which something may go on from one to the next; whether that is open."""
    pieces, spans = _pieces(text)
    if not pieces:
        return
    starts: list[int] = []
    joins: list[int] = []
    size = 0
    for parts in pieces:
        starts.append(size)
        for part in parts[:-1]:
            size += len(part)
            joins.append(size)
        size += len(parts[-1]) + 1
    whole = b"\n".join(b"".join(parts) for parts in pieces)
    for found in finder.find(whole, joins):
        number = bisect_right(starts, found.start) - 1
        first, last = spans[number]
        if found.open or beside(joins, found):
            yield first, last, found.open


def _pieces(text: bytes) -> tuple[list[list[bytes]], list[tuple[int, int]]]:
    """Ends of lines with the beginnings of those that may go on with them, and the numbers of the lines."""
    pieces: list[list[bytes]] = []
    spans: list[tuple[int, int]] = []
    begins = {found.start(): found.end() for found in _NEXT.finditer(text)}
    newest = _NEWEST.search(text, max(0, text.rfind(b"\n")))
    if newest is not None:
        begins[newest.start()] = newest.end()
    used = -1
    for at in begins:
        if at <= used or (text[at - 1] not in ENDS and text[at - 1] not in b"\r "):
            continue
        start = text.rfind(b"\n", 0, at) + 1
        end = text[start:at].rstrip(b"\r ")
        if len(end) < WIDTH_MIN or end[-1] not in ENDS:
            continue
        parts, used = _chain(text, at, _wide(end), begins)
        if parts:
            begin = max(start, at - _LOOK)
            pieces.append([_with_blank(text[begin:at], end[begin - start :]), *parts])
            first = text.count(b"\n", 0, start)
            spans.append((first, first + len(parts)))
    return pieces, spans


def _chain(text: bytes, at: int, wide: int, begins: dict[int, int]) -> tuple[list[bytes], int]:
    """The beginnings of the lines below the line's end `at` that may go on one with the other, and where the last of
    them begins. All but the last are as wide as the first."""
    parts: list[bytes] = []
    while at in begins and len(parts) < _LINES_MAX:
        stop = text.find(b"\n", at + 1)
        stop = len(text) if stop < 0 else stop
        cells = _wide(text[at + 1 : stop].rstrip(b"\r "))
        if cells > wide:
            break
        parts.append(text[begins[at] : stop].rstrip(b"\r ")[:_LOOK])
        if cells < wide - 1 or stop == len(text):
            break
        at = stop
    return parts, at


def _wide(end: bytes) -> int:
    """Characters of a line, roughly."""
    return len(end) if end.isascii() else len(end.decode("utf-8", "ignore"))


def _with_blank(line: bytes, end: bytes) -> bytes:
    """`end` with the blank at which `line` was cut behind it, if that is all there is."""
    return end + b" " if line.rstrip(b"\r") == end + b" " else end


def beside(joins: Sequence[int], found: Found) -> bool:
    """Is one of `joins` within the value or its name?"""
    first = bisect_right(joins, found.start - _NEAR)
    return first < len(joins) and joins[first] <= found.end


def value_end(text: bytes, joins: Sequence[int], found: Found, finder: Finder) -> int:
    """Where the value ends that goes on over `joins`, or of which the name does; -1 when that is not plausible."""
    inside = joins[bisect_left(joins, found.start) : bisect_left(joins, found.end)]
    if not inside:
        before = bisect_left(joins, found.start)
        return found.end if before > 0 and joins[before - 1] > found.start - _NEAR else -1
    mark = text[found.start - 1 : found.start]
    if mark in (b'"', b"'", b"`") and text.startswith(mark, found.end):
        return found.end
    if found.named and not mark.strip(b" \t=:") and values.wordy(text[found.start : inside[0]]):
        return -1  # None, a type
    if not found.named and not _alone(text, inside[0], found, finder):
        # Only with what stands in the next line it is whole.
        return -1 if values.wordy(text[found.start : found.end]) else found.end
    if _random(text[inside[-1] : found.end]):
        return found.end
    return inside[-1] if len(inside) > 1 and _random(text[inside[-2] : inside[-1]]) else -1


def _alone(text: bytes, join: int, found: Found, finder: Finder) -> bool:
    """Is what stands before the join a secret by itself?"""
    begin = max(0, found.start - _LOOK)
    return any(one.start == found.start - begin for one in finder.find(text[begin:join], final=True))


def _random(tail: bytes) -> bool:
    """May this be the end of a value, and not the beginning of a line?"""
    word = tail.rstrip(b".,;:!?")
    name = _NAMED.match(tail)
    if name is not None and (name[1].isalpha() or b"_" in name[1] or values.wordy(name[1])):
        return False
    return not (values.plain_word(word) or values.wordy(word) or (len(word) > 3 and values.refused(word)))
