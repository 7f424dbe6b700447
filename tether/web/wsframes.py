"""WebSocket frames as far as a key's way needs them: cutting a stream into frames, and unmasking messages. Pure.

What is a whole message of bytes is read here, in a few microseconds; everything else (text, fragments, pings, closes,
and whatever is wrong) is given back as it came, one whole frame at a time, for the library to judge.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

_SHORT: Final = struct.Struct(">H")
_LONG: Final = struct.Struct(">Q")
_WHOLE_BINARY: Final = 0x82
_MASKED: Final = 0x80
_KEY_HEAD: Final = 6  # two bytes and the mask


class Cut(NamedTuple):
    """One frame as it came; in a whole message of bytes the payload begins at `start`, in anything else that is 0."""

    frame: bytes
    start: int

    def message(self) -> bytes:
        """The bytes of a whole message, unmasked."""
        return apply_mask(self.frame[self.start :], self.frame[self.start - 4 : self.start])


class Splitter:
    """Takes a client's stream in pieces of any size. A frame that claims more than `limit` bytes is given back at once,
    unfinished: whoever judges it ends the connection."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""

    def key(self, data: bytes) -> bytes | None:
        """The message when `data` is one whole short one and nothing else, as a key is; else None, and nothing is
        taken."""
        size = data[1] - _MASKED
        if data[0] == _WHOLE_BINARY and 0 <= size < 126 and len(data) == size + _KEY_HEAD and not self._rest:
            return apply_mask(data[_KEY_HEAD:], data[2:_KEY_HEAD])
        return None

    def feed(self, data: bytes) -> Iterator[Cut]:
        """The frames that are complete with `data`."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, end = 0, len(data)
        while at < end:
            body = _body(data, at, end)
            if body is None:
                break
            start, size = body
            if size > self._limit:
                yield Cut(data[at:], 0)
                return
            if start + size > end:
                break
            whole = data[at] == _WHOLE_BINARY and data[at + 1] & _MASKED
            yield Cut(data[at : start + size], start - at if whole else 0)
            at = start + size
        self._rest = data[at:]


def _body(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and its size; None while its head is not complete."""
    if end - at < 2:
        return None
    second = data[at + 1]
    size, start = second & 0x7F, at + 2
    if size >= 126:
        length = _SHORT if size == 126 else _LONG
        if end - start < length.size:
            return None
        size, start = length.unpack_from(data, start)[0], start + length.size
    if second & _MASKED:
        start += 4
        if start > end:
            return None
    return start, size
