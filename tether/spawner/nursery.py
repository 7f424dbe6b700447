"""The nursery: the process from which workers are forked, and the spare that waits for the next session.

A worker costs little memory because it shares its parent's pages, for as long as neither of them
writes there; in Python, running a function writes. So the parent of workers is a process that has
their code imported and then does nothing but fork. Each of its children is first a spare: it makes
its sockets, which takes longest, and waits on a connection for its session. The spawner keeps one
spare in store and gives it to the next session.

A spare holds no lock and no session; it ends with the connection, as the nursery does.

On the connection to the nursery: the spawner sends one byte for each spare that it wants, with the
spare's end of a new socket pair (SCM_RIGHTS). The nursery answers with a line: the child's pid, or
minus the error number.
"""

from __future__ import annotations

import array
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tether import service
from tether.spawner.lines import Lines

log = logging.getLogger("tether")

RunSpare = Callable[[int], int]
"""(descriptor of its connection): what a spare does; what it returns becomes its exit status."""
Load = Callable[[], RunSpare]
"""Import what workers need, and say what a spare does. Called in the nursery."""


@dataclass
class Spare:
    """A worker without a session yet, asked for at `since`. `pid` is 0 until the nursery has told it; `error` says why
    there will be none."""

    lines: Lines
    since: float
    pid: int = 0
    error: str = ""


class Nursery:
    """The spawner's side. The process is started at the first need, and again when it has died."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._sock: socket.socket | None = None
        self._asked: deque[Spare] = deque()
        self._inbox = b""
        self.pid = 0

    def fileno(self) -> int:
        """The connection's descriptor, -1 while there is no process."""
        return self._sock.fileno() if self._sock is not None else -1

    def ask(self, now: float) -> Spare:
        """Have a spare forked. It may be told its session at once. OSError when there can be none."""
        process = self._sock or self._start()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))
            try:
                process.sendmsg([b"+"], [rights])
            except OSError:
                ours.close()
                raise
        spare = Spare(Lines(ours), now)
        self._asked.append(spare)
        return spare

    def receive(self) -> list[Spare]:
        """The spares of which the nursery has told something. Call when the descriptor is readable."""
        told: list[Spare] = []
        while self._sock is not None:
            try:
                data = self._sock.recv(4096)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                log.warning("event=nursery-died pid=%d", self.pid)
                self.close()
                break
            *lines, self._inbox = (self._inbox + data).split(b"\n")
            for number in map(int, lines):
                spare = self._asked.popleft()
                spare.pid, spare.error = max(0, number), os.strerror(-number) if number < 0 else ""
                told.append(spare)
        return told

    def close(self) -> None:
        """Let go of the process, which ends. What it was asked for and did not fork sees its connection end."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        self._asked.clear()
        self._inbox = b""

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                _be_the_nursery(theirs.detach(), self._load)
            os._exit(70)
        theirs.close()
        ours.setblocking(False)
        self._sock, self.pid = ours, pid
        return ours


def _be_the_nursery(connection: int, load: Load) -> None:
    service.close_all_but({0, 1, 2, connection})
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Its children are waited for by nobody: the kernel forgets them. Their own children come to the spawner.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        run_spare = load()
    except BaseException:
        log.exception("event=nursery-failed")
        raise
    with socket.socket(fileno=connection) as sock:
        status = _fork_on_demand(sock, run_spare)
    os._exit(status)


def _fork_on_demand(sock: socket.socket, run_spare: RunSpare) -> int:
    """Fork a child for each byte; 0 at the connection's end. In the child: the status with which it is to exit."""
    connection = sock.fileno()
    size = socket.CMSG_SPACE(4)
    while True:
        data, rights, _flags, _address = sock.recvmsg(1, size)
        if not data:
            return 0
        spare = int.from_bytes(rights[0][2][:4], sys.byteorder)
        try:
            pid = service.fork()
        except OSError as error:
            pid = -(error.errno or errno.EAGAIN)
        if pid == 0:
            return _be_a_spare(run_spare, connection, spare)
        os.close(spare)
        os.write(connection, b"%d\n" % pid)


def _be_a_spare(run_spare: RunSpare, connection: int, spare: int) -> int:
    try:
        os.setsid()
        os.close(connection)
        return run_spare(spare)
    except BaseException:
        log.exception("event=worker-failed")
        return 70
