"""libghostty-vt, found and opened.

The library comes with the wheel `pyghostty`, of which nothing else is used: its own binding takes 130 ms to import and
loses scrollback. TETHER_GHOSTTY_LIBRARY names another build of it.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from pathlib import Path
from typing import Any, Final

from tether.errors import FAILED, TetherError

# Values of the library's enumerations; new ones are only ever appended.
OK: Final = 0
OUT_OF_SPACE: Final = -3
BUILD_VERSION: Final = 5
OPT_USERDATA: Final = 0
OPT_WRITE_PTY: Final = 1
OPT_COLOR_FOREGROUND: Final = 11
OPT_COLOR_BACKGROUND: Final = 12
OPT_COLOR_PALETTE: Final = 14
OPT_KITTY_IMAGE_STORAGE_LIMIT: Final = 15
OPT_APC_MAX_BYTES: Final = 19
OPT_APC_MAX_BYTES_KITTY: Final = 20
OPT_SCROLLBACK_MAX_BYTES: Final = 27
OPT_SCROLLBACK_MAX_LINES: Final = 28
OPT_CONTINUATION_MAX_BYTES: Final = 31
OPT_MODE: Final = 34
DATA_CURSOR_X: Final = 3
DATA_CURSOR_Y: Final = 4
DATA_ACTIVE_SCREEN: Final = 6
DATA_SCROLLBACK_ROWS: Final = 15
DATA_MODE: Final = 37
DATA_VT_GROUND: Final = 38
COMPRESS_FULL: Final = 1
POINT_ACTIVE: Final = 0
POINT_HISTORY: Final = 3
FORMAT_PLAIN: Final = 0
FORMAT_VT: Final = 1

# The version whose binary state is read here (tether/screen/records.py). It has no promise of its own, so the probe
# in terminal.py looks at what it says, too.
_VERSION: Final = "0.1.0"
_SUFFIXES: Final = (".so", ".dylib")


class ScreenUnavailable(TetherError):
    """There is no terminal emulator on this machine; the message says why."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"There is no terminal emulator on this machine ({why})",
            hint="The pyghostty wheel exists for Linux (x86-64, arm64) and macOS. Use: tether logs, tether attach",
            code="no-emulator",
            status=FAILED,
        )


class Library:
    """The opened library: `lib` its functions, `ffi` what makes their arguments."""

    def __init__(self, ffi: Any, path: str) -> None:
        self.ffi = ffi
        self.lib = ffi.dlopen(path)
        version = ffi.new("String *")
        try:
            found = self.lib.ghostty_build_info(BUILD_VERSION, version)
        except ffi.error as error:
            raise OSError(str(error)) from None
        if found != OK:
            raise OSError(f"{path} says no version")
        self.version = str(ffi.buffer(version.ptr, version.len)[:], "ascii", "replace")
        if self.version.partition("-")[0].partition("+")[0] != _VERSION:
            raise OSError(f"{path} is version {self.version}, not {_VERSION}")


@functools.cache
def library() -> Library:
    """The library, opened once a process. ScreenUnavailable when there is none."""
    try:
        from tether.screen._ghostty import ffi

        return Library(ffi, _path())
    except (ImportError, OSError, AttributeError) as error:
        raise ScreenUnavailable(str(error)) from None


def _path() -> str:
    named = os.environ.get("TETHER_GHOSTTY_LIBRARY")
    if named:
        return named
    found = importlib.util.find_spec("pyghostty")  # does not import it
    for directory in (found.submodule_search_locations if found is not None else None) or ():
        for suffix in _SUFFIXES:
            path = Path(directory) / "_lib" / f"libghostty-vt{suffix}"
            if path.exists():
                return str(path)
    raise OSError("the wheel pyghostty is not installed")
