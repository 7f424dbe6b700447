"""`Screen`: one emulated terminal."""

from __future__ import annotations

import functools
import re
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tether.screen import answers, binding, fallback, flags, records, softreset, theme
from tether.screen.binding import Library, ScreenUnavailable, library
from tether.screen.capture import CaptureFailed, capture
from tether.screen.cells import plain
from tether.screen.compose import compose
from tether.screen.cutting import CANCEL, SEQUENCE_MAX, Cutter
from tether.screen.facts import HistoryLine, ScreenFacts, facts_of
from tether.screen.records import Row
from tether.screen.rows import Painter
from tether.screen.state import Capture

if TYPE_CHECKING:
    from tether.screen.picture import Picture

CELLS_MAX: Final = 1000
# A limit in lines makes scrolling output five to eight times slower, so the limit is in bytes: some nine a cell.
_BYTES_A_CELL: Final = 9
_SCROLLBACK_MIN: Final = 2 << 20
# What the library keeps of a sequence that has not ended: more than is ever let through to it.
_CONTINUATION_MAX: Final = 2 * SEQUENCE_MAX + (1 << 20)
_APC_MAX: Final = 64 << 10
_CELL_WIDTH: Final = 8
_CELL_HEIGHT: Final = 16
# With this mode on a family of four is one character of two columns; no client of ours has it.
_CLUSTERS_MODE: Final = 2027
_DELETE: Final = b"\x7f"
_KEPT: Final = max(softreset.KEPT, flags.KEPT)
_CLUSTERS_ON: Final = re.compile(rb"2027[\d;:]*h")


def unavailable() -> str:
    """ "" when terminals can be emulated here, else why not, for people."""
    return _checked()[1]


@functools.cache
def _checked() -> tuple[Library | None, str]:
    """The library, if it does what is expected of it; tried once a process."""
    try:
        opened = library()
        terminal = _Handle(opened, 8, 2)
        terminal.write(b"a\x1b[1;31mb\x1b[m\xe4")
        taken = capture(opened, terminal.pointer, 0)
        found = [plain(row) for row in taken.rows[records.PRIMARY]]
        terminal.close()
    except ScreenUnavailable as error:
        return None, error.message
    except CaptureFailed as error:
        return None, ScreenUnavailable(f"libghostty-vt {opened.version}: {error}").message
    if found != ["ab", ""] or taken.continuation != b"\xe4" or taken.screens[0].cursor.x != 2:
        return None, ScreenUnavailable(f"libghostty-vt {opened.version} is not the one that is known").message
    return opened, ""


class _Handle:
    """The native terminal."""

    def __init__(self, opened: Library, cols: int, rows: int) -> None:
        self.ffi, self.lib = opened.ffi, opened.lib
        out = self.ffi.new("void **")
        if self.lib.ghostty_terminal_new(self.ffi.NULL, out, cols, rows) != binding.OK:
            raise MemoryError("no terminal")
        self.pointer = out[0]
        self.close = weakref.finalize(self, self.lib.ghostty_terminal_free, self.pointer)
        self.number(binding.OPT_CONTINUATION_MAX_BYTES, _CONTINUATION_MAX)

    def write(self, data: bytes) -> None:
        self.lib.ghostty_terminal_vt_write(self.pointer, data, len(data))

    def set(self, option: int, value: Any) -> None:
        self.lib.ghostty_terminal_set(self.pointer, option, value)

    def number(self, option: int, value: int) -> None:
        self.set(option, self.ffi.new("size_t *", value))

    def get(self, data: int, kind: str) -> int:
        out = self.ffi.new(kind)
        self.lib.ghostty_terminal_get(self.pointer, data, out)
        return int(out[0])


