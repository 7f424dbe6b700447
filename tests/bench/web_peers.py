"""The servers that show a terminal in a browser: terminado, node-pty with ws, and wetty.

Each runs one program only, the child that asks (tool/child.c): a page tells it what to be.
"""

from __future__ import annotations

import http.client
import importlib.util
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from tests.bench import npm_setup
from tests.bench.page import Page
from tests.bench.peers import Peer
from tests.bench.terminals import BenchError
from tests.bench.websocket import TEXT, WebSocket
from tests.support.gateway import free_port
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
ASK_LIMIT_S = 10.0


class TerminadoPage(Page):
    """JSON lists, as text."""

    kind = "json"
    message_kind = TEXT

    def __init__(self, socket: WebSocket) -> None:
        super().__init__(socket)
        self.socket.send(json.dumps(["set_size", 24, 80, 480, 640]).encode(), TEXT)

    def typing(self, data: bytes) -> bytes:
        return json.dumps(["stdin", data.decode()]).encode()

    def read(self, message: bytes) -> bytes:
        kind, *rest = json.loads(message)
        return rest[0].encode() if kind == "stdout" else b""


class BytesPage(Page):
    """Nothing but the terminal's bytes, both ways."""

    kind = "binary"

    def typing(self, data: bytes) -> bytes:
        return data

    def read(self, message: bytes) -> bytes:
        return message


class WettyPage(Page):
    """Socket.IO's messages; every 256 KiB of output is committed, as wetty's own page does."""

    kind = "socketio"
    message_kind = TEXT
    COMMIT = 262144

    def __init__(self, socket: WebSocket) -> None:
        super().__init__(socket)
        self._uncommitted = 0
        if not (socket.receive(5) or b"").startswith(b"0"):
            raise BenchError("wetty did not open its connection")
        socket.send(b"40", TEXT)
        while not (socket.receive(5) or b"40").startswith(b"40"):
            pass
        self._say("resize", {"cols": 80, "rows": 24})

    def typing(self, data: bytes) -> bytes:
        return b"42" + json.dumps(["input", data.decode()]).encode()

    def read(self, message: bytes) -> bytes:
        if message == b"2":
            self.socket.send(b"3", TEXT)
        if not message.startswith(b'42["data"'):
            return b""
        text: str = json.loads(message[2:])[1]
        self._uncommitted += len(text)
        if self._uncommitted >= self.COMMIT:
            self._uncommitted -= self.COMMIT
            self._say("commit", self.COMMIT)
        return text.encode()

    def _say(self, event: str, value: object) -> None:
        self.socket.send(b"42" + json.dumps([event, value]).encode(), TEXT)


class WebPeer(Peer):
    """One server process with every terminal."""

    page_class: ClassVar[type[Page]]
    process: subprocess.Popen[Any]
    port: int
    held = 0

    def server(self) -> list[str]:
        """The command that serves, and prints its port. BenchError when it is not installed."""
        raise NotImplementedError

    def open(self) -> None:
        self.process = subprocess.Popen(
            self.server(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.env,
            cwd=ROOT,
            text=True,
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line.strip():
            raise BenchError(f"the {self.name} server did not start")
        self.port = int(line)

    def close(self) -> None:
        if hasattr(self, "process"):
            self.process.kill()
            self.process.communicate()

    def connect(self, session: str = "") -> Page:
        """A new page: on a terminal of its own, or on the one of that name."""
        page = self.page_class(WebSocket(self.port, f"/at/{session}" if session else "/"))
        page.session = session
        return page

    def start(self) -> float:
        began = time.perf_counter()
        with self.connect() as page:
            page.until(b"ASK", ASK_LIMIT_S)
            return time.perf_counter() - began

    def hold(self, count: int) -> None:
        while self.held < count:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("POST", "/new")
            if connection.getresponse().status != 200:
                raise BenchError(f"{self.name} starts no more terminals")
            connection.close()
            self.held += 1

    def pids(self) -> set[int]:
        return {self.process.pid}

    @contextmanager
    def page(self, *mode: str, shared: bool = False) -> Iterator[Page]:
        with self.connect(f"n{next(self._numbers)}" if shared else "") as page:
            page.until(b"ASK", ASK_LIMIT_S)
            page.type((" ".join(mode) + "\n").encode())
            page.until(b"READY", ASK_LIMIT_S)
            yield page

    @contextmanager
    def another(self, page: Page) -> Iterator[Page]:
        with self.connect(page.session) as other:
            yield other


class Terminado(WebPeer):
    """The terminal server of Jupyter."""

    name = "terminado"
    page_class = TerminadoPage

    def server(self) -> list[str]:
        if importlib.util.find_spec("terminado") is None:
            raise BenchError(f"terminado is not installed. Install it: {sys.executable} -m pip install terminado")
        return [sys.executable, "-m", "tests.bench.terminado_server", str(self.tool.path)]


class NodePty(WebPeer):
    """A small gateway of our own on node-pty and ws (npm/gateway.mjs): what many products begin with."""

    name = "node-pty"
    page_class = BytesPage

    def server(self) -> list[str]:
        if problem := npm_setup.missing("ws"):
            raise BenchError(problem)
        return [str(npm_setup.node()), str(npm_setup.FOLDER / "gateway.mjs"), str(self.tool.path)]


class Wetty(WebPeer):
    """wetty: a terminal for each connection, and none that stays. Only root gets one without ssh."""

    name = "wetty"
    page_class = WettyPage

    def open(self) -> None:
        if problem := npm_setup.missing("wetty"):
            raise BenchError(problem)
        if os.getuid() != 0:
            raise BenchError("wetty opens terminals without ssh for root only")
        self.port = free_port()
        main = npm_setup.MODULES / "wetty" / "build" / "main.js"
        options = {"--host": "127.0.0.1", "--port": str(self.port), "--base": "/", "--log-level": "error"}
        command = [
            str(npm_setup.node()),
            str(main),
            *itertools.chain(*options.items()),
            "--command",
            f"{self.tool.path} ask",
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env
        )
        wait_until("wetty listens", self._listens, ASK_LIMIT_S)

    def _listens(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True

    def connect(self, session: str = "") -> Page:
        return WettyPage(WebSocket(self.port, "/socket.io/?EIO=4&transport=websocket"))
