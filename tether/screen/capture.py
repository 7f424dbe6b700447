"""A terminal's state taken out of the library: as much of it as is asked for."""

from __future__ import annotations

import struct
from typing import Any

from tether.screen.binding import OK, Library
from tether.screen.records import Malformed
from tether.screen.state import Capture, Taken, read


class CaptureFailed(RuntimeError):
    """The library could not encode the terminal, or not as expected."""


def capture(library: Library, terminal: Any, history: int) -> Capture:
    """The state with at least the newest `history` lines of scrollback if there are so many.

    CaptureFailed in the rare states that the library cannot encode.
    """
    taken = Taken(history)

    def write(_: object, data: Any, size: int) -> bool:
        return taken.add(library.ffi.buffer(data, size)[:])

    writer = library.ffi.new("Writer *")
    closure = library.ffi.callback("Write", write)
    writer.write = closure
    result = library.lib.ghostty_snapshot_encode(terminal, writer[0])
    if result != OK and not taken.enough:
        raise CaptureFailed(f"encoding failed: {result}")
    try:
        return read(b"".join(taken.chunks), history)
    except (Malformed, struct.error, IndexError, KeyError, ValueError) as error:
        raise CaptureFailed(f"unknown encoding: {error!r}") from error
