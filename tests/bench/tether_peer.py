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
from tests.bench.terminals import BenchError
from tests.support.gateway import TETHER, Gateway
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.bench.page import Page
    from tests.bench.tether_client import Client
    from tests.bench.tether_page import TetherPage
    from tether.wire.views import SessionView

# Nothing may be cut while its bytes are being counted.
_SETTINGS = '[log]\nkeep = "all"\n'
_READY, _END = "READY\r\n", "BENCH-END"
_AROUND = len(_READY) + len(_END) + len("\r\n")


class Tether(Peer):
    """Store, broker, spawner and web under supervisord, and a worker for each session."""

    name: ClassVar[str] = "tether"

    def open(self) -> None:
        from tests.bench.tether_client import Client

        self._stack = ExitStack()
        self.gateway = self._stack.enter_context(Gateway(settings=_SETTINGS))
        self.env = dict(self.gateway.env)
        for mode in ("start", "idle"):
            self.gateway.add_provider(f"bench-{mode}", self.tool.child(mode))
        self.client: Client = self._stack.enter_context(Client(self.env))
        self.held = 0
        script = shutil.which("tether", path=str(Path(sys.executable).parent))
        self.command: list[str | Path] = [script] if script else [*TETHER]
        self.views: dict[str, SessionView] = {}  # by their ids, while they are measured

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
        return [*self.command, "ls"]

    @contextmanager
    def session(self, *mode: str) -> Iterator[str]:
        with self.viewed(*mode) as view:
            yield view.id

    def attach_command(self, session: str) -> list[str | Path]:
        return [*self.command, "attach", session]

    @contextmanager
    def page(self, *mode: str, shared: bool = False) -> Iterator[TetherPage]:
        from tests.bench.tether_page import TetherPage

        with self.viewed(*mode) as view, TetherPage(self.gateway.port, self.gateway.owner_token, view) as page:
            if mode[0] not in ("forever", "past"):
                page.until(b"READY", 10)
            yield page

    @contextmanager
    def another(self, page: Page) -> Iterator[Page]:
        from tests.bench.tether_page import TetherPage

        with TetherPage(self.gateway.port, self.gateway.owner_token, page.session, "observe") as other:
            yield other

    @contextmanager
    def viewed(self, *mode: str) -> Iterator[SessionView]:
        """A session of the child `mode`, reached through a provider file."""
        view = self.client.launch(self.gateway.add_provider("-".join(("bench", *mode)), self.tool.child(*mode)))
        self.views[view.id] = view
        try:
            yield view
        finally:
            del self.views[view.id]
            self.client.stop(view.sid)

    def durable(self, size: int) -> tuple[float, float]:
        """Flood `size` bytes: (seconds until the last is in the log, the share of the bytes that the log has right)."""
        with self.viewed("flood", str(size)) as view:
            self.client.first_output(view)
            began = time.perf_counter()
            self.client.type(view.sid, b"x")
            self.client.durable(view.sid, size + _AROUND, 120)
            return time.perf_counter() - began, self.share_right(view.id, size, _END)

    def share_right(self, session: str, size: int, last: str) -> float:
        """The share of what a child wrote that the log has: its flood of `size` bytes and its word `last`, compared
        byte for byte with `tether logs --raw`."""
        sid = self.views[session].sid
        wait_until("everything is in the log", lambda: self.client.logged(sid) >= size + len(last), 60)
        expected = subprocess.Popen(self.tool.child("expect", str(size)), stdout=subprocess.PIPE)
        logged = subprocess.Popen([*TETHER, "logs", session, "--raw"], env=self.env, stdout=subprocess.PIPE)
        right = 0
        try:
            assert expected.stdout is not None
            assert logged.stdout is not None
            while wanted := expected.stdout.read(1 << 20):
                got = logged.stdout.read(len(wanted))
                if got != wanted:
                    at = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), len(got))
                    raise BenchError(f"the log differs from what was written after {right + at} bytes")
                right += len(wanted)
            rest = logged.stdout.read(256).decode(errors="replace").strip()
            if not rest.endswith(last):
                raise BenchError(f"the log ends in {rest[-60:]!r}, not in {last!r}")
        finally:
            for process in (expected, logged):
                process.kill()
                process.communicate()
        return right / (len(_READY) + size)
