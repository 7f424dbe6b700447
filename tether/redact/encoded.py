"""Base64 of known beginnings: a token that was encoded, alone or in the midst of something, at any shift. Pure."""

from __future__ import annotations

import binascii
import re
from typing import Final

RUN: Final = re.compile(rb"[A-Za-z0-9+/_-]*={0,2}")
_SHORTEST: Final = 4
# By how many bytes stand before in the group of three: how many characters of the group come before the first that
# depends on the literal alone.
_UNSURE: Final = (0, 2, 3)
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def encodings(literal: bytes) -> list[tuple[bytes, int]]:
    """What base64 makes of `literal` whatever stands around it, with the shift, where that is long enough to tell."""
    found = []
    for shift in range(3):
        text = binascii.b2a_base64(b"\0" * shift + literal, newline=False)
        whole = (shift + len(literal)) * 8 // 6
        stable = text[_UNSURE[shift] : whole]
        if len(stable) >= _SHORTEST:
            found.append((stable, shift))
    return found


def decoded(text: bytes, start: int, stop: int, shift: int) -> tuple[bytes, int]:
    """What text[start:stop] means, and where in `text` its first group begins (before `text`, if negative)."""
    group = start - _UNSURE[shift]
    run = b"A" * max(0, -group) + text[max(0, group) : stop]
    run = run.rstrip(b"=").translate(_URL_SAFE)
    run = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return binascii.a2b_base64(run + b"=" * (-len(run) % 4)), group
    except binascii.Error:
        return b"", group


def span(group: int, start: int, end: int) -> tuple[int, int]:
    """The characters that carry the bytes from `start` to `end` of what was decoded."""
    return group + start * 8 // 6, group + -(-end * 8 // 6)
