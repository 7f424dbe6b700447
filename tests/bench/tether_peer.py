"""Tether itself: a gateway of its own in a temporary home, its children reached through provider files."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.terminals import BenchError, Terminal
from tests.support.gateway import TETHER, Gateway

if TYPE_CHECKING:
    from tests.bench.tether_client import Client
    from tests.bench.tether_page import TetherPage
    from tether.wire.views import SessionView

# Nothing may be cut while its bytes are being counted.
_SETTINGS = '[log]\nkeep = "all"\n'
_MODES = ("echo", "start", "idle", "forever")
_AROUND = len(b"READY\r\n") + len(b"BENCH-END\r\n")


class Tether(Peer):
    """Store, broker, spawner and web under supervisord, and a worker for each session."""

    name: ClassVar[str] = "tether"

    def open(self) -> None:
        from tests.bench.tether_client import Client

        self._stack = ExitStack()
        self.gateway = self._stack.enter_context(Gateway(settings=_SETTINGS))
        self.env = dict(self.gateway.env)
        for mode in _MODES:
            self.gateway.add_provider(f"bench-{mode}", self.tool.child(mode))
        self.client: Client = self._stack.enter_context(Client(self.env))
        self.held = 0

    def close(self) -> None:
        self._stack.close()

    def start(self) -> float:
        began = time.perf_counter()
        view = self.client.launch("bench-start")
        self.client.first_byte(view)
        took = time.perf_counter() - began
        self.client.stop(view.sid)
        return took

    def hold(self, count: int) -> None:
        while self.held < count:
            self.client.launch("bench-idle")
            self.held += 1

    def pids(self) -> set[int]:
        roots = [row["pid"] for row in self.gateway.status()["services"] if row["pid"]]
        roots += [row["worker_pid"] for row in self.gateway.ls() if row["worker_pid"]]
        roots += [int((self.gateway.run_dir / "supervisord.pid").read_text())]
        return machine.family(roots, without="tbench")

    def list_command(self) -> list[str | Path]:
        script = shutil.which("tether", path=str(Path(sys.executable).parent))
        return [script, "ls"] if script else [*TETHER, "ls"]

    @contextmanager
    def terminal(self, *mode: str) -> Iterator[Terminal]:
        with ExitStack() as stack:
            view = stack.enter_context(self._session(*mode))
            terminal = stack.enter_context(Terminal(self.tool, [*TETHER, "attach", view.id], self.env))
            yield terminal.ready() if mode[0] != "forever" else terminal

    @contextmanager
    def page(self, mode: str) -> Iterator[TetherPage]:
        """A session of the child `mode`, attached as the page attaches."""
        from tests.bench.tether_page import TetherPage

        with self._session(mode) as view, TetherPage(self.gateway.port, self.gateway.owner_token, view) as page:
            if mode != "forever":
                page.until(b"READY", 10)
            yield page

    @contextmanager
    def flooding_page(self) -> Iterator[None]:
        """A session that floods into a client which reads all it can, and says so."""
        with self.page("forever") as page, self.tool.draining(page.socket.socket.fileno()):
            yield

    def durable(self, size: int) -> tuple[float, float]:
        """Flood `size` bytes: (seconds until the last is in the log, the share of the bytes that the log has right)."""
        provider = self.gateway.add_provider(f"bench-flood-{size}", self.tool.child("flood", str(size)))
        with self._session_of(provider) as view:
            self.client.first_output(view)
            began = time.perf_counter()
            self.client.type(view.sid, b"x")
            self.client.durable(view.sid, size + _AROUND, 120)
            took = time.perf_counter() - began
            return took, self._share_right(view.id, size)

    def _share_right(self, session: str, size: int) -> float:
        """Compare `tether logs --raw` with what was written, byte for byte."""
        expected = subprocess.Popen(self.tool.child("expect", str(size)), stdout=subprocess.PIPE)
        logged = subprocess.Popen([*TETHER, "logs", session, "--raw"], env=self.env, stdout=subprocess.PIPE)
        right = 0
        try:
            assert expected.stdout is not None
            assert logged.stdout is not None
            while wanted := expected.stdout.read(1 << 20):
                if logged.stdout.read(len(wanted)) != wanted:
                    raise BenchError(f"the log differs from what was written, after {right} bytes")
                right += len(wanted)
            if logged.stdout.read(1):
                raise BenchError("the log has more than was written")
        finally:
            for process in (expected, logged):
                process.kill()
                process.communicate()
        return right / (size + _AROUND)

    @contextmanager
    def _session(self, *mode: str) -> Iterator[SessionView]:
        with self._session_of(f"bench-{mode[0]}") as view:
            yield view

    @contextmanager
    def _session_of(self, provider: str) -> Iterator[SessionView]:
        view = self.client.launch(provider)
        try:
            yield view
        finally:
            self.client.stop(view.sid)
