"""The spawner's loop: start, adopt, replace. Everything here is about descriptors and process ids.

The worker's code is imported before the first fork and shared by all workers; there is no thread and
no ZeroMQ context in this process. `run_worker` comes from outside, so that this room does not know
what a worker is.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import signal
import struct
import termios
from collections.abc import Callable
from typing import Any

from tether import locks
from tether.clock import monotonic
from tether.paths import Paths
from tether.spawner import keeper
from tether.spawner.holdings import GRACE_S, Holding, due, next_check
from tether.spawner.lines import LineError, Lines

log = logging.getLogger("tether")

_LOOK_AGAIN_S = 0.01

RunWorker = Callable[[Paths, str, dict[str, Any] | None, int, int], int]
"""(paths, sid in hex, spec or None to continue, master, slave): runs one worker; what it returns becomes its status."""


class Spawner:
    """All state of the service."""

    def __init__(self, paths: Paths, run_worker: RunWorker) -> None:
        self._paths = paths
        self._run_worker = run_worker
        self._holdings: dict[str, Holding] = {}
        self._peers: dict[int, Lines] = {}
        self._workers: dict[int, str] = {}  # connection -> sid
        self._brokers: set[int] = set()
        self._stopping = False
        self._wake_r, self._wake_w = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK) if hasattr(os, "pipe2") else _pipe()
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.signal(signal.SIGINT, self._terminate)
        self._listener = keeper.listen(paths.spawner)
        self._keeper = keeper.connect(paths)
        self._keeper.send({"op": "all"})

    def _terminate(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> None:
        """Serve until SIGTERM. Workers and the keeper go on."""
        while not self._stopping:
            poller = select.poll()
            for fd in (self._listener.fileno(), self._wake_r):
                poller.register(fd, select.POLLIN)
            for peer in (self._keeper, *self._peers.values()):
                poller.register(peer.fileno(), select.POLLIN | (select.POLLOUT if peer.unsent else 0))
            wait = next_check(list(self._holdings.values()), monotonic())
            for fd, _events in poller.poll(None if wait is None else wait * 1000 + 1):
                self._ready(fd)
            self._check()
        self._keeper.send({"op": "leave"})

    def _ready(self, fd: int) -> None:
        if fd == self._wake_r:
            with contextlib.suppress(BlockingIOError):
                os.read(fd, 4096)
            self._reap()
        elif fd == self._listener.fileno():
            with contextlib.suppress(OSError):
                sock = self._listener.accept()[0]
                if keeper.peer_is_us(sock):
                    self._peers[sock.fileno()] = Lines(sock)
        elif fd == self._keeper.fileno():
            self._serve(self._keeper, self._from_keeper)
            if self._keeper.closed:
                self._replace_keeper()
        elif fd in self._peers:
            peer = self._peers[fd]
            self._serve(peer, lambda message, fds: self._from_peer(fd, peer, message, fds))
            if peer.closed:
                self._gone(fd)

    def _serve(self, peer: Lines, handle: Callable[[dict[str, Any], list[int]], None]) -> None:
        peer.flush()
        try:
            for message, fds in peer.receive():
                handle(message, fds)
        except LineError as error:
            log.warning("event=bad-line reason=%s", error)

    # -- lines

    def _from_keeper(self, message: dict[str, Any], fds: list[int]) -> None:
        sid = str(message.get("sid", ""))
        if message.get("op") == "held" and len(fds) == 2 and sid not in self._holdings:
            meta = message.get("meta") or {}
            held = Holding(sid, fds[0], fds[1], int(meta.get("worker_pid", 0)), int(meta.get("agent_pid", 0)))
            held.since = monotonic() - GRACE_S  # look at once: who lives holds its lock
            self._holdings[sid] = held
            log.info("event=adopted sid=%s", sid)
        else:
            _close(fds)

    def _from_peer(self, fd: int, peer: Lines, message: dict[str, Any], fds: list[int]) -> None:
        sid = str(message.get("sid", ""))
        match message.get("op"):
            case "spawn":
                self._brokers.add(fd)
                self._spawn(peer, message, sid)
            case "sessions?":
                self._brokers.add(fd)
                held = [
                    {"sid": h.sid, "worker_pid": h.worker_pid, "alive": h.connection is not None or self._lives(h)}
                    for h in self._holdings.values()
                ]
                peer.send({"op": "sessions", "held": held})
            case "worker" if len(fds) == 2:
                self._worker_connected(fd, peer, message, sid, fds)
                fds = []
            case "agent" if self._workers.get(fd) == sid and sid in self._holdings:
                self._holdings[sid].agent_pid = int(message.get("pid", 0))
                self._holdings[sid].spec = None
                self._keep(self._holdings[sid])
            case "end" if self._workers.get(fd) == sid:
                self._forget(sid)
            case _:
                pass
        _close(fds)

    def _worker_connected(self, fd: int, peer: Lines, message: dict[str, Any], sid: str, fds: list[int]) -> None:
        held = self._holdings.get(sid)
        if held is None:
            held = self._holdings[sid] = Holding(sid, fds[0], fds[1])
            fds = []
        _close(fds)
        recovered = bool(held.deaths)
        held.connected(fd, monotonic())
        held.worker_pid = int(message.get("pid", 0))
        held.agent_pid = int(message.get("agent", 0)) or held.agent_pid
        if held.agent_pid:
            held.spec = None
        self._workers[fd] = sid
        self._keep(held)
        if held.agent_status is not None:
            peer.send({"op": "agent_exit", "pid": held.agent_pid, "status": held.agent_status})
        if recovered:
            self._tell(held, "recovered")

    def _gone(self, fd: int) -> None:
        self._peers.pop(fd, None)
        self._brokers.discard(fd)
        sid = self._workers.pop(fd, None)
        held = self._holdings.get(sid) if sid is not None else None
        if held is not None and held.connection == fd:
            # A dying process closes its connection an instant before its lock: look again soon.
            held.connection, held.since = None, monotonic() - GRACE_S + _LOOK_AGAIN_S
            if not self._lives(held):
                self._replace(held)

    # -- processes

    def _spawn(self, broker: Lines, message: dict[str, Any], sid: str) -> None:
        spec = message.get("spec")
        answer = {"req": message.get("req"), "sid": sid}
        if not isinstance(spec, dict) or len(sid) != 32 or sid in self._holdings:
            broker.send({"op": "failed", **answer, "error": "a bad or repeated request"})
            return
        try:
            master, slave = open_terminal(int(spec["cols"]), int(spec["rows"]))
            held = Holding(sid, master, slave, spec=spec, since=monotonic())
            self._fork(held)
        except (OSError, KeyError, TypeError, ValueError) as error:
            broker.send({"op": "failed", **answer, "error": f"no worker could be started: {error}"})
            return
        self._holdings[sid] = held
        self._keep(held)
        broker.send({"op": "spawned", **answer, "pid": held.worker_pid})

    def _fork(self, held: Holding) -> None:
        pid = os.fork()
        if pid:
            held.worker_pid = pid
            return
        status = 70
        try:
            status = self._become_worker(held)
        except BaseException:
            log.exception("event=worker-failed sid=%s", held.sid)
        finally:
            os._exit(status)

    def _become_worker(self, held: Holding) -> int:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _close_all_but({0, 1, 2, held.master, held.slave})
        return self._run_worker(self._paths, held.sid, held.spec, held.master, held.slave)

    def _reap(self) -> None:
        """Collect dead children: workers, and the agents of dead workers, which the kernel gives to us.

        Of a worker's end its connection tells; of such an agent's end, only this.
        """
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for held in self._holdings.values():
                if held.agent_pid == pid:
                    held.agent_status = status
                    if held.connection is not None:
                        self._peers[held.connection].send({"op": "agent_exit", "pid": pid, "status": status})

    def _lives(self, held: Holding) -> bool:
        """True when a worker holds the session's lock: it may be re-executing itself, or about to connect."""
        return locks.is_held(self._paths.worker_lock(bytes.fromhex(held.sid)))

    def _check(self) -> None:
        now = monotonic()
        for held in due(list(self._holdings.values()), now):
            held.since = now
            if not self._lives(held):
                self._replace(held)

    def _replace(self, held: Holding) -> None:
        sid = bytes.fromhex(held.sid)
        if held.spec is None and not self._paths.ring(sid).exists():
            # Its session ended, and nobody could tell a spawner. The broker knows from the log how it ended.
            self._lose(held, "its worker left nothing to continue from")
            for path in self._paths.worker_files(sid):
                path.unlink(missing_ok=True)
            return
        if not held.died(monotonic()):
            self._lose(held, "its worker died again and again, or found nothing to continue from")
            return
        self._tell(held, "recovering")
        log.warning("event=worker-died sid=%s pid=%d", held.sid, held.worker_pid)
        held.connection, held.since = None, monotonic()
        try:
            self._fork(held)
        except OSError as error:
            log.error("event=fork-failed sid=%s reason=%s", held.sid, error)

    def _lose(self, held: Holding, cause: str) -> None:
        log.error("event=given-up sid=%s deaths=%d cause=%r", held.sid, len(held.deaths), cause)
        self._tell(held, "lost", cause)
        self._forget(held.sid)

    # -- keeping

    def _keep(self, held: Holding) -> None:
        self._keeper.send({"op": "hold", "sid": held.sid, "meta": held.meta, "fds": 2}, (held.master, held.slave))

    def _replace_keeper(self) -> None:
        log.warning("event=keeper-died")
        self._keeper = keeper.connect(self._paths)
        for held in self._holdings.values():
            self._keep(held)

    def _forget(self, sid: str) -> None:
        held = self._holdings.pop(sid, None)
        if held is not None:
            _close([held.master, held.slave])
            self._keeper.send({"op": "drop", "sid": sid})

    def _tell(self, held: Holding, state: str, cause: str = "") -> None:
        line = {"op": "worker", "sid": held.sid, "state": state, "pid": held.worker_pid, "cause": cause}
        for fd in self._brokers:
            self._peers[fd].send(line)


def open_terminal(cols: int, rows: int) -> tuple[int, int]:
    """A new pseudo-terminal of that size: (master, slave), the master non-blocking. OSError when there is none.

    The size is set before any agent can ask for it: a new terminal's is 0x0.
    """
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    os.set_blocking(master, False)
    return master, slave


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return reader, writer


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _close_all_but(keep: set[int]) -> None:
    start = 0
    for fd in sorted(keep):
        # An empty range from 0 would close everything: the kernel reads its end, -1, as unsigned.
        if start < fd:
            os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))
