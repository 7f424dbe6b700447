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


class FrameBuffer:
    """The same for a reader that is given the room to read into: a frame's bytes are copied once, into the frame.

    Holds `size` bytes, and more only while a larger frame is under way.
    """

    def __init__(self, size: int, limit: int = FRAME_BYTES_MAX) -> None:
        self._size = size
        self._limit = limit
        self._buffer = bytearray(size)
        self._held = 0

    def room(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return memoryview(self._buffer)[self._held :]

    def filled(self, count: int) -> list[bytes]:
        """The frames that are complete with the next `count` bytes. WireError when one says it is over the limit."""
        buffer, end = self._buffer, self._held + count
        frames: list[bytes] = []
        at, wanted = 0, _LENGTH.size
        with memoryview(buffer) as view:
            while end - at >= _LENGTH.size:
                size = _LENGTH.unpack_from(buffer, at)[0]
                if size > self._limit:
                    raise WireError(f"a frame of {size} bytes is over the limit of {self._limit}")
                wanted = _LENGTH.size + size
                if at + wanted > end:
                    break
                frames.append(bytes(view[at + _LENGTH.size : at + wanted]))
                at, wanted = at + wanted, _LENGTH.size
        self._keep(at, end, max(self._size, wanted))
        return frames

    def _keep(self, at: int, end: int, size: int) -> None:
        """What of the next frame is there already moves to the front of a buffer of `size` bytes."""
        rest = self._buffer[at:end] if at or size != len(self._buffer) else None
        if size != len(self._buffer):
            self._buffer = bytearray(size)  # the room that was given out is a view of the old one
        if rest is not None:
            self._buffer[: len(rest)] = rest
        self._held = end - at
