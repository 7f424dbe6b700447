"""A program in a terminal, typed at by a script, and everything that it prints."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.screen.oracle import Op
from tether.screen import Screen

_QUIET_S = 0.25
_DEADLINE_S = 60.0
_ANIMATION_S = 2.5

Step = bytes | tuple[str, str] | tuple[int, int]
"""Keys to type, ("wait", pattern to be on the screen), or a new size."""


class Recorder:
    """One run. Questions are answered by our own model, as in a session."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, cols: int, rows: int) -> None:
        self.ops: list[Op] = []
        self._screen = Screen(cols, rows, on_reply=self._type)
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.execvpe(argv[0], list(argv), dict(env))  # noqa: S606
        self._size(cols, rows)

    def run(self, steps: Sequence[Step]) -> list[Op]:
        """Do the steps, each when the program has fallen silent; the output with the resizes in it."""
        self._settle()
        for step in steps:
            if isinstance(step, bytes):
                self._type(step)
                self._settle()
            elif isinstance(step[0], str):
                self._wait(str(step[1]))
            else:
                cols, rows = int(step[0]), int(step[1])
                self.ops.append(("r", cols, rows))
                self._screen.resize(cols, rows)
                self._size(cols, rows)
                self._settle()
        self._end()
        return self.ops

    def _size(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def _type(self, keys: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._fd, keys)

    def _settle(self) -> None:
        """Read until nothing comes for a while, or for as long as an animation may go on."""
        deadline = time.monotonic() + _ANIMATION_S
        while self._read(_QUIET_S) and time.monotonic() < deadline:
            pass

    def _wait(self, pattern: str) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not re.search(pattern, "\n".join(self._screen.text())):
            if not self._read(0.1) and time.monotonic() > deadline:
                raise TimeoutError(f"{pattern!r} is not on the screen:\n" + "\n".join(self._screen.text()))
        self._settle()

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        if data:
            if self.ops and self.ops[-1][0] == "w":
                data, last = data, self.ops.pop()[1]
                assert isinstance(last, bytes)
                self.ops.append(("w", last + data))
            else:
                self.ops.append(("w", data))
            self._screen.feed(data)
        return bool(data)

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGHUP)
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)
        self._screen.close()
