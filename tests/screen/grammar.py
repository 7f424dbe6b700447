"""Streams by chance: what a program could print, out of everything that a terminal understands."""

from __future__ import annotations

import random
from typing import Final

from tests.screen.streams import Stream

_WORDS: Final = (
    "word",
    "x",
    "longer text here",
    "é",
    "中文",
    "e\u0301",
    "─│┌",
    "😀",
    "tab\there",
    "a  b",
    "1234567890" * 3,
)
_SGR: Final = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "7",
    "9",
    "22",
    "24",
    "27",
    "31",
    "42",
    "97",
    "104",
    "38;5;123",
    "48;5;22",
    "38;2;9;8;7",
    "48;2;1;2;3",
    "4:3",
    "39;49",
    "1;33;44",
)
_MODES: Final = ("?1", "?7", "?25", "?1000", "?1002", "?1003", "?1004", "?1006", "?2004", "4", "?6")


def text(chance: random.Random, cols: int, rows: int, parts: int) -> str:
    """A stream of `parts` pieces for a terminal of that size."""
    return "".join(_piece(chance, cols, rows) for _ in range(parts))


def _piece(chance: random.Random, cols: int, rows: int) -> str:
    kind = chance.randrange(20)
    if kind < 6:
        return chance.choice(_WORDS)
    if kind < 8:
        return "\r\n"
    if kind < 11:
        return f"\x1b[{chance.choice(_SGR)}m"
    few, top = chance.randint(1, 5), chance.randint(1, rows - 1)
    return chance.choice((
        (f"\x1b[{chance.randint(1, rows)};{chance.randint(1, cols)}H",),
        (f"\x1b[{few}{chance.choice('ABCDEFGd')}",),
        tuple(f"\x1b[{how}{what}" for how in ("", "1", "2") for what in "JK"),
        (f"\x1b[{few}{chance.choice('LMPX@ST')}",),
        (f"\x1b[{top};{chance.randint(top + 1, rows)}r", "\x1b[r"),
        (f"\x1b[{chance.choice(_MODES)}{chance.choice('hl')}",),
        ("\x1b7", "\x1b8", "\x1bM", "\x1bD", "\x1bE", "\x1b(0lqqk x\x1b(B", "\x1b)0\x0etqu\x0f", "\t", "\b", "\r"),
        ("\x1b[?1049h", "\x1b[?1049l", f"=\x1b[{few}b", "\x1b]2;title\x07", "\x1b[4 q", "\x1b[?25l"),
    )[chance.randrange(8)] if kind > 11 else (f"\x1b[{chance.randint(1, rows)};{chance.randint(1, cols)}H",))  # fmt: skip


def streams(count: int) -> list[Stream]:
    """The same streams every time."""
    found = []
    for seed in range(count):
        chance = random.Random(seed)
        cols, rows = chance.choice(((40, 10), (80, 24), (21, 6)))
        data = text(chance, cols, rows, chance.randint(10, 120)).encode()
        found.append(Stream("random", f"seed {seed}", cols, rows, (("w", data),)))
    return found
