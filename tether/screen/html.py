"""A styled line of a screen as HTML: text and spans with a style, nothing else. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from html import escape
from typing import Final

from tether.screen.theme import BACKGROUND, FOREGROUND, Colour, palette

_SEQUENCE: Final = re.compile(rb"\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_WORDS: Final = {1: "font-weight:bold", 2: "opacity:.6", 3: "font-style:italic", 8: "visibility:hidden"}
_LINES: Final = {4: "underline", 21: "underline", 9: "line-through", 53: "overline"}


def line(ansi: bytes) -> str:
    """A line that begins with no style in force, each of whose sequences sets the whole style."""
    made: list[str] = []
    style = ""
    at = 0
    for match in _SEQUENCE.finditer(ansi):
        made.append(_span(ansi[at : match.start()], style))
        at = match.end()
        if match[1] is not None:
            style = _style(match[1])
    made.append(_span(ansi[at:], style))
    return "".join(made)


def _span(data: bytes, style: str) -> str:
    text = escape(data.decode("utf-8", "replace"))
    return f'<span style="{style}">{text}</span>' if style and text else text


@functools.lru_cache(maxsize=4096)
def _style(parameters: bytes) -> str:
    """A style sheet's words for the parameters of one sequence. What is not known is left out."""
    numbers = [part.split(b":")[0] for part in parameters.split(b";")]
    codes = iter([int(one or 0) for one in numbers])
    words: list[str] = []
    lines: list[str] = []
    ink: Colour | None = None
    ground: Colour | None = None
    inverse = False
    for code in codes:
        if code in (38, 48):
            found = _long(codes)
            ink, ground = (found, ground) if code == 38 else (ink, found)
        elif code in _WORDS:
            words.append(_WORDS[code])
        elif code in _LINES:
            lines.append(_LINES[code])
        elif code == 7:
            inverse = True
        else:
            ink, ground = _named(code, 30, ink), _named(code, 40, ground)
    if inverse:
        ink, ground = ground or BACKGROUND, ink or FOREGROUND
    words += [f"color:{_hex(ink)}"] if ink else []
    words += [f"background:{_hex(ground)}"] if ground else []
    words += [f"text-decoration:{' '.join(lines)}"] if lines else []
    return ";".join(words)


def _named(code: int, low: int, before: Colour | None) -> Colour | None:
    if low <= code < low + 8:
        return palette()[code - low]
    if low + 60 <= code < low + 68:
        return palette()[code - low - 52]
    return before


def _long(numbers: Iterator[int]) -> Colour | None:
    """A colour of the 256 or of all, from the numbers that follow."""
    kind = next(numbers, 0)
    if kind == 5:
        return palette()[min(255, next(numbers, 0))]
    red, green, blue = (min(255, next(numbers, 0)) for _ in range(3))
    return red, green, blue


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
