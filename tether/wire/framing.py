"""Frames in a byte stream: `u32 big-endian length ‖ frame`. Used by the lane and by the plain-HTTP transport."""

from __future__ import annotations

import struct
from typing import Final

from tether.wire.codec import WireError
from tether.wire.limits import FRAME_BYTES_MAX

_LENGTH: Final = struct.Struct(">I")


def framed(frame: bytes) -> bytes:
    """`frame` with its length before it."""
    return _LENGTH.pack(len(frame)) + frame


class FrameReader:
    """Takes a stream in pieces of any size and gives its frames."""

    def __init__(self, limit: int = FRAME_BYTES_MAX) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete with `data`. WireError when one says it is over the limit."""
        buffer = self._buffer
        buffer += data
        frames: list[bytes] = []
        at = 0
        while len(buffer) - at >= _LENGTH.size:
            size = _LENGTH.unpack_from(buffer, at)[0]
            if size > self._limit:
                raise WireError(f"a frame of {size} bytes is over the limit of {self._limit}")
            end = at + _LENGTH.size + size
            if end > len(buffer):
                break
            frames.append(bytes(buffer[at + _LENGTH.size : end]))
            at = end
        del buffer[:at]
        return frames

    @property
    def partial(self) -> bool:
        """True inside a frame."""
        return bool(self._buffer)
