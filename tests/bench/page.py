"""A browser's end of a terminal, whichever server it belongs to."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Self

from tests.bench import websocket
from tests.bench.terminals import BenchError
from tests.bench.websocket import BINARY, WebSocket

LETTERS = b"jkovwxyz"


class Page:
    """What a browser's terminal does: type bytes, and get what the terminal shows as bytes.

    `kind` and `sid` tell the C programs how to read this page's socket (see tool/ws.c); `session` is what its server
    knows the session by, so that another page can be opened on it.
    """

    kind: str
    message_kind: ClassVar[int] = BINARY
    sid = "-"
    session: Any = None

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def want_everything(self) -> None:
        """Where a server's page would rather skip than fall behind: not this one."""

    def typing(self, data: bytes) -> bytes:
        """The message that types `data`."""
        raise NotImplementedError

    def read(self, message: bytes) -> bytes:
        """The output in a message of the server's; what it wants to hear is said."""
        raise NotImplementedError

    def type(self, data: bytes) -> None:
        self.socket.send(self.typing(data), self.message_kind)

    def frame(self, data: bytes) -> str:
        """What types `data`, as it goes over the line, in hexadecimal: for a C program to send."""
        return websocket.frame(self.typing(data), self.message_kind).hex()

    def output(self, limit_s: float) -> bytes | None:
        """The next output, b"" for a message that holds none, None when nothing came in time."""
        message = self.socket.receive(limit_s)
        return None if message is None else self.read(message)

    def until(self, token: bytes, limit_s: float) -> int:
        """Read until `token`; the bytes of output read. BenchError when it does not come."""
        deadline, tail, count = time.monotonic() + limit_s, b"", 0
        while (data := self.output(deadline - time.monotonic())) is not None:
            count += len(data)
            tail = tail[-len(token) :] + data
            if token in tail:
                return count
        raise BenchError(f"{token!r} did not come within {limit_s:g} s")

    def keys(self, count: int, gap_s: float, limit_s: float = float("inf")) -> list[float]:
        """Type `count` letters; the microseconds until each is back. Between them what comes is read. After `limit_s`
        no more are typed."""
        took: list[float] = []
        deadline = time.monotonic() + limit_s
        for number in range(count):
            if time.monotonic() > deadline:
                break
            key = LETTERS[number % 8 : number % 8 + 1]
            start = time.perf_counter_ns()
            self.type(key)
            while (data := self.output(2.0)) is not None and key not in data:
                pass
            if data is None:
                raise BenchError(f"{number} of {count} keys came back")
            took.append((time.perf_counter_ns() - start) / 1000)
            again = time.monotonic() + gap_s
            while (left := again - time.monotonic()) > 0:
                self.output(left)
        return took
