"""What the library's own formatter tells: plain text, and a screen when the state cannot be encoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from tether.screen import binding
from tether.screen.binding import Library
from tether.screen.facts import ScreenFacts


def text(library: Library, terminal: Any, cols: int, rows: int) -> str:
    """The visible rows as text, a line each."""
    shown = _formatted(library, terminal, cols, rows, binding.FORMAT_PLAIN).decode("utf-8", "replace")
    return shown + "\n" * (rows - 1 - shown.count("\n"))


def snapshot(library: Library, terminal: Any, cols: int, rows: int) -> bytes:
    """The visible screen and the cursor, without anything else. For the rare states that cannot be encoded."""
    shown = _formatted(library, terminal, cols, rows, binding.FORMAT_VT)
    at = [library.ffi.new("uint16_t *"), library.ffi.new("uint16_t *")]
    library.lib.ghostty_terminal_get(terminal, binding.DATA_CURSOR_X, at[0])
    library.lib.ghostty_terminal_get(terminal, binding.DATA_CURSOR_Y, at[1])
    return shown + b"\x1b[m\x1b[%d;%dH" % (at[1][0] + 1, at[0][0] + 1)


def facts(get: Callable[[int, str], int], cols: int, rows: int) -> ScreenFacts:
    """What single questions tell; the rest is as at the beginning."""
    empty = ScreenFacts(
        cols, rows, 0, 0, False, True, False, "", "", False, 0, 0, False, False, False, 0, False, False, True, False, 0
    )
    return dataclasses.replace(
        empty, x=get(binding.DATA_CURSOR_X, "uint16_t *"), y=get(binding.DATA_CURSOR_Y, "uint16_t *")
    )


def _formatted(library: Library, terminal: Any, cols: int, rows: int, form: int) -> bytes:
    ffi, lib = library.ffi, library.lib
    chosen = ffi.new("Selection *")
    chosen.size = ffi.sizeof("Selection")
    for ref, x, y in ((chosen.start, 0, 0), (chosen.end, cols - 1, rows - 1)):
        ref.size = ffi.sizeof("GridRef")
        point = ffi.new("Point *", (binding.POINT_ACTIVE, 0, x, y, 0))
        if lib.ghostty_terminal_grid_ref(terminal, point[0], ffi.addressof(ref)) != binding.OK:
            return b""
    options = ffi.new("Format *", (ffi.sizeof("Format"), form, False, True, chosen))
    written = ffi.new("size_t *")
    size = cols * rows * 4 + 1
    while True:
        buffer = ffi.new("uint8_t[]", size)
        result = lib.ghostty_terminal_selection_format_buf(terminal, options[0], buffer, size, written)
        if result != binding.OUT_OF_SPACE:
            return bytes(ffi.buffer(buffer, written[0])) if result == binding.OK else b""
        size = max(size * 2, written[0])
