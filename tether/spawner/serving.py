"""The spawner's loop: who is connected, and the lines they send. What follows from them is in `workforce`.

Everything here is about descriptors and process ids. There is no thread and no ZeroMQ context in this
process, and no worker's code: the nursery has it.
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
from typing import Any

from tether.paths import Paths
from tether.spawner import keeper
from tether.spawner.holdings import Holding
from tether.spawner.lines import LineError, Lines
from tether.spawner.nursery import Load, Nursery
from tether.spawner.workforce import Workforce

log = logging.getLogger("tether")


class Spawner:
    """All connections of the service. `load` is the nursery's."""

    def __init__(self, paths: Paths, load: Load) -> None:
        self._paths = paths
        self._peers: set[Lines] = set()
        self._brokers: set[Lines] = set()
        self._stopping = False
        self._wake_r, self._wake_w = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK) if hasattr(os, "pipe2") else _pipe()
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.signal(signal.SIGINT, self._terminate)
        self._listener = keeper.listen(paths.spawner)
        self._nursery = Nursery(load)
        self._workforce = Workforce(paths, self._nursery, self._tell_brokers, self._tell_keeper)
        self._workforce.prepare()
        self._keeper = keeper.connect(paths)
        self._keeper.send({"op": "all"})

    def _terminate(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> None:
        """Serve until SIGTERM. Workers and the keeper go on."""
        while not self._stopping:
            self._bury()
            connections = {one.fileno(): one for one in (self._keeper, *self._peers, *self._workforce.connections)}
            poller = select.poll()
            for fd in (self._listener.fileno(), self._wake_r, self._nursery.fileno()):
                if fd >= 0:
                    poller.register(fd, select.POLLIN)
            for fd, one in connections.items():
                poller.register(fd, select.POLLIN | (select.POLLOUT if one.unsent else 0))
            wait = self._workforce.wait_s()
            for fd, _events in poller.poll(None if wait is None else wait * 1000 + 1):
                if fd in connections:
                    self._serve(connections[fd])
                else:
                    self._ready(fd)
            self._workforce.check()
        self._keeper.send({"op": "leave"})

    def _bury(self) -> None:
        """Forget who has closed its connection, or had it closed by a failed send, and what follows from that."""
        if self._keeper.closed:
            log.warning("event=keeper-died")
            self._keeper = keeper.connect(self._paths)
            self._workforce.keep_all()
        while gone := [one for one in (*self._peers, *self._workforce.connections) if one.closed]:
            for one in gone:
                self._peers.discard(one)
                self._brokers.discard(one)
                self._workforce.left(one)

    def _ready(self, fd: int) -> None:
        if fd == self._wake_r:
            with contextlib.suppress(BlockingIOError):
                os.read(fd, 4096)
            self._reap()
        elif fd == self._listener.fileno():
            with contextlib.suppress(OSError):
                sock = self._listener.accept()[0]
                if keeper.peer_is_us(sock):
                    self._peers.add(Lines(sock))
        else:
            self._workforce.from_nursery()

    def _serve(self, peer: Lines) -> None:
        peer.flush()
        try:
            for message, fds in peer.receive():
                if peer is self._keeper:
                    self._from_keeper(message, fds)
                else:
                    self._from_peer(peer, message, fds)
        except LineError as error:
            log.warning("event=bad-line reason=%s", error)

    # -- lines

    def _from_keeper(self, message: dict[str, Any], fds: list[int]) -> None:
        sid = str(message.get("sid", ""))
        if message.get("op") == "held" and len(fds) == 2 and sid not in self._workforce.holdings:
            meta = message.get("meta") or {}
            held = Holding(sid, fds[0], fds[1], int(meta.get("worker_pid", 0)), int(meta.get("agent_pid", 0)))
            self._workforce.adopt(held)
        else:
            _close(fds)

    def _from_peer(self, peer: Lines, message: dict[str, Any], fds: list[int]) -> None:
        sid = str(message.get("sid", ""))
        workforce = self._workforce
        known = workforce.of(peer)
        match message.get("op"):
            case "spawn":
                self._brokers.add(peer)
                self._spawn(peer, message, sid)
            case "sessions?":
                self._brokers.add(peer)
                held = [
                    {"sid": h.sid, "worker_pid": h.worker_pid, "alive": h.connection is not None or workforce.lives(h)}
                    for h in workforce.holdings.values()
                ]
                peer.send({"op": "sessions", "held": held})
            case "worker" if len(fds) == 2 or (known is not None and known.sid == sid):
                self._worker_is_here(peer, message, sid, fds)
                fds = []
            case "end" if known is not None and known.sid == sid:
                workforce.forget(sid)
            case _:
                pass
        _close(fds)

    def _worker_is_here(self, peer: Lines, message: dict[str, Any], sid: str, fds: list[int]) -> None:
        held = self._workforce.holdings.get(sid)
        if held is None:
            held = Holding(sid, fds[0], fds[1])
            fds = []
        _close(fds)
        self._workforce.here(peer, held, int(message.get("pid", 0)), int(message.get("agent", 0)))
        if held.agent_status is not None:
            peer.send({"op": "agent_exit", "pid": held.agent_pid, "status": held.agent_status})

    def _spawn(self, broker: Lines, message: dict[str, Any], sid: str) -> None:
        spec = message.get("spec")
        req = message.get("req")
        if not isinstance(spec, dict) or len(sid) != 32 or sid in self._workforce.holdings:
            broker.send({"op": "failed", "req": req, "sid": sid, "error": "a bad or repeated request"})
            return
        fds: tuple[int, ...] = ()
        try:
            fds = master, slave = open_terminal(int(spec["cols"]), int(spec["rows"]))
            held = Holding(sid, master, slave, spec=spec, answer=lambda line: broker.send({**line, "req": req}))
            self._workforce.begin(held)
        except (OSError, KeyError, TypeError, ValueError) as error:
            _close(fds)
            broker.send({"op": "failed", "req": req, "sid": sid, "error": f"no worker could be started: {error}"})

    # -- processes

    def _reap(self) -> None:
        """Collect dead children: the nursery, the workers of one that died, and the agents of dead workers, which the
        kernel gives to us. Of a worker's end its connection tells; of such an agent's end, only this."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._workforce.ended(pid, status)

    # -- telling

    def _tell_brokers(self, line: dict[str, Any]) -> None:
        for broker in self._brokers:
            broker.send(line)

    def _tell_keeper(self, line: dict[str, Any], fds: tuple[int, ...]) -> None:
        self._keeper.send(line, fds)


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


def _close(fds: tuple[int, ...] | list[int]) -> None:
    for fd in fds:
        os.close(fd)
