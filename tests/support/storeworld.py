"""A real store process in a temporary home, and workers of a test's own that speak to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.waiting import wait_until
from tether.bus import Bus, Dealer, Poller, Subscriber
from tether.paths import Paths, prepare, resolve
from tether.store.fsck import Report, fsck
from tether.store.reader import LogReader
from tether.wire import PROTOCOL, decode, encode
from tether.wire.codec import decode_body, encode_body
from tether.wire.events import Created, Cut, Exited, Output
from tether.wire.ids import NO_SESSION, make_session_id
from tether.wire.storing import Ack, Nak, OpenSessions, OpenSessionsQuery, Seal, Sealed, Stalled, Sync


class StoreWorld:
    """`with StoreWorld() as world:` has a home; `world.start()` runs a store in it. Nothing is left behind."""

    def __init__(self, *, settings: str = "", home: Path | None = None) -> None:
        self.home = home or Path(tempfile.mkdtemp(prefix="ts", dir="/tmp"))
        self.env = {**os.environ, "TETHER_HOME": str(self.home)}
        self.paths: Paths = resolve({"TETHER_HOME": str(self.home)})
        self.home.chmod(0o700)
        prepare(self.paths)
        if settings:
            self.paths.settings.write_text(settings)
        self.bus = Bus()
        self.reader = LogReader(self.paths)
        self.process: subprocess.Popen[bytes] | None = None
        self.workers: list[Worker] = []

    def __enter__(self) -> StoreWorld:
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        self.reader.close()
        self.bus.close()
        if kind is not None:
            print(self.log_text())
        shutil.rmtree(self.home, ignore_errors=True)
        if str(self.paths.run).startswith("/tmp/tether-"):
            shutil.rmtree(self.paths.run, ignore_errors=True)

    def start(self) -> StoreWorld:
        """Run the store. Does not wait for it: everybody else copes with its absence."""
        with self.paths.service_log("store").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tether.store"], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def log_text(self) -> str:
        path = self.paths.service_log("store")
        return path.read_text(errors="replace")[-8000:] if path.exists() else ""

    def worker(self, **about: object) -> Worker:
        made = Worker(self, **about)
        self.workers.append(made)
        return made

    def subscriber(self, *topics: bytes) -> Subscriber:
        return self.bus.subscriber(self.paths.store_pub, *topics)

    def until(self, what: str, predicate: Callable[[], object], timeout: float = 20.0) -> None:
        """Pump every worker until `predicate`."""

        def step() -> object:
            for worker in self.workers:
                worker.pump()
            return predicate()

        wait_until(what, step, timeout, context=self.log_text)

    def fsck(self) -> Report:
        return fsck(self.paths)

    def verify(self) -> str:
        """What `python -m lmdb verify` says of the log's pages; the store should be down."""
        done = subprocess.run(
            [sys.executable, "-m", "lmdb", "verify", "-e", str(self.paths.log_db)],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return f"{done.returncode} {done.stdout.decode()}{done.stderr.decode()}"


class Worker:
    """A session's worker as far as the store sees one: numbers events, keeps them until they are durable."""

    def __init__(
        self, world: StoreWorld, *, create: bool = True, sid: bytes | None = None, keep: int | None = None
    ) -> None:
        self.sid = sid or make_session_id(int(time.time() * 1000), os.urandom(5), b"mmmmm")
        self.world = world
        self.dealer: Dealer = world.bus.dealer(world.paths.store, monitored=True)
        self.bodies: list[bytes] = []  # of every event ever made; event n is bodies[n - 1]
        self.held = 1  # the oldest event that is still held
        self.offset = 0
        self.acked = 0
        self.cursor: int | None = None  # newest event sent; None until the store has answered Sync
        self.boot = ""
        self.boots: list[str] = []
        self.stalls: list[str] = []
        self.naks: list[int] = []
        if create:
            self.add(Created(1, 1, "shell", "", "/", 80, 24, "ann", "m"))

    @property
    def next(self) -> int:
        return len(self.bodies) + 1

    def add(self, event: object) -> None:
        self.bodies.append(encode_body(event))  # type: ignore[arg-type]

    def output(self, data: bytes) -> None:
        self.add(Output(self.next, self.next, self.offset, data))
        self.offset += len(data)

    def exit(self, code: int = 0) -> None:
        self.add(Exited(self.next, time.time_ns() // 1000, code, None))

    def send(self, frame: bytes) -> bool:
        return self.dealer.send(frame)

    def pump(self) -> None:
        """One turn of what a worker does with the store."""
        if self.dealer.drain_monitor():
            self.cursor = None
            self.dealer.send(encode(self.sid, Sync(PROTOCOL, self.held, self.next)))
        while (frame := self.dealer.receive()) is not None:
            self._receive(decode(frame)[1])
        while self.cursor is not None and self.cursor < len(self.bodies) and self.cursor - self.acked < 256:
            if not self.dealer.send(self.sid + self.bodies[self.cursor]):
                break
            self.cursor += 1

    def _receive(self, message: object) -> None:
        match message:
            case Ack(upto, boot):
                assert upto >= self.acked, f"the store forgot events: acked {self.acked}, now {upto}"
                if boot != self.boot or self.cursor is None:
                    self.cursor = max(upto, self.held - 1)
                    self.boot = boot
                    self.boots.append(boot)
                self.acked = upto
            case Nak(wanted, _):
                self.naks.append(wanted)
                assert wanted > self.acked
                self.cursor = wanted - 1
            case Stalled(reason):
                self.stalls.append(reason)

    def is_durable(self) -> bool:
        return self.acked == len(self.bodies)

    def assert_logged(self) -> None:
        """The log holds exactly what was acknowledged, byte for byte, and nothing that was not made."""
        found = everything(self.world.reader, self.sid)
        assert len(found) >= self.acked
        assert found == self.bodies[: len(found)]


class Broker:
    """Asks what a broker asks."""

    def __init__(self, world: StoreWorld) -> None:
        self.dealer = world.bus.dealer(world.paths.store)
        self.world = world
        self._poller = Poller()
        self._poller.add(self.dealer)

    def seal(self, sid: bytes, cause: str) -> Sealed:
        answer = self.ask(encode(sid, Seal(cause)), Sealed)
        assert isinstance(answer, Sealed)
        return answer

    def open_sessions(self) -> set[bytes]:
        answer = self.ask(encode(NO_SESSION, OpenSessionsQuery()), OpenSessions)
        assert isinstance(answer, OpenSessions)
        return {view.sid for view in answer.sessions}

    def ask(self, frame: bytes, kind: type) -> object:
        wait_until("the store to be there", lambda: self.dealer.send(frame), context=self.world.log_text)
        return wait_until(f"a {kind.__name__}", lambda: self.hear(kind), context=self.world.log_text)

    def hear(self, kind: type) -> object | None:
        while (frame := self.dealer.receive()) is not None:
            message = decode(frame)[1]
            if isinstance(message, kind):
                return message
        return None


def everything(reader: LogReader, sid: bytes) -> list[bytes]:
    """Every body of a session, in order; AssertionError when numbers are not dense."""
    found: list[bytes] = []
    after = 0
    while rows := reader.events(sid, after):
        for seq, body in rows:
            event = decode_body(body)
            first = event.from_seq if isinstance(event, Cut) else seq
            assert first == after + 1, f"event {seq} follows {after}"
            after = seq
            found.append(body)
    return found


def output_of(reader: LogReader, sid: bytes) -> bytes:
    """All the output the log holds of a session."""
    events = [decode_body(body) for body in everything(reader, sid)]
    return b"".join(event.data for event in events if isinstance(event, Output))
