"""All lines that a stretch of a session's history has shown, in a form that is quick to look through. Pure.

A book is made while the stretch is played to an emulator, and answers every later search of it without one. Lines are
told in the order in which they appeared, each once for each time; a look is one event, and the lines that were new
behind it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import msgspec

# A stretch whose lines are more than this is not written down: one of a log without checkpoints.
BYTES_MAX: Final = 64 << 20
_MAGIC: Final = b"tether lines 2\n"
_HEAD: Final = 4
# What is looked through between two chances to do something else, some tenths of a millisecond's work.
_PIECE: Final = 256 << 10
_ASCII: Final = bytes(range(128))


class NotABook(Exception):
    """Something else, or not all of one."""


class Data(Protocol):
    """Bytes, in memory or in a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int = ..., end: int = ..., /) -> int: ...


class Line(NamedTuple):
    """A line of the screen at event `seq`, at `ts` (microseconds)."""

    seq: int
    ts: int
    text: str


def encoded(text: str) -> bytes:
    """Text as it stands in a book."""
    return text.encode("utf-8", "surrogatepass")


def folded(data: bytes) -> bytes:
    """Encoded text in which case does not matter: the same as folding all of it, and ten times as quick where that
    changes nothing but A to Z."""
    return data.lower() if _simple(data) else encoded(data.decode("utf-8", "surrogatepass").casefold())


def _simple(data: bytes) -> bool:
    """Whether folding it changes nothing but A to Z."""
    beyond = data.translate(None, _ASCII).decode("utf-8", "surrogatepass")
    return beyond.casefold() == beyond


class Wanted:
    """A text to look for; with `fold` case does not matter."""

    def __init__(self, text: str, *, fold: bool = False) -> None:
        self.fold = fold
        self.data = encoded(text.casefold() if fold else text)

    def within(self, data: bytes) -> bool:
        """Whether it stands in this text."""
        return self.data in (folded(data) if self.fold else data)


class Span(msgspec.Struct, frozen=True):
    """Which part of a session a book is about: the events behind `behind` (a checkpoint's, or 0) up to `upto`.

    `seq` and `ts` are its first event's, `cut_bytes` what retention had removed in front of it when `behind` is 0;
    `exact` is False when the screen that it began with is not known."""

    behind: int
    upto: int
    seq: int
    ts: int
    exact: bool
    cut_bytes: int = 0


class _Head(msgspec.Struct, frozen=True, array_like=True):
    span: Span
    looks: bytes
    text: int
    folded: int


class Writing:
    """A book that is being written."""

    def __init__(self) -> None:
        self._looks = array("q")
        self._parts: list[bytes] = []
        self._lines = 0
        self._size = 0
        self._simple = True

    def add(self, seq: int, ts: int, lines: int, data: bytes) -> None:
        """The lines that were new behind event `seq`: how many, and these, encoded, with line ends between."""
        self._lines += lines
        self._looks.extend((self._lines, seq, ts))
        self._size += len(data) + 1
        self._simple = self._simple and _simple(data)
        if self._size <= BYTES_MAX:
            self._parts.append(data)
        else:
            self._parts.clear()

    def finish(self, span: Span) -> bytes | None:
        """The book as bytes; None when there was too much."""
        if self._size > BYTES_MAX:
            return None
        data = b"\n".join(self._parts)
        # Where folding does more than lower A to Z, the folded lines stand behind the others.
        fold = b"" if self._simple else folded(data)
        head = msgspec.msgpack.encode(_Head(span, self._looks.tobytes(), len(data), len(fold)))
        return b"".join((_MAGIC, len(head).to_bytes(_HEAD, "big"), head, data, fold))


class Book:
    """A book to look things up in. `data` may be a mapped file. NotABook when it is none, or not whole."""

    def __init__(self, data: Data) -> None:
        at = len(_MAGIC) + _HEAD
        size = int.from_bytes(data[len(_MAGIC) : at], "big")
        try:
            head = msgspec.msgpack.decode(data[at : at + size], type=_Head)
        except msgspec.MsgspecError as error:
            raise NotABook(str(error)) from None
        self.span = head.span
        self._data = data
        self._start = at + size
        self._end = self._start + head.text
        self._folded = head.folded
        if data[: len(_MAGIC)] != _MAGIC or len(data) != self._end + head.folded or len(head.looks) % 24:
            raise NotABook("not whole")
        self._looks = memoryview(head.looks).cast("q")

    def lines(self, wanted: Wanted, upto: int) -> Iterator[Line | None]:
        """The lines that hold `wanted`, as far as event `upto`; None whenever a piece was looked through."""
        ends, seqs, times = self._looks[0::3], self._looks[1::3], self._looks[2::3]
        for found in self._found(wanted):
            if found is None:
                yield None
                continue
            look = bisect_right(ends, found[0])
            if seqs[look] > upto:
                return
            yield Line(seqs[look], times[look], found[1].decode("utf-8", "surrogatepass"))

    def _found(self, wanted: Wanted) -> Iterator[tuple[int, bytes] | None]:
        """The numbers of the lines that hold it, and the lines."""
        if not wanted.data or b"\n" in wanted.data:
            return
        beside = wanted.fold and self._folded > 0
        at, end = (self._end, self._end + self._folded) if beside else (self._start, self._end)
        number = 0
        originals: list[bytes] = []
        while at < end:
            stop = end if end - at <= _PIECE else self._data.find(b"\n", at + _PIECE, end)
            stop = end if stop < 0 else stop
            piece = self._data[at:stop]
            for line, text in _within(piece, piece.lower() if wanted.fold else piece, wanted.data):
                if beside:
                    originals = originals or self._data[self._start : self._end].split(b"\n")
                yield number + line, originals[number + line] if beside else text
            number += piece.count(b"\n") + 1
            at = stop + 1
            yield None


def _within(piece: bytes, looked: bytes, wanted: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of `piece` where `looked`, the same or the same in small letters, holds `wanted`: number and line."""
    number, counted, at = 0, 0, 0
    while (at := looked.find(wanted, at)) >= 0:
        first = looked.rfind(b"\n", 0, at) + 1
        last = looked.find(b"\n", at)
        last = len(looked) if last < 0 else last
        number += looked.count(b"\n", counted, first)
        counted = first
        yield number, piece[first:last]
        at = last
