"""What carries one client's frames: a WebSocket, or a long HTTP answer. Pure but for the protocol it names.

A carrier never waits. It takes what it is given and says when the client has read enough of it; until then nothing
more is handed over, so that what lies between the session and a screen stays small.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, Protocol

from tether.wire.framing import framed

_MEDIUM: Final = struct.Struct(">BBH")
_LARGE: Final = struct.Struct(">BBQ")
_BINARY: Final = 0x82  # one whole message of bytes


class Carrier(Protocol):
    """`pack` makes frames into one chunk of what is carried; the same chunk may go to many clients."""

    def pack(self, frames: Iterable[bytes]) -> bytes:
        """`frames` as they are written."""

    def write(self, chunk: bytes) -> None:
        """Hand a chunk over."""

    def ready(self) -> bool:
        """False while what was written waits for the client to read."""

    @property
    def kind(self) -> str:
        """Carriers of one kind pack alike."""


def messages(frames: Iterable[bytes]) -> bytes:
    """`frames` as WebSocket messages of a server, one each (RFC 6455, section 5.2: final, binary, not masked)."""
    parts: list[bytes] = []
    for frame in frames:
        size = len(frame)
        if size < 126:
            head = bytes((_BINARY, size))
        elif size < 65536:
            head = _MEDIUM.pack(_BINARY, 126, size)
        else:
            head = _LARGE.pack(_BINARY, 127, size)
        parts += (head, frame)
    return b"".join(parts)


def stretch(frames: Iterable[bytes]) -> bytes:
    """`frames` as a piece of a long HTTP answer: each with its length before it."""
    return b"".join(map(framed, frames))