class Screen:
    """One emulated terminal; not thread-safe, but other threads run while it works. Raises ScreenUnavailable where
    there is no emulator.

    `on_reply` gets what the terminal answers to a program's questions: what every client's terminal could have
    answered, see `tether.screen.answers`.
    """

    def __init__(
        self,
        cols: int,
        rows: int,
        *,
        scrollback_lines: int = 10_000,
        on_reply: Callable[[bytes], None] | None = None,
    ) -> None:
        opened, why = _checked()
        if opened is None:
            raise ScreenUnavailable(why)
        self._library = opened
        self.cols, self.rows = _size(cols, rows)
        self._scrollback_lines = scrollback_lines
        self._handle = handle = _Handle(opened, self.cols, self.rows)
        self._limit_scrollback()
        ffi = opened.ffi
        handle.set(binding.OPT_SCROLLBACK_MAX_LINES, ffi.NULL)
        handle.set(binding.OPT_KITTY_IMAGE_STORAGE_LIMIT, ffi.new("uint64_t *", 0))
        handle.number(binding.OPT_APC_MAX_BYTES, _APC_MAX)
        handle.number(binding.OPT_APC_MAX_BYTES_KITTY, _APC_MAX)
        # Without default colours questions for them would stay without an answer.
        handle.set(binding.OPT_COLOR_FOREGROUND, ffi.new("Rgb *", theme.FOREGROUND))
        handle.set(binding.OPT_COLOR_BACKGROUND, ffi.new("Rgb *", theme.BACKGROUND))
        handle.set(binding.OPT_COLOR_PALETTE, ffi.new("Rgb[256]", theme.palette()))
        self._clusters = ffi.new("Mode *", (_CLUSTERS_MODE, False))
        handle.set(binding.OPT_MODE, self._clusters)
        self._ground = ffi.new("bool *")
        self._cutter = Cutter()
        self._last = b""
        self._on_reply = on_reply
        self._replies: list[bytes] = []
        if on_reply is not None:
            replies = self._replies
            self._reply = ffi.callback("Reply", lambda _t, _u, data, size: replies.append(ffi.buffer(data, size)[:]))
            handle.set(binding.OPT_WRITE_PTY, self._reply)

    def begin(self, cols: int, rows: int, scrollback_lines: int, on_reply: Callable[[bytes], None]) -> None:
        """Be what a new one with these would be: for one that was made ahead, with an `on_reply`, and never fed."""
        self._scrollback_lines, self._on_reply = scrollback_lines, on_reply
        self.resize(cols, rows)
        self._limit_scrollback()

    def feed(self, data: bytes | memoryview) -> None:
        """Show what a program printed. Never raises for what is in it."""
        data = self._cutter.rest(bytes(data))  # copies a view only
        if _DELETE in data:
            data = data.replace(_DELETE, b"")  # terminals ignore it, and the library shows it
        at = 0
        resets = softreset.ends(self._last, data)
        halves = flags.spans(self._last, data)
        stops = self._stops(data)
        if resets or halves or stops:
            for end in sorted({*stops, *resets, *(place for span in halves for place in span)}):
                self._write(data[at:end], together=(at, end) in halves)
                if end in resets:
                    self._soft_reset()
                at = end
        self._last = (self._last + data[-_KEPT:])[-_KEPT:]
        data = data[at:]
        self._write(data)
        if self._cutter.too_long(data, ground=self._at_ground()):
            self._cut()
        if self._replies:
            self._answer()

    def resize(self, cols: int, rows: int) -> None:
        """Change the size; long lines of the primary screen flow anew."""
        cols, rows = _size(cols, rows)
        if (cols, rows) != (self.cols, self.rows):
            self._library.lib.ghostty_terminal_resize(self._handle.pointer, cols, rows, _CELL_WIDTH, _CELL_HEIGHT)
            self.cols, self.rows = cols, rows
            self._limit_scrollback()

    def snapshot(self, history: int = 0) -> bytes:
        """What brings a freshly reset terminal of this size into the same state, with the newest `history` lines of
        scrollback. It ends with the beginning of a sequence that is not finished, so that what follows continues it."""
        try:
            return compose(self._capture(history)) + self._cutter.beginning
        except CaptureFailed:
            return fallback.snapshot(self._library, self._handle.pointer, self._handle.get, self.cols, self.rows)

    def text(self) -> list[str]:
        """The visible rows without the blanks at their ends."""
        shown = fallback.text(self._library, self._handle.pointer, self.cols, self.rows)
        return [line.rstrip() for line in shown.split("\n")]

    def styled(self) -> list[bytes]:
        """The visible rows with their styles, each beginning and ending with none in force."""
        try:
            taken = self._capture(0)
        except CaptureFailed:
            return [line.encode() for line in self.text()]
        return [self._styled(row) for row in taken.rows[taken.active]]

    def picture(self) -> Picture:
        """The visible screen as what has to be drawn."""
        from tether.screen import picture  # few processes draw

        try:
            return picture.picture(self._capture(0))
        except CaptureFailed:
            return picture.plain(self.text(), self.cols)

    def history(self, first: int, count: int) -> list[HistoryLine]:
        """`count` lines of scrollback from the line `first` on, where 0 is the oldest that is kept."""
        size = self.history_size()
        first = max(0, first)
        try:
            taken = self._capture(size - first)
        except CaptureFailed:
            return []
        return [HistoryLine(plain(row), self._styled(row), row.wraps) for row in taken.history[: max(0, count)]]

    def passage(self, first: int) -> str:
        """The scrollback from its line `first` on and then the visible rows, as text; rows that went on in the next one
        are joined. Quick: for who looks through everything."""
        first = first if first < self.history_size() else -1
        return fallback.passage(self._library, self._handle.pointer, first, self.cols, self.rows)

    def history_size(self) -> int:
        """How many lines of scrollback there are."""
        return self._handle.get(binding.DATA_SCROLLBACK_ROWS, "size_t *")

    def facts(self) -> ScreenFacts:
        """Cursor, title, modes."""
        try:
            return facts_of(self._capture(0))
        except CaptureFailed:
            return fallback.facts(self._handle.get, self.cols, self.rows)

    def compress(self) -> None:
        """Make the memory small; for a screen that nobody has fed for a while."""
        result = self._library.ffi.new("int *")
        self._library.lib.ghostty_terminal_compress(self._handle.pointer, binding.COMPRESS_FULL, result)

    def close(self) -> None:
        """Free the native terminal. Nothing else may be called after it."""
        self._handle.close()

    def _capture(self, history: int) -> Capture:
        try:
            return capture(self._library, self._handle.pointer, max(0, history))
        except CaptureFailed:
            if self._at_ground():
                raise
        # What stands in the way is the beginning of something that is no sequence, such as ESC and half a character.
        self._handle.write(CANCEL)
        return capture(self._library, self._handle.pointer, max(0, history))

    def _styled(self, row: Row) -> bytes:
        painter = Painter(self.cols)
        painter.row(row)
        painter.rest()
        return b"".join(painter.out)

    def _limit_scrollback(self) -> None:
        size = max(_SCROLLBACK_MIN, self.cols * _BYTES_A_CELL * self._scrollback_lines)
        self._handle.number(binding.OPT_SCROLLBACK_MAX_BYTES, size)

    def _at_ground(self) -> bool:
        self._library.lib.ghostty_terminal_get(self._handle.pointer, binding.DATA_VT_GROUND, self._ground)
        return bool(self._ground[0])

    def _cut(self) -> None:
        """Leave a sequence that is too long."""
        try:
            self._cutter.cut(self._capture(0).continuation)
        except CaptureFailed:
            self._cutter.cut(b"")
        self._handle.write(CANCEL)

    def _stops(self, data: bytes) -> list[int]:
        """Where in `data` grapheme clusters may have been turned on: there, or by the end of what began before it."""
        begun = [] if self._ground[0] else [data.find(b"h") + 1]
        if b"?" not in data or b"2027" not in data:  # one character is found much faster than four
            return begun
        return begun + [found.end() for found in _CLUSTERS_ON.finditer(data)]

    def _soft_reset(self) -> None:
        x, y = (self._handle.get(which, "uint16_t *") for which in (binding.DATA_CURSOR_X, binding.DATA_CURSOR_Y))
        self._handle.write(softreset.instead(x, y))

    def _write(self, data: bytes, *, together: bool = False) -> None:
        """Show a piece. `together`: what belongs together is one character."""
        if together:
            self._clusters.value = True
            self._handle.set(binding.OPT_MODE, self._clusters)
        self._handle.write(data)
        self._no_clusters()

    def _no_clusters(self) -> None:
        self._library.lib.ghostty_terminal_get(self._handle.pointer, binding.DATA_MODE, self._clusters)
        if self._clusters.value:
            self._clusters.value = False
            self._handle.set(binding.OPT_MODE, self._clusters)

    def _answer(self) -> None:
        replies = self._replies[:]
        self._replies.clear()
        if self._on_reply is not None:
            for reply in replies:
                allowed = answers.permitted(reply)
                if allowed:
                    self._on_reply(allowed)


def _size(cols: int, rows: int) -> tuple[int, int]:
    return min(max(cols, 1), CELLS_MAX), min(max(rows, 1), CELLS_MAX)
