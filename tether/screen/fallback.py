"""What the library's own formatter tells: plain text, and a screen when the state cannot be encoded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether.screen import binding
from tether.screen.binding import Library
from tether.screen.facts import ScreenFacts

_PALETTE: Final = re.compile(rb"\x1b\]4;[^\x1b]*\x1b\\")


def text(library: Library, terminal: Any, cols: int, rows: int) -> str:
    """The visible rows as text, a line each."""
    shown = _formatted(library, terminal, cols, rows, binding.FORMAT_PLAIN).decode("utf-8", "replace")
    return shown + "\n" * (rows - 1 - shown.count("\n"))


def passage(library: Library, terminal: Any, first: int, cols: int, rows: int) -> str:
    """The scrollback from its line `first` on, then the visible rows; rows that went on in the next are joined."""
    begin = (binding.POINT_HISTORY, first) if first >= 0 else (binding.POINT_ACTIVE, 0)
    return _formatted(library, terminal, cols, rows, binding.FORMAT_PLAIN, begin, unwrap=True).decode(
        "utf-8", "replace"
    )


def snapshot(library: Library, terminal: Any, get: Callable[[int, str], int], cols: int, rows: int) -> bytes:
    """The visible screen and the cursor, without anything else. For the rare states that cannot be encoded."""
    shown = _PALETTE.sub(b"", _formatted(library, terminal, cols, rows, binding.FORMAT_VT))
    x, y = get(binding.DATA_CURSOR_X, "uint16_t *"), get(binding.DATA_CURSOR_Y, "uint16_t *")
    alternate = b"\x1b[?1049h\x1b[H" if get(binding.DATA_ACTIVE_SCREEN, "int *") else b""
    return alternate + shown + b"\x1b[m\x1b[%d;%dH" % (y + 1, x + 1)


def facts(get: Callable[[int, str], int], cols: int, rows: int) -> ScreenFacts:
    """What single questions tell; the rest is as at the beginning."""
    empty = ScreenFacts(
        cols, rows, 0, 0, False, True, False, "", "", False, 0, 0, False, False, False, 0, False, False, True, False, 0
    )
    return msgspec.structs.replace(
        empty, x=get(binding.DATA_CURSOR_X, "uint16_t *"), y=get(binding.DATA_CURSOR_Y, "uint16_t *")
    )


def _formatted(
    library: Library,
    terminal: Any,
    cols: int,
    rows: int,
    form: int,
    begin: tuple[int, int] = (binding.POINT_ACTIVE, 0),
    *,
    unwrap: bool = False,
) -> bytes:
    ffi, lib = library.ffi, library.lib
    chosen = ffi.new("Selection *")
    chosen.size = ffi.sizeof("Selection")
    ends = ((chosen.start, begin[0], 0, begin[1]), (chosen.end, binding.POINT_ACTIVE, cols - 1, rows - 1))
    for ref, tag, x, y in ends:
        ref.size = ffi.sizeof("GridRef")
        point = ffi.new("Point *", (tag, 0, x, y, 0))
        if lib.ghostty_terminal_grid_ref(terminal, point[0], ffi.addressof(ref)) != binding.OK:
            return b""
    options = ffi.new("Format *", (ffi.sizeof("Format"), form, unwrap, True, chosen))
    written = ffi.new("size_t *")
    size = cols * rows * 4 + 1
    while True:
        buffer = ffi.new("uint8_t[]", size)
        result = lib.ghostty_terminal_selection_format_buf(terminal, options[0], buffer, size, written)
        if result != binding.OUT_OF_SPACE:
            return bytes(ffi.buffer(buffer, written[0])) if result == binding.OK else b""
        size = max(size * 2, written[0])
