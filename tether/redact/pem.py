"""Private keys in armour: all between BEGIN and END, also with `\\n` for the line's end, in a box or a list. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

# An edge may have taken the blank behind it.
OPENING: Final = b"-----begin"
# So much of the body must be there before it counts: prose and code name the first line too.
_SURE_BYTES: Final = 24
BODY_MAX: Final = 20 * 1024

_FIRST: Final = re.compile(
    rb"-----BEGIN ?(?:[A-Z0-9]+? ?){0,4}?PRIVATE ?KEY(?: ?BLOCK)?-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
# What stands between two pieces of the body: the line's end as such or as an escape, quotes, commas, borders, indents.
_BETWEEN: Final = (
    rb"(?:\\{1,2}[nr]|[\s\"',`|>]|\+(?=[ \t]*\\?[\"'\s])|\\(?=[\s\"'])"
    rb"|\xe2(?:\x94[\x82\x83\x86\x8a]|\x95\x91|\x96[\x8c\x8f\x90\x95]))"
)
_PIECE: Final = rb"[A-Za-z0-9+/=]"
_HEADER: Final = rb"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject|X-[\w-]+): ?[^\r\n\\\"]*"
_HEADERS: Final = re.compile(rb"(?:" + _BETWEEN + rb"+" + _HEADER + rb")*" + _BETWEEN + rb"*")
# Blanks alone stand between words: a body's pieces have something else there, too.
_APART: Final = rb"[ \t]*(?![ \t])" + _BETWEEN + rb"+"
# The end of what has come may be the first half of what stands between two pieces.
_MORE: Final = re.compile(
    _BETWEEN + rb"*(?:" + _PIECE + rb"+(?:" + _APART + _PIECE + rb"+)*)?"
    + _BETWEEN + rb"*(?:(?:\\{1,2}|\+|\xe2[\x94-\x96]?)\Z)?"
)  # fmt: skip
# Below an opening that fills its row stands a row of the body, and no words.
_ONE: Final = re.compile(_PIECE + rb"{24}|" + _PIECE + rb"*\Z")
_PIECES: Final = re.compile(rb"(\\{1,2}[nr])|" + _PIECE + rb"+")


class Block(NamedTuple):
    """text[start:end] is what is known of the body. `sure` when it is one; `closed` when it does not go on."""

    start: int
    end: int
    kind: str
    sure: bool
    closed: bool


def look(text: bytes, start: int, final: bool, joins: Sequence[int] = ()) -> Block | None:
    """The block that begins at `start`, or None when there is none. At `joins` lines may end."""
    first = _FIRST.match(text, start)
    if first is None:
        return None
    headers = _HEADERS.match(text, first.end())
    begin = headers.end() if headers is not None else first.end()
    if begin == first.end() and begin < len(text) and not (begin in joins and _ONE.match(text, begin)):
        return None
    kind = "pgp-private-key" if b"PGP" in first[0] else "private-key"
    more = _MORE.match(text, begin, begin + BODY_MAX)
    end = more.end() if more is not None else begin
    body = sum(len(piece[0]) for piece in _PIECES.finditer(text, begin, end) if piece[1] is None)
    at_end = end == len(text) and not final
    if body >= _SURE_BYTES:
        return Block(begin, end, kind, True, not at_end)
    return Block(begin, end, kind, False, False) if at_end else None


def resume(text: bytes, at: int, budget: int) -> int:
    """Where the body that goes on at `at` stops."""
    more = _MORE.match(text, at, min(len(text), at + budget))
    return more.end() if more is not None else at


def pieces(text: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """What of text[start:end] is body, not what stands between: an escaped line's end stays."""
    if text[max(0, start - 1) : start] == b"\\" and text[start : start + 1] in (b"n", b"r"):
        start += 1
    return [match.span() for match in _PIECES.finditer(text, start, end) if match[1] is None]
