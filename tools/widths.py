"""Write web/src/terminal/widths.json: how many columns characters take, as the server's screen model has it.

`python tools/widths.py` writes the file; `--check` only says whether it is as it should be. The page and the oracle of
tests/screen read it, so that a character takes as many columns in browsers as on the server; xterm.js' own tables end
with Unicode 11. `zero` and `wide` are beginnings and ends of runs; what is in neither takes one column.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tether.screen import Screen, binding, unavailable

TARGET: Final = Path(__file__).parent.parent / "web/src/terminal/widths.json"

# A flag is two of them. Each takes one column in xterm.js and in what programs count, and two in the model.
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_SURROGATES: Final = range(0xD800, 0xE000)
# Planes of ideographs, where one in so many is looked at.
_IDEOGRAPHS: Final = range(0x20000, 0x40000)
_STEP: Final = 251


def measured() -> Iterator[tuple[int, int]]:
    """Every character but ASCII and controls, and how many columns it takes behind a letter."""
    screen = Screen(20, 2)
    handle = screen._handle
    for point in (*range(0xA0, 0x20000), *_IDEOGRAPHS, *range(0xE0000, 0xE1000)):
        if point in _SURROGATES:
            continue
        if point in _FLAGS:
            yield point, 1
        elif point in _IDEOGRAPHS and point % _STEP:
            yield point, 2
        else:
            handle.write(b"\x1b[H\x1b[Ka" + chr(point).encode())
            yield point, handle.get(binding.DATA_CURSOR_X, "uint16_t *") - 1
    screen.close()


def made() -> str:
    """The file."""
    runs: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for point, width in measured():
        found = runs[width]
        if found and found[-1] == point - 1:
            found[-1] = point
        else:
            found += (point, point)
    return json.dumps({"zero": runs[0], "wide": runs[2]}, separators=(",", ":")) + "\n"


def main() -> int:
    """Write, or with --check compare."""
    if why := unavailable():
        print(f"{TARGET.name} is not looked at: {why}")
        return 0
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != made():
            print(f"{TARGET} is not what the screen model has: run `make widths`")
            return 1
    else:
        TARGET.write_text(made())
    return 0


if __name__ == "__main__":
    sys.exit(main())
