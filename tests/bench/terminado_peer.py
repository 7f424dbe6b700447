"""terminado, the terminal server of Jupyter: the browser's side of what people use now."""

from __future__ import annotations

import http.client
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.terminals import BenchError
from tests.bench.websocket import TEXT, WebSocket


class Page:
    """What a browser's terminal does: type bytes, and get what the terminal shows as bytes."""

    def type(self, data: bytes) -> None:
        raise NotImplementedError

    def output(self, limit_s: float) -> bytes | None:
        """The next output, b"" for a message that holds none, None when nothing came in time."""
        raise NotImplementedError

    def until(self, token: bytes, limit_s: float) -> int:
        """Read until `token`; the bytes of output read. BenchError when it does not come."""
        deadline, tail, count = time.monotonic() + limit_s, b"", 0
        while (data := self.output(deadline - time.monotonic())) is not None:
            count += len(data)
            tail = tail[-len(token) :] + data
            if token in tail:
                return count
        raise BenchError(f"{token!r} did not come within {limit_s:g} s")

    def keys(self, count: int, gap_s: float) -> list[float]:
        """Type `count` letters; the microseconds until each is back."""
        took = []
        for number in range(count):
            key = b"jkovwxyz"[number % 8 : number % 8 + 1]
            start = time.perf_counter_ns()
            self.type(key)
            while (data := self.output(2.0)) is not None and key not in data:
                pass
            if data is None:
                raise BenchError(f"{number} of {count} keys came back")
            took.append((time.perf_counter_ns() - start) / 1000)
            machine.pause(gap_s)
        return took


class TerminadoPage(Page):
    """One terminal of terminado over its WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.socket.send(json.dumps(["set_size", 24, 80, 480, 640]).encode(), TEXT)

    def type(self, data: bytes) -> None:
        self.socket.send(json.dumps(["stdin", data.decode()]).encode(), TEXT)

    def output(self, limit_s: float) -> bytes | None:
        message = self.socket.receive(limit_s)
        if message is None:
            return None
        kind, *rest = json.loads(message)
        return rest[0].encode() if kind == "stdout" else b""


class Terminado(Peer):
    """One server process with every terminal."""

    name: ClassVar[str] = "terminado"

    def open(self) -> None:
        if importlib.util.find_spec("terminado") is None:
            raise BenchError(f"terminado is not installed. Install it: {sys.executable} -m pip install terminado")
        root = Path(__file__).resolve().parents[2]
        command = [sys.executable, "-m", "tests.bench.terminado_server", str(self.tool.path)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env, cwd=root, text=True
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line.strip():
            raise BenchError("the terminado server did not start")
        self.port = int(line)
        self.held = 0

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> float:
        began = time.perf_counter()
        with WebSocket(self.port, "/start") as socket:
            TerminadoPage(socket).until(b"READY", 10)
            return time.perf_counter() - began

    def hold(self, count: int) -> None:
        while self.held < count:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("POST", "/new")
            if connection.getresponse().status != 200:
                raise BenchError("terminado starts no more terminals")
            connection.close()
            self.held += 1

    def pids(self) -> set[int]:
        return {self.process.pid}

    @contextmanager
    def page(self, mode: str, size: int = 0) -> Iterator[TerminadoPage]:
        """A session of the child `mode`, attached as a browser attaches; `size` is that of a flood."""
        with WebSocket(self.port, f"/{mode}/{size}" if size else f"/{mode}") as socket:
            page = TerminadoPage(socket)
            page.until(b"READY", 10)
            yield page

    @contextmanager
    def flooding_page(self) -> Iterator[None]:
        """A session that floods into a client which reads all it can."""
        with self.page("forever") as page, self.tool.draining(page.socket.socket.fileno()):
            yield
