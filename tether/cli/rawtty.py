"""The user's terminal in raw mode, and its way back on every way out, `kill -9` of this process included.

A guardian process, forked before anything is changed, waits on a pipe. When the pipe ends without a word of farewell
it restores the terminal itself. It learns which modes are on from one line per change. A second pipe goes to the worker
along with the terminal: while that is open, the worker may still be writing.
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
from tether.modes import guardian_line

_CLEAN: Final = b"clean"
_DRAIN_S: Final = 1.0
_WORKER_S: Final = 1.0


class Terminal:
    """The terminal on stdin. Make it before any thread or bus exists (it forks); `enter` and `leave` come in pairs."""

    def __init__(self, fd: int = 0) -> None:
        self.fd = fd
        self._before = termios.tcgetattr(fd)
        self._raw = False
        self._pipe, self.loan_pipe = self._fork_guardian()

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
            os.close(self.loan_pipe)
            self._pipe = self.loan_pipe = -1

    def _tell(self, restore: bytes) -> None:
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                os.write(self._pipe, guardian_line(restore, monotonic()))

    def _fork_guardian(self) -> tuple[int, int]:
        read_end, write_end = os.pipe()
        loan_read, loan_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                # Twice, so that nobody has to collect it.
                if os.fork() == 0:
                    _guard(self.fd, read_end, loan_read, self._before)
            finally:
                os._exit(0)
        os.close(read_end)
        os.close(loan_read)
        os.waitpid(pid, 0)
        return write_end, loan_write


def window_size(fd: int) -> tuple[int, int]:
    """Columns and rows of the terminal `fd`; 80 by 24 when it is none or does not know."""
    import fcntl

    try:
        rows, cols, _, _ = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return 80, 24
    return (cols, rows) if cols and rows else (80, 24)


def _guard(terminal: int, pipe: int, loan_pipe: int, before: Any) -> None:
    """The guardian's life. Never returns into the program above it."""
    # Its own process session: what ends the command's whole group does not end it. Its parent has a copy of nothing
    # that it needs, and it needs nothing but three descriptors.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    keep, source, loan = 100, 101, 102
    for fd, place in ((terminal, keep), (pipe, source), (loan_pipe, loan)):
        os.dup2(fd, place, inheritable=False)
    os.closerange(0, keep)
    os.closerange(loan + 1, 1024)
    restore = _restore_at_end(source, loan)
    if restore is not None:
        _write_some(keep, restore + b"\r\n")
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(keep, termios.TCIFLUSH)
            termios.tcsetattr(keep, termios.TCSANOW, before)


def _restore_at_end(source: int, loan: int) -> bytes | None:
    """Wait for the command's end, and then, a moment, for the worker's that may have the terminal: what restores it.
    None when nothing is to be restored."""
    restore: bytes | None = None
    newest = -1
    told = {source: b"", loan: b""}
    deadline: float | None = None
    while told and (deadline is None or deadline > monotonic()):
        wait = None if deadline is None else deadline - monotonic()
        for fd in select.select(list(told), [], [], wait)[0]:
            chunk = os.read(fd, 4096)
            if not chunk:
                del told[fd]
                if fd == source:
                    deadline = monotonic() + _WORKER_S
                continue
            *lines, told[fd] = (told[fd] + chunk).split(b"\n")
            for line in lines:
                if line == _CLEAN:
                    return None
                at, _, undo = line.removeprefix(b"modes ").partition(b" ")
                if int(at) > newest:
                    newest, restore = int(at), bytes.fromhex(undo.decode())
    return restore


def _write_some(fd: int, data: bytes) -> None:
    """Write `data`, or as much of it as the terminal takes within a second: one that hangs must not hang us."""
    deadline = monotonic() + _DRAIN_S
    with contextlib.suppress(OSError):
        while data and (left := deadline - monotonic()) > 0:
            if select.select([], [fd], [], left)[1]:
                data = data[os.write(fd, data[:256]) :]
