"""A soft reset (DECSTR), which the library does not know, as what it does know. Pure.

It puts back what xterm.js puts back: modes, margins, pen, character sets and the saved cursor, and leaves the text and
the cursor where they are.
"""

from __future__ import annotations

import re
from typing import Final

_SEQUENCE: Final = b"\x1b[!p"
_FOUND: Final = re.compile(re.escape(_SEQUENCE))
# As much of what came before as one may have begun in.
KEPT: Final = len(_SEQUENCE) - 1

_MODES: Final = b"\x1b[?1;6;45;69;1004;2004l\x1b[?7;25h\x1b[4l\x1b>"
_MARGINS: Final = b"\x1b[r"
_PEN: Final = b'\x1b[m\x1b[0"q\x1b(B\x1b)B\x1b*B\x1b+B\x0f'
_SAVED: Final = b"\x1b[H\x1b7"


def ends(before: bytes, data: bytes) -> list[int]:
    """Where soft resets end in `data`, the first of which may have begun in the last bytes `before` it."""
    found = [one.end() for one in _FOUND.finditer(data)] if b"!" in data and _SEQUENCE in data else []
    begun = (before + data[:KEPT]).find(_SEQUENCE) if b"\x1b" in before else -1
    return found if begun < 0 else [begun + len(_SEQUENCE) - len(before), *found]


def instead(x: int, y: int) -> bytes:
    """What has the same effect when the cursor is at column x of row y, from 0."""
    return _MODES + _MARGINS + _PEN + _SAVED + b"\x1b[%d;%dH" % (y + 1, x + 1)
