"""Styles as escape sequences. Pure."""

from __future__ import annotations

import functools
import struct
from typing import Final, NamedTuple

PLAIN_STYLE: Final = bytes(16)
RESET: Final = b"\x1b[m"

_FLAGS: Final = (1, 3, 2, 5, 7, 8, 9, 53)  # bold, italic, faint, blink, inverse, invisible, strike, overline
_UNDERLINES: Final = ("", "4", "21", "4:3", "4:4", "4:5")
# What shows on a cell that has no character: inverse, strike, overline, underline.
_SHOWS: Final = 0b11111010000


class Pen(NamedTuple):
    """`sequence` sets the whole style, whatever was in force. `filled`: what is erased with it gets a colour."""

    sequence: bytes
    filled: bool
    shows: bool
    """A blank written with it can be told from an empty cell."""


PLAIN: Final = Pen(RESET, False, False)


@functools.lru_cache(maxsize=8192)
def pen(style: bytes) -> Pen:
    """The pen of an encoded style."""
    if style == PLAIN_STYLE:
        return PLAIN
    fg, bg, underline, flags = style[0:4], style[4:8], style[8:12], struct.unpack_from("<H", style, 12)[0]
    parts = ["0", *(str(code) for bit, code in enumerate(_FLAGS) if flags >> bit & 1)]
    line = _UNDERLINES[min(flags >> 8 & 7, 5)]
    parts += [line] if line else []
    parts += _colour(fg, 30, 90, "38") + _colour(bg, 40, 100, "48")
    match underline[0]:
        case 1:
            parts.append(f"58:5:{underline[1]}")
        case 2:
            parts.append(f"58:2::{underline[1]}:{underline[2]}:{underline[3]}")
    filled = bg[0] != 0
    return Pen(f"\x1b[{';'.join(parts)}m".encode(), filled, filled or bool(flags & _SHOWS))


@functools.lru_cache(maxsize=1024)
def fill(content: int, *, rgb: bool) -> Pen:
    """The pen that erases to a background: an index of the palette, or a colour with red in its lowest byte."""
    colour = struct.pack("<BI", 2, content)[:4] if rgb else bytes((1, content & 0xFF, 0, 0))
    return pen(bytes(4) + colour + bytes(8))


def _colour(colour: bytes, low: int, high: int, long: str) -> list[str]:
    match colour[0]:
        case 0:
            return []
        case 1 if colour[1] < 8:
            return [str(low + colour[1])]
        case 1 if colour[1] < 16:
            return [str(high + colour[1] - 8)]
        case 1:
            return [f"{long};5;{colour[1]}"]
        case _:
            return [f"{long};2;{colour[1]};{colour[2]};{colour[3]}"]
