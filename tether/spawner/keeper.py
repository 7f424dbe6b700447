"""The keeper: holds copies of every session's terminal while spawners come and go.

A terminal whose last master descriptor closes hangs up on its agent. The worker holds one and the
spawner another; when both die within the moment that supervisord needs to start a new spawner, this
third one keeps the agent alive. So the keeper does nothing else: it is no service of supervisord,
has its own process session, ignores signals but SIGKILL's kin, and ends when it holds nothing and no
spawner is connected. While none is, it lets go of sessions whose worker has ended and left no files.

Lines from the spawner: `hold` {sid, meta} with the descriptors; `drop` {sid}; `all`; `leave` when the
spawner was told to end. Line to it: `held` {sid, meta} with the descriptors, once for each, then `end`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Final

from tether import locks
from tether.clock import monotonic
from tether.paths import Paths
from tether.spawner.lines import LineError, Lines

# Without anything to hold and without a spawner: one that died is back soon, one that left may never be.
_ALONE_S: Final = 10.0
_LEFT_S: Final = 1.0
# Without a spawner, which would say `drop`: how often to look for sessions that have ended.
_LOOK_S: Final = 5.0


def connect(paths: Paths, wait_s: float = 3.0) -> Lines:
    """A connection to this gateway's keeper, which is started if there is none. OSError when that fails."""
    deadline = monotonic() + wait_s
    started = False
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(str(paths.keeper))
            return Lines(sock)
        except OSError:
            sock.close()
            if monotonic() > deadline:
                raise
        if not started and not locks.is_held(paths.service_lock("keeper")):
            _start(paths)
            started = True
        select.select([], [], [], 0.02)


def _start(paths: Paths) -> None:
    """Fork twice, so that the keeper is nobody's child here, and run it."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            null = os.open(os.devnull, os.O_RDWR)
            for fd in range(3):
                os.dup2(null, fd)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
            Keeper(paths).run()
    finally:
        os._exit(0)


class Keeper:
    """The keeper's loop."""

    def __init__(self, paths: Paths) -> None:
        self._lock = locks.lock(paths.service_lock("keeper"), 1.0)
        self._held: dict[str, tuple[Any, list[int]]] = {}
        self._peers: dict[int, Lines] = {}
        self._listener = listen(paths.keeper) if self._lock is not None else None
        self._paths = paths
        self._left = False  # the last spawner said that it was told to end

    def run(self) -> None:
        """Serve until there is nothing to hold and nobody to hold it for."""
        while self._listener is not None:
            poller = select.poll()
            poller.register(self._listener.fileno(), select.POLLIN)
            for peer in self._peers.values():
                poller.register(peer.fileno(), select.POLLIN | (select.POLLOUT if peer.unsent else 0))
            wait = self._patience()
            ready = poller.poll(None if wait is None else wait * 1000)
            if not ready and not self._held:
                return
            if not self._peers:
                self._drop_ended()
            for fd, _events in ready:
                if fd == self._listener.fileno():
                    with contextlib.suppress(OSError):
                        self._accept(self._listener.accept()[0])
                else:
                    self._serve(fd)

    def _patience(self) -> float | None:
        """Seconds to wait for a word; None while a spawner is connected."""
        if self._peers:
            return None
        if self._held:
            return _LOOK_S
        return _LEFT_S if self._left else _ALONE_S

    def _drop_ended(self) -> None:
        """Let go of the terminals of sessions whose worker removed its files, as one does whose session has ended."""
        for sid in list(self._held):
            if not any(path.exists() for path in self._paths.worker_files(bytes.fromhex(sid))):
                self._drop(sid)

    def _accept(self, sock: socket.socket) -> None:
        peer = Lines(sock)
        self._peers[peer.fileno()] = peer
        self._left = False

    def _serve(self, fd: int) -> None:
        peer = self._peers[fd]
        peer.flush()
        with contextlib.suppress(LineError):
            for message, fds in peer.receive():
                self._obey(peer, message, fds)
        if peer.closed:
            del self._peers[fd]

    def _obey(self, peer: Lines, message: dict[str, Any], fds: list[int]) -> None:
        sid = str(message.get("sid", ""))
        match message.get("op"):
            case "hold":
                self._drop(sid)
                self._held[sid] = (message.get("meta"), fds)
                fds = []
            case "drop":
                self._drop(sid)
            case "all":
                for held, (meta, kept) in self._held.items():
                    peer.send({"op": "held", "sid": held, "meta": meta, "fds": len(kept)}, kept)
                peer.send({"op": "end"})
            case "leave":
                self._left = True
            case _:
                pass
        for fd in fds:
            os.close(fd)

    def _drop(self, sid: str) -> None:
        for fd in self._held.pop(sid, (None, []))[1]:
            os.close(fd)


def listen(path: Path) -> socket.socket:
    """A listening Unix socket at `path`, 0600, in place of whatever a dead process left there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(old)
    sock.listen(64)
    sock.setblocking(False)
    return sock


def peer_is_us(sock: socket.socket) -> bool:
    """True when the peer runs as our user, as far as the kernel tells."""
    if not sys.platform.startswith("linux"):
        return True  # the 0700 directory is the guard there
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(data[4:8], sys.byteorder) == os.geteuid()
