"""The other ends of a real broker's sockets, played by a test: workers, clients and the spawner as scripts.

Only for the broker's own protocol (fencing, garbage, re-adoption): a story about sessions uses `Gateway`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tests.support.waiting import wait_until
from tether import secret_files
from tether.bus import BrokerClient, Bus, Dealer, Router
from tether.bus.sockets import DEALER_HWM
from tether.clock import now_us
from tether.paths import Paths, prepare, resolve
from tether.wire import PROTOCOL, decode, encode
from tether.wire.control import Attach, Attached, Hello, Report, Welcome
from tether.wire.ids import NO_SESSION, make_session_id, public_id
from tether.wire.storing import OpenSessions, OpenSessionsQuery, Seal, Sealed
from tether.wire.views import SessionView

M = TypeVar("M")


class _KeptBus(Bus):
    """Keeps every socket until the end, so that a test may let go of one without closing it."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[object] = []

    def dealer(self, path: Path, *, monitored: bool = False, hwm: int = DEALER_HWM) -> Dealer:
        made = super().dealer(path, monitored=monitored, hwm=hwm)
        self.kept.append(made)
        return made

    def close(self) -> None:
        for one in self.kept:
            assert isinstance(one, Dealer)
            one.close()
            if one.monitor is not None:
                one.monitor.close()
        super().close()


class BrokerHouse:
    """A temporary home with a real broker in it, and whoever the test plays around it."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tb", dir="/tmp"))
        self.env = {**os.environ, "TETHER_HOME": str(self.home / "t")}
        (self.home / "t").mkdir(mode=0o700)
        self.paths: Paths = resolve(self.env)
        prepare(self.paths)
        secret_files.ensure_token(self.paths.bus_token)
        self.bus = _KeptBus()
        self._log = (self.home / "broker.log").open("ab")
        self.process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tether.broker"], env=self.env, stderr=self._log)

    def restart(self) -> None:
        """kill -9, and a new one."""
        self.process.kill()
        self.process.wait()
        self.process = self._spawn()

    def close(self) -> None:
        self.bus.close()
        self.bus.kept.clear()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            assert self.process.wait(10) == 0, self.log()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._log.close()
            shutil.rmtree(self.home)

    def log(self) -> str:
        return (self.home / "broker.log").read_text()

    def client(self, role: str = "client") -> Client:
        return Client(self, role)

    def worker(self, **fields: Any) -> Worker:
        """A worker of a new session that has introduced itself."""
        return Worker(self, **fields)


class _Talker:
    """Keeps what arrived; waits for what is wanted."""

    def __init__(self, house: BrokerHouse) -> None:
        self.house = house
        self.inbox: list[tuple[bytes, Any]] = []

    def pump(self) -> None:
        raise NotImplementedError

    def expect(self, kind: type[M], where: Callable[[M], bool] = lambda _message: True, timeout: float = 15.0) -> M:
        """The oldest message of this kind (that fits), taken out of the inbox."""

        def look() -> M | None:
            self.pump()
            for index, (_sid, message) in enumerate(self.inbox):
                if isinstance(message, kind) and where(message):
                    del self.inbox[index]
                    return message
            return None

        found = wait_until(f"a {kind.__name__}", look, timeout, context=lambda: f"{self.inbox}\n{self.house.log()}")
        assert found is not None
        return found

    def got(self, kind: type[M]) -> list[M]:
        """Those of this kind that have arrived and were not taken."""
        self.pump()
        return [message for _sid, message in self.inbox if isinstance(message, kind)]


class Client(_Talker):
    """A client's connection."""

    def __init__(self, house: BrokerHouse, role: str) -> None:
        super().__init__(house)
        self.broker = BrokerClient(house.bus, house.paths, role)
        self.id = os.urandom(16)

    def pump(self) -> None:
        self.broker.hello()
        while (got := self.broker.receive()) is not None:
            self.inbox.append(got)
        self.inbox += self.broker.pending
        self.broker.pending.clear()

    def connected(self) -> Client:
        wait_until("a Welcome", lambda: (self.pump(), self.broker.boot)[1], context=self.house.log)
        return self

    def ask(self, sid: bytes, message: msgspec.Struct, timeout: float = 15.0) -> Any:
        return self.broker.ask(sid, message, timeout)

    def tell(self, sid: bytes, message: msgspec.Struct) -> None:
        assert self.broker.send(sid, message)

    def attach(self, sid: bytes, mode: str = "control", *, name: str = "somebody", **fields: Any) -> Attached:
        order = Attach(0, self.id, name, "native", mode, 80, 24, **fields)
        attached = self.ask(sid, order)
        assert isinstance(attached, Attached)
        return attached


