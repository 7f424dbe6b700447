"""Where a session is shown: the user's terminal, or whatever stdout is. Never waits, never grows without bound."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable
from typing import Final

from tether.clock import monotonic
from tether.errors import printable
from tether.modes import Modes

FULL_BYTES: Final = 256 * 1024
LOW_BYTES: Final = 64 * 1024
# What may be written at once to something that might make us wait: every pipe that is ready takes this much.
_SAFE_WRITE: Final = 4096
_WRITE_MAX: Final = 64 * 1024
_NOTICE_S: Final = 2.0


class Display:
    """Takes bytes in order; what the terminal does not take yet is kept. OSError when it is gone.

    `on_modes` is told what undoes the modes of the terminal, before the bytes that change them go out.
    """

    def __init__(self, fd: int, *, terminal: bool, on_modes: Callable[[bytes], None] | None = None) -> None:
        self.modes = Modes()
        self._on_modes = on_modes
        self._buffer = bytearray()
        self._notice = ""
        self._noticed_at = 0.0
        self._delayed = b""
        self._terminal = terminal
        self._own = -1
        if terminal:
            # An opening of our own: not to block must not be forced on the shell, which shares the other one.
            with contextlib.suppress(OSError):
                self._own = os.open(os.ttyname(fd), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.fd = self._own if self._own >= 0 else fd
        self._write_max = _WRITE_MAX if self._own >= 0 else _SAFE_WRITE

    @property
    def full(self) -> bool:
        """True when no more should be given."""
        return len(self._buffer) > FULL_BYTES

    @property
    def low(self) -> bool:
        """True when more may be given again."""
        return len(self._buffer) <= LOW_BYTES

    @property
    def waiting(self) -> bool:
        """True when something is to be written as soon as the terminal takes it."""
        return bool(self._buffer)

    @property
    def lendable(self) -> bool:
        """True when the worker may have the terminal: it is an opening of our own, and no notice waits for a pause."""
        return self._own >= 0 and not self._delayed

    @property
    def unshown(self) -> bytes:
        """What the terminal has not taken yet."""
        return bytes(self._buffer)

    def lend(self) -> None:
        """The terminal and what it has not taken are another's now."""
        self._buffer.clear()

    def back(self, unshown: bytes, modes: bytes) -> None:
        """The terminal is ours again. `unshown` comes next; it is in `modes` already, which are empty when unknown."""
        self._buffer[:0] = unshown
        if modes:
            self.modes_are(modes)
        if self._on_modes is not None:
            self._on_modes(self.modes.restore())

    def modes_are(self, told: bytes) -> None:
        """Another wrote to the terminal: what is switched on now (see Modes.told)."""
        self.modes = Modes()
        self.modes.feed(told)
        self.modes.changed = False

    def write(self, data: bytes) -> None:
        """Show `data`: at once as far as possible, the rest in `flush`."""
        if self._terminal:
            self.modes.feed(data)
            if self.modes.changed and self._on_modes is not None:
                self.modes.changed = False
                self._on_modes(self.modes.restore())
        if not self._buffer and self._own >= 0:
            try:
                written = os.write(self.fd, data)
            except BlockingIOError:
                written = 0
            if written < len(data):
                self._buffer += data[written:]
        else:
            self._buffer += data
        if self._delayed and self.modes.at_rest:
            delayed, self._delayed = self._delayed, b""
            self.write(delayed)

    def flush(self) -> None:
        """Write on, when the terminal is ready."""
        while self._buffer and (self._own >= 0 or select.select([], [self.fd], [], 0)[1]):
            try:
                written = os.write(self.fd, memoryview(self._buffer)[: self._write_max])
            except BlockingIOError:
                return
            del self._buffer[:written]

    def finish(self, limit_s: float) -> None:
        """Write what is left, for at most `limit_s` seconds."""
        deadline = monotonic() + limit_s
        with contextlib.suppress(OSError):
            while self._buffer and (left := deadline - monotonic()) > 0:
                select.select([], [self.fd], [], left)
                self.flush()

    def notice(self, text: str, *, bell: bool = False, now: float = 0.0) -> None:
        """Say something in the terminal's title, with a bell if asked: never in the midst of what the agent writes,
        and at most every two seconds."""
        if not self._terminal or (text == self._notice and now - self._noticed_at < _NOTICE_S):
            return
        self._notice, self._noticed_at = text, now
        shown = b"\x1b]2;" + printable(text).encode() + b"\x07" + (b"\x07" if bell else b"")
        if self.modes.at_rest:
            self.write(shown)
        else:
            self._delayed = shown

    def close(self) -> None:
        if self._own >= 0:
            os.close(self._own)
            self._own = -1
