"""The user's terminal in raw mode, and its way back on every way out, `kill -9` of this process included.

A guardian process, forked before anything is changed, waits on a pipe. When the pipe ends without a word of farewell
it restores the terminal itself. It learns which modes are on from one line per change.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import termios
import tty
from typing import Any, Final

from tether.clock import monotonic

_CLEAN: Final = b"clean"
_DRAIN_S: Final = 1.0


class Terminal:
    """The terminal on stdin. Make it before any thread or bus exists (it forks); `enter` and `leave` come in pairs."""

    def __init__(self, fd: int = 0) -> None:
        self.fd = fd
        self._before = termios.tcgetattr(fd)
        self._raw = False
        self._pipe = self._fork_guardian()

    def size(self) -> tuple[int, int]:
        """Columns and rows; 80 by 24 for a terminal that does not know."""
        return window_size(self.fd)

    def enter(self) -> None:
        """Raw mode: every byte as it comes, none interpreted."""
        self._tell(b"")
        self._raw = True
        raw: list[Any] = termios.tcgetattr(self.fd)
        raw[tty.IFLAG] &= ~(
            termios.BRKINT
            | termios.ICRNL
            | termios.INPCK
            | termios.ISTRIP
            | termios.IXON
            | termios.INLCR
            | termios.IGNCR
        )
        raw[tty.OFLAG] &= ~termios.OPOST
        raw[tty.CFLAG] = (raw[tty.CFLAG] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
        raw[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[tty.CC][termios.VMIN], raw[tty.CC][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSANOW, raw)

    def again(self) -> None:
        """Raw mode once more: a shell may have changed the terminal while this process was stopped."""
        if self._raw:
            self.enter()

    def note_modes(self, restore: bytes) -> None:
        """Tell the guardian what undoes the modes that are on now."""
        self._tell(restore)

    def leave(self, restore: bytes) -> None:
        """Write `restore` and put the terminal's settings back. Idempotent. What was typed ahead is dropped: meant for
        the agent, it must not become commands for the shell."""
        if self._raw:
            self._raw = False
            _write_some(self.fd, restore)
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self.fd, termios.TCIFLUSH)
                termios.tcsetattr(self.fd, termios.TCSANOW, self._before)
        self.dismiss()

    def dismiss(self) -> None:
        """Let the guardian go. Idempotent."""
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                os.write(self._pipe, _CLEAN + b"\n")
            os.close(self._pipe)
            self._pipe = -1

    def _tell(self, restore: bytes) -> None:
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                os.write(self._pipe, b"modes " + restore.hex().encode() + b"\n")

    def _fork_guardian(self) -> int:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                # Twice, so that nobody has to collect it.
                if os.fork() == 0:
                    _guard(self.fd, read_end, self._before)
            finally:
                os._exit(0)
        os.close(read_end)
        os.waitpid(pid, 0)
        return write_end


def window_size(fd: int) -> tuple[int, int]:
    """Columns and rows of the terminal `fd`; 80 by 24 when it is none or does not know."""
    import fcntl

    try:
        rows, cols, _, _ = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return 80, 24
    return (cols, rows) if cols and rows else (80, 24)


def _guard(terminal: int, pipe: int, before: Any) -> None:
    """The guardian's life. Never returns into the program above it."""
    # Its own process session: what ends the command's whole group does not end it. Its parent has a copy of nothing
    # that it needs, and it needs nothing but two descriptors.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    keep = os.dup2(terminal, 100, inheritable=False)
    source = os.dup2(pipe, 101, inheritable=False)
    os.closerange(0, 100)
    os.closerange(102, 1024)
    restore: bytes | None = None
    told = b""
    while chunk := os.read(source, 4096):
        told += chunk
        *lines, told = told.split(b"\n")
        for line in lines:
            if line == _CLEAN:
                return
            restore = bytes.fromhex(line.removeprefix(b"modes ").decode())
    if restore is not None:
        _write_some(keep, restore + b"\r\n")
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(keep, termios.TCIFLUSH)
            termios.tcsetattr(keep, termios.TCSANOW, before)


def _write_some(fd: int, data: bytes) -> None:
    """Write `data`, or as much of it as the terminal takes within a second: one that hangs must not hang us."""
    deadline = monotonic() + _DRAIN_S
    with contextlib.suppress(OSError):
        while data and (left := deadline - monotonic()) > 0:
            if select.select([], [fd], [], left)[1]:
                data = data[os.write(fd, data[:256]) :]
