"""Sequences that do not end. Pure.

A title of 20 MB, an image that nobody stops: what follows the first 64 KiB of a sequence is kept from the model, and
from a client that attaches meanwhile: it is given the beginning of a sequence of the same kind that means nothing, so
that it swallows the rest as well.
"""

from __future__ import annotations

import re
from typing import Final

SEQUENCE_MAX: Final = 64 << 10
CANCEL: Final = b"\x18"

# How a sequence of this kind begins that no terminal knows, and what ends one. ESC ends all of them, and stays.
_KINDS: Final = {
    b"\x1b]": (b"\x1b]9999;", re.compile(rb"\x1b|[\x07\x18\x1a]")),
    b"\x1bP": (b"\x1bPz", re.compile(rb"\x1b|[\x18\x1a]")),
    b"\x1b_": (b"\x1b_x", re.compile(rb"\x1b|[\x18\x1a]")),
    b"\x1b^": (b"\x1b^", re.compile(rb"\x1b|[\x18\x1a]")),
    b"\x1bX": (b"\x1bX", re.compile(rb"\x1b|[\x18\x1a]")),
    b"\x1b[": (b"\x1b[!!", re.compile(rb"\x1b|[\x18\x1a\x40-\x7e]")),
}


class Cutter:
    """Counts how long the sequence is that output ends in, and keeps its rest from the model once that is too long."""

    def __init__(self) -> None:
        self._size = 0
        self._kind = b""

    @property
    def beginning(self) -> bytes:
        """What makes a terminal swallow the rest of the sequence that is being kept from the model."""
        return _KINDS[self._kind][0] if self._kind else b""

    def rest(self, data: bytes) -> bytes:
        """What of `data` the model gets."""
        if not self._kind:
            return data
        end = _KINDS[self._kind][1].search(data)
        if end is None:
            return b""
        self._kind = b""
        return data[end.start() if end[0] == b"\x1b" else end.end() :]

    def too_long(self, data: bytes, *, ground: bool) -> bool:
        """Whether the sequence is too long that the model stands in after `data`; `ground`: it stands in none."""
        if ground:
            self._size = 0
            return False
        begin = data.rfind(b"\x1b")
        self._size = self._size + len(data) if begin < 0 else len(data) - begin
        return self._size > SEQUENCE_MAX

    def cut(self, continuation: bytes) -> None:
        """Drop the rest of the sequence that begins with `continuation`."""
        self._size = 0
        self._kind = continuation[:2] if continuation[:2] in _KINDS else b""