class Worker(_Talker):
    """A worker's connection, for a session that it makes up."""

    def __init__(self, house: BrokerHouse, sid: bytes = b"", **fields: Any) -> None:
        super().__init__(house)
        self.sid = sid or make_session_id(now_us() // 1000, os.urandom(5), bytes(5))
        self.view = SessionView(
            sid=self.sid,
            id=public_id(self.sid),
            provider="shell",
            title="a title",
            state="running",
            created=now_us(),
            cols=80,
            rows=24,
        )
        self.view = msgspec.structs.replace(self.view, **fields)
        self.welcomes = 0
        self.frames: list[bytes] = []
        self.dealer: Dealer = house.bus.dealer(house.paths.broker, monitored=True)
        self.greet()

    def greet(self) -> Worker:
        wanted = self.welcomes + 1
        wait_until("a Welcome", lambda: (self.pump(), self.welcomes >= wanted)[1], context=self.house.log)
        return self

    def pump(self) -> None:
        if self.dealer.drain_monitor():
            self.hello()
        while (frame := self.dealer.receive()) is not None:
            self.frames.append(frame)
            sid, message = decode(frame)
            if isinstance(message, Welcome):
                self.welcomes += 1
            else:
                self.inbox.append((sid, message))

    def hello(self) -> None:
        token = secret_files.read(self.house.paths.bus_token) or ""
        self.dealer.send(encode(self.sid, Hello(PROTOCOL, "worker", token, self.view)))

    def tell(self, message: msgspec.Struct) -> None:
        assert self.dealer.send(encode(self.sid, message))

    def report(self, **fields: Any) -> None:
        self.view = msgspec.structs.replace(self.view, **fields)
        self.tell(Report(self.view))


class Spawner(_Talker):
    """The spawner's socket; what it is asked is kept as JSON objects."""

    def __init__(self, house: BrokerHouse) -> None:
        super().__init__(house)
        self.held: list[dict[str, Any]] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(house.paths.spawner))
        self._listener.listen(8)
        self._listener.setblocking(False)
        self._peer: socket.socket | None = None
        self._rest = b""
        self.lines: list[dict[str, Any]] = []

    def pump(self) -> None:
        with contextlib.suppress(BlockingIOError):
            sock, _address = self._listener.accept()
            sock.setblocking(False)
            self._peer, self._rest = sock, b""
        if self._peer is None:
            return
        with contextlib.suppress(BlockingIOError):
            self._rest += self._peer.recv(1 << 20)
        *lines, self._rest = self._rest.split(b"\n")
        for line in map(json.loads, lines):
            if line["op"] == "sessions?":
                self.send({"op": "sessions", "held": self.held})
            else:
                self.lines.append(line)

    def send(self, line: dict[str, Any]) -> None:
        assert self._peer is not None
        self._peer.sendall(json.dumps(line).encode() + b"\n")

    def asked(self) -> dict[str, Any]:
        """The next order."""
        wait_until("an order to the spawner", lambda: (self.pump(), self.lines)[1], context=self.house.log)
        return self.lines.pop(0)

    def close(self) -> None:
        self._listener.close()
        if self._peer is not None:
            self._peer.close()
        self.house.paths.spawner.unlink()


class Store(_Talker):
    """The store's ROUTER; answers what is open, and seals."""

    def __init__(self, house: BrokerHouse) -> None:
        super().__init__(house)
        self.open: dict[bytes, SessionView] = {}
        self.seals: list[tuple[bytes, str]] = []
        self.answered = 0
        self.router: Router = house.bus.router(house.paths.store)
        self.peer = b""

    def pump(self) -> None:
        while (got := self.router.receive()) is not None:
            self.peer, frame = got
            sid, message = decode(frame)
            if isinstance(message, OpenSessionsQuery):
                self.answered += 1
                self.router.send(self.peer, encode(NO_SESSION, OpenSessions(list(self.open.values()))))
            elif isinstance(message, Seal):
                self.seals.append((sid, message.cause))
                view = msgspec.structs.replace(self.open.pop(sid), state="lost", detail=message.cause)
                self.router.send(self.peer, encode(sid, Sealed(view)))
