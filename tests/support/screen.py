"""A person at a terminal: a program on a pseudo-terminal whose output is read until it matches."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

KEPT = 8 << 20  # bytes of output remembered
MATCH = 64 << 10  # no match is longer


class Screen:
    """`argv` on a terminal of its own. Output is read only inside `expect`, `read_for`, `type` and `wait_exit`.

    A program whose output nobody reads is held up by its terminal, as under a real one that hangs.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        cols: int = 80,
        rows: int = 24,
        cwd: str | Path | None = None,
    ) -> None:
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        self.resize(cols, rows)
        self.termios_before = termios.tcgetattr(self.slave)
        self.data = bytearray()
        self._from = 0
        slave = self.slave
        self.process = subprocess.Popen(
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def text(self) -> str:
        """Everything shown so far."""
        return self.data.decode("utf-8", "replace")

    @property
    def rest(self) -> bytes:
        """What came after the last match."""
        return bytes(self.data[self._from :])

    def termios_now(self) -> list[object]:
        """The terminal's settings, as stty would show them."""
        return termios.tcgetattr(self.slave)

    def resize(self, cols: int, rows: int) -> None:
        """Give the terminal another size; its program gets SIGWINCH."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, data: bytes | str, timeout: float = 15.0) -> None:
        """Press keys. Reads output meanwhile, so that a large paste cannot lock up."""
        left = data.encode() if isinstance(data, str) else data
        deadline = time.monotonic() + timeout
        while left:
            if time.monotonic() > deadline:
                raise AssertionError(f"the terminal took no more input; {len(left)} bytes left\n{self._shown()}")
            readable, writable, _ = select.select([self.master], [self.master], [], 0.2)
            if writable:
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(self.master, left[:4096]) :]
            if readable:
                self._take()

    def expect(self, pattern: str | bytes, timeout: float = 15.0) -> re.Match[bytes]:
        """Read until the regular expression `pattern` matches behind the last match; AssertionError otherwise."""
        regex = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.DOTALL)
        deadline = time.monotonic() + timeout
        begin = self._from
        going = True
        while True:
            # A flood is not searched from its beginning again and again.
            found = regex.search(bytes(self.data[begin:]))
            if found:
                self._from = begin + found.end()
                return found
            begin = max(self._from, len(self.data) - MATCH)
            left = deadline - time.monotonic()
            if not going or left <= 0:
                raise AssertionError(f"no {pattern!r} on the screen within {timeout:g} s\n{self._shown()}")
            before = len(self.data)
            going = self._read(left)
            begin = min(begin, max(self._from, len(self.data) - MATCH))
            if len(self.data) < before:  # the oldest were forgotten
                begin = self._from

    def read_for(self, seconds: float) -> bytes:
        """Read whatever comes in `seconds`."""
        start = len(self.data)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and self._read(left):
            pass
        return bytes(self.data[start:])

    def wait_exit(self, timeout: float = 15.0) -> int:
        """Read to the end of the program; its exit status, negative for a signal."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"the program did not end within {timeout:g} s\n{self._shown()}")
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self, signum: int = signal.SIGKILL) -> None:
        """Send a signal to the program itself."""
        self.process.send_signal(signum)

    def hang_up(self) -> None:
        """Close the terminal window."""
        if self.master >= 0:
            os.close(self.slave)
            os.close(self.master)
            self.master = self.slave = -1

    def close(self) -> None:
        """End the program and close the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, timeout: float) -> bool:
        """Wait for output and take it. False at the end of the terminal or of the time."""
        readable, _, _ = select.select([self.master], [], [], max(0.0, min(timeout, 0.5)))
        if not readable:
            return timeout > 0.5 or (timeout > 0 and self.process.poll() is None)
        return self._take()

    def _take(self) -> bool:
        try:
            chunk = os.read(self.master, 65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.data += chunk
        if len(self.data) > 2 * KEPT:
            cut = len(self.data) - KEPT
            del self.data[:cut]
            self._from = max(0, self._from - cut)
        return bool(chunk)

    def _shown(self) -> str:
        state = "running" if self.process.poll() is None else f"ended with {self.process.returncode}"
        return f"program {state}; unmatched screen ({len(self.rest)} bytes):\n{self.rest[-3000:]!r}"
