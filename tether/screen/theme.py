"""A terminal's colours until a program changes them: those of the web client's dark theme. Pure."""

from __future__ import annotations

import functools
from typing import Final

Colour = tuple[int, int, int]

# web/src/terminal/themes.ts; a test compares them.
FOREGROUND: Final[Colour] = (0xE6, 0xED, 0xF3)
BACKGROUND: Final[Colour] = (0x0D, 0x11, 0x17)
_NAMED: Final = (
    "8b949e", "ff7b72", "4ecb71", "e3b341", "79b8ff", "d2a8ff", "56d4dd", "c9d1d9",
    "8b949e", "ffa198", "7ee787", "f2cc60", "a5d0ff", "e2c5ff", "8be9f0", "ffffff",
)  # fmt: skip
_STEPS: Final = (0, 95, 135, 175, 215, 255)


@functools.cache
def palette() -> tuple[Colour, ...]:
    """The 256 colours: sixteen that programs name, a cube, and a ramp of greys."""
    named = [bytes.fromhex(name) for name in _NAMED]
    cube = [(r, g, b) for r in _STEPS for g in _STEPS for b in _STEPS]
    ramp = [(8 + 10 * step,) * 3 for step in range(24)]
    return (*((c[0], c[1], c[2]) for c in named), *cube, *ramp)
