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
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tests.bench.page import Page

COLS, ROWS = 80, 24
START_LIMIT_S = 10
READY, END, PROMPT = "READY", "BENCH-END", "BENCH-PROMPT"


class BenchError(Exception):
    """A step that gave no figure; the run goes on without it."""


@dataclass(frozen=True)
class Interrupt:
    """A ctrl-c under a flood. `took_s` is None when the prompt did not come in time.

    `stopped_s` is how long the child itself took to stop, `written` what it wrote up to then.
    """

    took_s: float | None
    stopped_s: float
    before: int
    after: int
    written: int


@dataclass
class Drained:
    """What a drainer read, once it has ended."""

    seconds: float = 0.0
    bytes: int = 0

    @property
    def speed(self) -> float:
        """MB/s."""
        return self.bytes / self.seconds / 1e6 if self.seconds else 0.0


@dataclass
class Tool:
    """The compiled benchmark programs (see tool/tool.c)."""

    path: Path

    @classmethod
    def build(cls, directory: Path) -> Self:
        """Compile them with cc. BenchError when there is no compiler."""
        # Its name tells the children of a session from Tether's own processes.
        path = directory / "tbench"
        sources = sorted(Path(__file__).with_name("tool").glob("*.c"))
        try:
            subprocess.run(["cc", "-O2", "-o", path, *sources, "-lutil"], check=True, timeout=60)
        except FileNotFoundError:
            raise BenchError("cc is missing. Install it: sudo apt install gcc libc6-dev") from None
        return cls(path)

    def child(self, *mode: str) -> list[str]:
        return [str(self.path), *mode]

    # -- at a terminal

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

    def interrupt(self, terminal: Terminal, bytes_s: int, seconds: float, limit_s: float) -> Interrupt:
        """Read that slowly for so long, then press ctrl-c and read on until the prompt."""
        arguments = ["interrupt", str(terminal.master), str(bytes_s), *_milliseconds(seconds, limit_s)]
        return _interrupt(self._at(terminal, *arguments, limit_s=seconds + limit_s + 10))

    def open(
        self,
        token: str,
        program: Sequence[str | Path],
        env: dict[str, str] | None = None,
        limit_s: float = START_LIMIT_S,
    ) -> tuple[float, int]:
        """Start `program` on a new terminal: seconds until it shows `token`, and the bytes read. It is ended then."""
        done = subprocess.run(
            [self.path, "open", token, str(int(limit_s * 1000)), *program],
            capture_output=True,
            text=True,
            timeout=limit_s + 5,
            env=env,
        )
        words = done.stdout.split()
        if not words or int(words[0]) < 0:
            raise BenchError(f"{program[0]} did not show {token}: {done.stderr.strip()[-200:]}")
        return int(words[0]) / 1e9, int(words[1])

    # -- at a page's socket

    def page_until(self, page: Page, token: str, limit_s: float, trigger: bytes = b"x") -> tuple[float, int, int]:
        """Type `trigger` and read until `token`: (seconds, bytes of output, line feeds)."""
        arguments = ["until", token, *_milliseconds(limit_s), page.frame(trigger)]
        words = self._websocket([page], arguments, limit_s + 10).split()
        if not words or int(words[0]) < 0:
            raise BenchError(f"{token} did not come within {limit_s:g} s")
        return int(words[0]) / 1e9, int(words[2]), int(words[3])

    def page_interrupt(self, page: Page, bytes_s: int, seconds: float, limit_s: float) -> Interrupt:
        """As `interrupt`, over a page's socket, with the page's acknowledgements."""
        arguments = ["interrupt", str(bytes_s), *_milliseconds(seconds, limit_s), page.frame(b"\x03")]
        return _interrupt(self._websocket([page], arguments, seconds + limit_s + 10))

    @contextmanager
    def watching(self, pages: Sequence[Page], limit_s: float) -> Iterator[subprocess.Popen[bytes]]:
        """Pages that read a ticker to its end. When the block begins, they read; its figures are on stdout."""
        process = self._start_websocket(pages, ["watch", *_milliseconds(limit_s)])
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def draining(self, what: Page | int) -> Iterator[Drained]:
        """Something reads a page (as that server's page does) or a descriptor, and throws away what it reads."""
        if isinstance(what, int):
            process = subprocess.Popen([self.path, "drain", str(what)], pass_fds=[what], stdout=subprocess.PIPE)
        else:
            process = self._start_websocket([what], ["drain"])
        drained = Drained()
        try:
            yield drained
        finally:
            process.terminate()
            try:
                words = process.communicate(timeout=5)[0].split()
            except subprocess.TimeoutExpired:
                process.kill()
                words = process.communicate()[0].split()
            if len(words) == 2:
                drained.seconds, drained.bytes = int(words[0]) / 1e9, int(words[1])

    def _websocket(self, pages: Sequence[Page], arguments: list[str], limit_s: float) -> str:
        process = self._start_websocket(pages, arguments)
        try:
            return process.communicate(timeout=limit_s)[0].decode()
        finally:
            process.kill()
            process.communicate()

    def _start_websocket(self, pages: Sequence[Page], arguments: list[str]) -> subprocess.Popen[bytes]:
        fds = [page.socket.socket.fileno() for page in pages]
        command: list[str | Path] = [self.path, "ws", pages[0].kind, pages[0].sid, *arguments, *map(str, fds)]
        process = subprocess.Popen(command, pass_fds=fds, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        for page in pages:
            unread = page.socket.unread()
            process.stdin.write(len(unread).to_bytes(4, "big") + unread)
        process.stdin.close()
        process.stdin = None  # `communicate` would flush it
        return process

    def _at(self, terminal: Terminal, *arguments: str, limit_s: float) -> str:
        done = subprocess.run(
            [self.path, *arguments], pass_fds=[terminal.master], capture_output=True, text=True, timeout=limit_s
        )
        return done.stdout


def _milliseconds(*seconds: float) -> list[str]:
    return [str(int(value * 1000)) for value in seconds]


def _interrupt(line: str) -> Interrupt:
    words = [int(word) for word in line.split()]
    if len(words) < 5:
        raise BenchError("the reader ended early")
    took, stopped, before, after, written = words
    return Interrupt(took / 1e9 if took >= 0 else None, stopped / 1e9, before, after, written)


@dataclass
class Terminal:
    """A program on a terminal of its own, whose other end is `master`."""

    tool: Tool
    argv: Sequence[str | Path]
    env: dict[str, str] | None = None
    cwd: Path | None = None
    master: int = -1
    process: subprocess.Popen[bytes] | None = None
    session: str = ""  # what the peer knows it by

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
        self.tool.until(self, READY, limit_s)
        return self

    def draining(self) -> contextlib.AbstractContextManager[Drained]:
        """Something reads what comes, and throws it away."""
        return self.tool.draining(self.master)

    def __exit__(self, *_: object) -> None:
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
