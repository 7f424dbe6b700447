"""A session's screen, by feeding its output to a terminal emulator (libghostty-vt through the pyghostty wheel)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tether.errors import FAILED, TetherError
from tether.wire.events import Created, Event, Output, Resized

# The wheel sets a limit in lines, which makes scrolling output five times slower, and leaves the one in bytes at
# 10,000. Nothing here looks at what has scrolled away.
_SCROLLBACK_BYTES: Final = 2 << 20
_CELLS_MAX: Final = 1000


def screen(events: Sequence[Event], cols: int, rows: int, *, ansi: bool) -> str:
    """What the terminal shows after `events`; `cols` and `rows` are its size before the first of them. With `ansi`
    including colours and styles. TetherError where there is no emulator."""
    emulator, terminal = _make(cols, rows)
    try:
        for event in events:
            if isinstance(event, Output):
                terminal.feed(event.data)
            elif isinstance(event, Created | Resized) and event.cols and event.rows:
                terminal.resize(min(event.cols, _CELLS_MAX), min(event.rows, _CELLS_MAX))
        return _styled(emulator, terminal) if ansi else str(terminal.text())
    finally:
        terminal.close()


def _make(cols: int, rows: int) -> tuple[Any, Any]:
    try:
        import pyghostty
        from pyghostty import core
    except (ImportError, OSError, AssertionError) as error:
        raise TetherError(
            f"There is no terminal emulator on this machine ({error})",
            hint="The pyghostty wheel exists for Linux (x86-64, arm64) and macOS. Use: tether logs, tether attach",
            code="no-emulator",
            status=FAILED,
        ) from None
    terminal = pyghostty.Terminal(min(cols or 80, _CELLS_MAX), min(rows or 24, _CELLS_MAX))
    lib, ffi = core.lib, core.ffi
    lib.ghostty_terminal_set(terminal._t[0], lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_LINES, ffi.NULL)
    size = ffi.new("size_t*", _SCROLLBACK_BYTES)
    lib.ghostty_terminal_set(terminal._t[0], lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_BYTES, size)
    return core, terminal


def _styled(core: Any, terminal: Any) -> str:
    """The visible screen with its styles as escape sequences."""
    cols, rows = terminal.size
    selection = core.init_sized("GhosttySelection")
    selection.start = terminal.ref(0, 0)[0]
    selection.end = terminal.ref(cols - 1, rows - 1)[0]
    options = core.init_sized("GhosttyTerminalSelectionFormatOptions")
    options.emit = core.lib.GHOSTTY_FORMATTER_FORMAT_VT
    options.unwrap, options.trim, options.selection = False, True, selection

    def fill(buffer: Any, size: Any, written: Any) -> Any:
        return core.lib.ghostty_terminal_selection_format_buf(terminal._t[0], options[0], buffer, size, written)

    return str(core.read_buf(fill)) + "\x1b[0m"
