"""The emulator's whole state, read from its binary form. Pure.

libghostty-vt encodes a terminal as records (tag, length, checksum, content), little-endian: TERMINAL, then for each
screen SCREEN and the PAGEs that its visible rows are on, oldest first, CONTINUATION, READY, then for each screen
HISTORY and its older PAGEs, newest first. It is one call for what would take thousands through the other functions, and
it holds what those do not tell: saved cursors, margins, tab stops, the screen that is hidden. The format is not
promised to stay, so it is read in the process that made it and never kept.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

TERMINAL: Final = 1
SCREEN: Final = 2
PAGE: Final = 3
HISTORY: Final = 4
READY: Final = 5
FINISH: Final = 6
CONTINUATION: Final = 7
MAGIC: Final = b"GHOSTSNP\x01\x00"
RECORD: Final = struct.Struct("<HII")
PRIMARY: Final = 0
ALTERNATE: Final = 1

_TERMINAL: Final = struct.Struct("<HHIIHHHHBHHIBBBBBBBBBBQQQ8s8s8sQQ")
_SCREEN: Final = struct.Struct("<HHQHHBB16sIHBB8sBBB")
_SAVED: Final = struct.Struct("<HH16sBH")
_PAGE: Final = struct.Struct("<HHHHHHII")
_NO_CHARACTER: Final = 0xFFFFFFFF


class Malformed(ValueError):
    """The library's format is not the one that is read here."""


class Cursor(msgspec.Struct):
    """A cursor, or a saved one: where it is and with what it writes. `pen` is an encoded style."""

    x: int
    y: int
    pen: bytes
    wrap_pending: bool
    protected: bool
    origin: bool
    charset: int
    """G0 to G3 in two bits each, then GL, GR, and in three bits the set that holds for one character."""


class Terminal(msgspec.Struct):
    """What both screens have in common."""

    cols: int
    rows: int
    top: int
    bottom: int
    left: int
    right: int
    alternate: bool
    last_character: int
    """The code point last printed, -1 for none."""
    default_cursor: bool
    modify_other_keys: bool
    mouse: int
    mouse_format: int
    modes: int
    default_modes: int
    background: bytes | None
    foreground: bytes | None
    cursor_colour: bytes | None
    tabs: list[int]
    palette: dict[int, bytes]
    pwd: bytes
    title: bytes


class Screen(msgspec.Struct):
    """One screen's own state."""

    key: int
    history: int
    cursor: Cursor
    saved: Cursor | None
    cursor_style: int
    kitty: bytes
    """The stack of keyboard flags, the one in force last."""
    link: tuple[bytes, bytes] | None
    """The hyperlink that is being written: its id and its address."""


class Row(msgspec.Struct):
    """One row. `cells` holds what is left of the last cell that is not empty, `width` bytes each."""

    page: Page
    width: int
    cells: memoryview
    wraps: bool
    graphemes: dict[int, str]
    """What follows the first character of a cell, by its column."""


class Page(msgspec.Struct):
    """What the rows of a page refer to."""

    cols: int
    styles: dict[int, bytes]
    links: dict[int, tuple[bytes, bytes]]
    looks: dict[int, Any]
    """What was found out about its cells' looks, see `tether.screen.cells`."""


def terminal(data: memoryview) -> Terminal:
    """Read a TERMINAL record's content."""
    head = _TERMINAL.unpack_from(data)
    cols, rows, _, _, top, bottom, left, right, _, active, _, last = head[:12]
    at = _TERMINAL.size
    tabs = [col for col in range(cols) if data[at + col // 8] >> (col % 8) & 1]
    at += (cols + 7) // 8 + 3 * 256
    mask = int.from_bytes(data[at : at + 32], "little")
    at += 32
    palette = {}
    for index in range(256):
        if mask >> index & 1:
            palette[index] = bytes(data[at : at + 3])
            at += 3
    pwd, at = _sized(data, at)
    title, at = _sized(data, at)
    if at != len(data):
        raise Malformed("TERMINAL")
    return Terminal(
        cols, rows, top, bottom, left, right, active == ALTERNATE, -1 if last == _NO_CHARACTER else last,
        bool(head[12]), bool(head[16]), head[17], head[18], head[22], head[24],
        _override(head[25]), _override(head[26]), _override(head[27]), tabs, palette, pwd, title,
    )  # fmt: skip


def screen(data: memoryview) -> Screen:
    """Read a SCREEN record's content."""
    (key, _, history, x, y, style, flags, pen, _, charset, _, index, kitty, _, _, saved) = _SCREEN.unpack_from(data)
    at = _SCREEN.size
    kept = None
    if saved:
        sx, sy, spen, sflags, scharset = _SAVED.unpack_from(data, at)
        kept = Cursor(sx, sy, spen, bool(sflags & 2), bool(sflags & 1), bool(sflags & 4), scharset)
        at += _SAVED.size
    link, at = _link(data, at)
    if at != len(data) or index > 7:
        raise Malformed("SCREEN")
    cursor = Cursor(x, y, pen, bool(flags & 1), bool(flags & 2), False, charset)
    return Screen(key, history, cursor, kept, style, kitty[: index + 1], link)


def page(data: memoryview) -> list[Row]:
    """Read a PAGE record's content: its rows, oldest first."""
    cols, count, styles, links, _, _, _, _ = _PAGE.unpack_from(data)
    at = _PAGE.size
    made = Page(cols, {}, {}, {})
    for _ in range(styles):
        made.styles[int.from_bytes(data[at : at + 2], "little")] = bytes(data[at + 2 : at + 18])
        at += 18
    for _ in range(links):
        number = int.from_bytes(data[at : at + 2], "little")
        link, at = _link(data, at + 2)
        made.links[number] = link or (b"", b"")
    rows = []
    for _ in range(count):
        flags = data[at]
        width = 1 << (flags >> 4 & 3)
        end = at + 3 + width * int.from_bytes(data[at + 1 : at + 3], "little")
        rows.append(Row(made, width, data[at + 3 : end], bool(flags & 1), {}))
        at = end
    clusters = int.from_bytes(data[at : at + 4], "little")
    at += 4
    for _ in range(clusters):
        y, x, size = struct.unpack_from("<HHH", data, at)
        rows[y].graphemes[x] = str(data[at + 6 : at + 6 + 4 * size], "utf-32-le")
        at += 6 + 4 * size
    if at != len(data):
        raise Malformed("PAGE")
    return rows


def page_rows(data: memoryview) -> int:
    """How many rows a PAGE record's content holds."""
    return int.from_bytes(data[2:4], "little")


def _sized(data: memoryview, at: int) -> tuple[bytes, int]:
    start = at + 4
    end = start + int.from_bytes(data[at:start], "little")
    return bytes(data[start:end]), end


def _override(colour: bytes) -> bytes | None:
    """The colour that a program has set, if it has."""
    return colour[5:8] if colour[4] else None


def _link(data: memoryview, at: int) -> tuple[tuple[bytes, bytes] | None, int]:
    kind = data[at]
    if kind == 0:
        return None, at + 1
    if kind == 1:
        uri, end = _sized(data, at + 5)
        return (b"", uri), end
    name, at = _sized(data, at + 1)
    uri, end = _sized(data, at)
    return (name, uri), end
