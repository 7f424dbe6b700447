"""A terminal's state, put together from its records. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tether.screen import records
from tether.screen.records import Malformed, Row, Screen, Terminal


class Capture(msgspec.Struct):
    """A terminal at one moment. `rows` and `screens` are by the screen's key; `history` is the primary screen's."""

    terminal: Terminal
    screens: dict[int, Screen] = msgspec.field(default_factory=dict)
    rows: dict[int, list[Row]] = msgspec.field(default_factory=dict)
    history: list[Row] = msgspec.field(default_factory=list)
    continuation: bytes = b""

    @property
    def active(self) -> int:
        """The key of the screen that is shown."""
        return records.ALTERNATE if self.terminal.alternate else records.PRIMARY


class Taken:
    """Chunks of the encoding until there is enough of it: the scrollback comes last and newest first."""

    def __init__(self, history: int) -> None:
        self.chunks: list[bytes] = []
        self.enough = False
        self._missing = history
        self._pending = b""
        self._after_ready = False
        self._primary = 0  # rows of the primary screen's pages that came before READY

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; False when nothing more is needed."""
        self.chunks.append(chunk)
        self._pending += chunk
        at = len(records.MAGIC) if len(self.chunks) == 1 else 0
        while len(self._pending) - at >= records.RECORD.size:
            tag, size, _ = records.RECORD.unpack_from(self._pending, at)
            end = at + records.RECORD.size + size
            if end > len(self._pending):
                break
            self._see(tag, memoryview(self._pending)[at + records.RECORD.size : end])
            at = end
        self._pending = self._pending[at:]
        return not self.enough

    def _see(self, tag: int, content: memoryview) -> None:
        if tag == records.READY:
            self._after_ready = True
            self.enough = self._missing <= 0
        elif tag == records.PAGE and self._after_ready:
            self._missing -= records.page_rows(content)
            self.enough = self._missing <= 0


def read(data: bytes, history: int) -> Capture:
    """The state that an encoding holds, with the newest `history` lines. Malformed when it is not as expected."""
    if not data.startswith(records.MAGIC):
        raise Malformed("the beginning")
    parts = list(_parts(memoryview(data)))
    tags = [tag for tag, _ in parts]
    if not parts or tags[0] != records.TERMINAL or records.READY not in tags:
        raise Malformed("cut short")
    ready = tags.index(records.READY)
    made = Capture(records.terminal(parts[0][1]))
    rows: list[Row] = []
    for tag, content in parts[1:ready]:
        if tag == records.SCREEN:
            found = records.screen(content)
            made.screens[found.key] = found
            rows = made.rows[found.key] = []
        elif tag == records.PAGE:
            rows += records.page(content)
        elif tag == records.CONTINUATION:
            made.continuation = bytes(content)
    if made.active not in made.screens or records.PRIMARY not in made.screens:
        raise Malformed("a screen is missing")
    _divide(made, _older(parts[ready + 1 :]), history)
    return made


def _parts(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The whole records of an encoding: tag and content."""
    at = len(records.MAGIC)
    while at + records.RECORD.size <= len(data):
        tag, size, _ = records.RECORD.unpack_from(data, at)
        at += records.RECORD.size + size
        if at > len(data):
            return
        yield tag, data[at - size : at]


def _older(parts: list[tuple[int, memoryview]]) -> list[Row]:
    """The primary screen's scrollback on pages of its own, oldest first."""
    key = -1
    pages: list[list[Row]] = []
    for tag, content in parts:
        if tag == records.HISTORY:
            key = int.from_bytes(content[:2], "little")
        elif tag == records.PAGE and key == records.PRIMARY:
            pages.append(records.page(content))
    return [row for page in reversed(pages) for row in page]


def _divide(made: Capture, older: list[Row], history: int) -> None:
    """Tell the visible rows from the scrollback that is on the same pages."""
    height = made.terminal.rows
    for key, rows in made.rows.items():
        if len(rows) < height:
            raise Malformed("too few rows")
        if key == records.PRIMARY:
            before = older + rows[:-height]
            made.history = before[max(0, len(before) - history) :]
        made.rows[key] = rows[-height:]
