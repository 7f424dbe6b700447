"""Frames in a byte stream: `u32 big-endian length ‖ frame`, as the plain-HTTP transport carries them. Pure."""

from __future__ import annotations

import struct
from typing import Final

from tether.wire.codec import WireError
from tether.wire.limits import WEBSOCKET_FRAME_BYTES_MAX

_LENGTH: Final = struct.Struct(">I")


def pack(frame: bytes) -> bytes:
    """`frame` with its length before it."""
    return _LENGTH.pack(len(frame)) + frame


def unpack(data: bytes) -> list[bytes]:
    """The frames in `data`, all of it. WireError when the last one is cut short or one is over the limit."""
    frames = []
    at = 0
    while at < len(data):
        if len(data) - at < _LENGTH.size:
            raise WireError("the body ends inside a frame's length")
        (size,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if size > WEBSOCKET_FRAME_BYTES_MAX:
            raise WireError(f"a frame of {size} bytes is over the limit of {WEBSOCKET_FRAME_BYTES_MAX}")
        if len(data) - at < size:
            raise WireError("the body ends inside a frame")
        frames.append(data[at : at + size])
        at += size
    return frames
