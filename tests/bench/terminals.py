"""Terminals to run the peers' clients in, and the C programs that read and type at the other end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

COLS, ROWS = 80, 24
START_LIMIT_S = 10


class BenchError(Exception):
    """A step that gave no figure; the run goes on without it."""


@dataclass
class Tool:
    """The compiled benchmark programs (see tool.c)."""

    path: Path

    @classmethod
    def build(cls, directory: Path) -> Self:
        """Compile them with cc. BenchError when there is no compiler."""
        # Its name tells the children of a session from Tether's own processes.
        path = directory / "tbench"
        source = Path(__file__).with_name("tool.c")
        try:
            subprocess.run(["cc", "-O2", "-o", path, source, "-lutil"], check=True, timeout=60)
        except FileNotFoundError:
            raise BenchError("cc is missing. Install it: sudo apt install gcc libc6-dev") from None
        return cls(path)

    def child(self, *mode: str) -> list[str]:
        return [str(self.path), *mode]

    def keys(self, terminal: Terminal, count: int, gap_us: int) -> list[float]:
        """Type `count` bytes; the microseconds until each is back."""
        lines = self._at(terminal, "keys", str(terminal.master), str(count), str(gap_us), limit_s=count * 0.1 + 30)
        took = [int(line) / 1000 for line in lines.split()]
        if len(took) < count or min(took) < 0:
            raise BenchError(f"{len(took)} of {count} keys came back")
        return took

    def until(self, terminal: Terminal, token: str, limit_s: float, trigger: str = "") -> tuple[float, int]:
        """Read until `token`: (seconds, bytes read), the clock started by writing `trigger`."""
        arguments = ["until", str(terminal.master), token, str(int(limit_s * 1000)), *([trigger] if trigger else [])]
        words = self._at(terminal, *arguments, limit_s=limit_s + 10).split()
        if not words or int(words[0]) < 0:
            raise BenchError(f"{token} did not come within {limit_s:g} s")
        return int(words[0]) / 1e9, int(words[1])

    def open(self, token: str, program: Sequence[str | Path], env: dict[str, str] | None = None) -> float:
        """Start `program` on a new terminal: seconds until it shows `token`. The program is killed then."""
        done = subprocess.run(
            [self.path, "open", token, str(START_LIMIT_S * 1000), *program],
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S + 5,
            env=env,
        )
        if not done.stdout or int(done.stdout.split()[0]) < 0:
            raise BenchError(f"{program[0]} did not start: {done.stderr.strip()[-200:]}")
        return int(done.stdout.split()[0]) / 1e9

    @contextmanager
    def draining(self, fd: int) -> Iterator[None]:
        """Something reads `fd`, and throws away what it reads."""
        drainer = subprocess.Popen([self.path, "drain", str(fd)], pass_fds=[fd])
        try:
            yield
        finally:
            drainer.kill()
            drainer.wait()

    def _at(self, terminal: Terminal, *arguments: str, limit_s: float) -> str:
        done = subprocess.run(
            [self.path, *arguments], pass_fds=[terminal.master], capture_output=True, text=True, timeout=limit_s
        )
        return done.stdout


@dataclass
class Terminal:
    """A program on a terminal of its own, whose other end is `master`."""

    tool: Tool
    argv: Sequence[str | Path]
    env: dict[str, str] | None = None
    cwd: Path | None = None
    master: int = -1
    process: subprocess.Popen[bytes] | None = None
    drainer: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.master, slave = os.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
        self.process = subprocess.Popen(
            [self.tool.path, "tty", *self.argv], stdin=slave, stdout=slave, stderr=slave, env=self.env, cwd=self.cwd
        )
        os.close(slave)
        return self

    def ready(self, limit_s: float = START_LIMIT_S) -> Self:
        """Wait until the child at the far end has said that it is there."""
        self.tool.until(self, "READY", limit_s)
        return self

    def drain(self) -> Self:
        """Read what comes, and throw it away, from now on."""
        self.drainer = subprocess.Popen([self.tool.path, "drain", str(self.master)], pass_fds=[self.master])
        return self

    def __exit__(self, *_: object) -> None:
        if self.drainer is not None:
            self.drainer.kill()
            self.drainer.wait()
        if self.process is not None:
            # HUP first: a client may have its own session to tell that it goes.
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGHUP)
            os.close(self.master)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
