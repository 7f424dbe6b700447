"""The agent's terminal: its size, reading and writing. The only ptyprocess in the tree.

ptyprocess adopts the descriptor and the process; its own `spawn` is not used, because its child
inherits ignored signals, gets argv[0] forced to the path (no login shell), and keeps no slave open.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import sys
import termios

from ptyprocess import PtyProcess

# What Linux's terminal driver keeps of a line in canonical mode; the rest of a longer one is dropped.
LINE_BYTES_MAX = 4095
_TIOCGSID = 0x5429 if sys.platform.startswith("linux") else 0x40047463


# A read of less has taken all there was. The kernel gives 4095 bytes at a time.
_SHORT_READ = 2048


def read_into(fd: int, place: memoryview) -> int:
    """Read what the terminal `fd` has into `place`, without gaps, until that is full or a read leaves nothing behind:
    the size of it all, 0 when there is nothing now, -1 when there will be nothing."""
    total = 0
    while total < len(place):
        try:
            size = os.readv(fd, [place[total:] if total else place])
        except BlockingIOError:
            break
        except OSError as error:
            # EIO: every slave is closed and everything was read.
            return total or (-1 if error.errno in (errno.EIO, errno.EBADF) else 0)
        total += size
        if size < _SHORT_READ:
            break
    return total


class AgentTerminal(PtyProcess):  # type: ignore[misc]
    """The master side, adopted. `slave` stays open until the output is drained: macOS drops unread output with it."""

    def __init__(self, pid: int, master: int, slave: int) -> None:
        # Not the base's own: it makes file objects with buffers, of which nothing is used here.
        self.pid, self.fd, self.slave = pid, master, slave

    def __del__(self) -> None:
        # ptyprocess kills the child here; a worker that ends must never take its agent along.
        pass

    def read_into(self, place: memoryview) -> int:
        """Read what is there into `place`: its size, 0 when there is nothing now, -1 when there will be nothing."""
        return read_into(self.fd, place)

    def write_some(self, data: memoryview) -> int:
        """Write as much as the terminal takes now; 0 when it is full."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)  # hung up: nobody will ever read it

    def resize(self, cols: int, rows: int) -> None:
        """Set the size; the kernel tells the foreground group only when it changes."""
        with contextlib.suppress(OSError):
            self.setwinsize(rows, cols)

    def gathers_lines(self) -> bool:
        """True while the terminal driver edits lines itself (canonical mode), and keeps `LINE_BYTES_MAX` of one."""
        try:
            return bool(termios.tcgetattr(self.slave)[3] & termios.ICANON)
        except termios.error:
            return False

    def foreground_group(self) -> int:
        """The foreground process group, 0 when there is none."""
        try:
            return os.tcgetpgrp(self.fd)
        except OSError:
            return 0

    def session_leader(self) -> int:
        """The process that leads the terminal's session, 0 when there is none: an agent started by a dead worker."""
        try:
            return int(struct.unpack("i", fcntl.ioctl(self.fd, _TIOCGSID, b"\0\0\0\0"))[0])
        except OSError:
            return 0

    def close_all(self) -> None:
        """Close both sides."""
        for fd in (self.fd, self.slave):
            with contextlib.suppress(OSError):
                os.close(fd)
