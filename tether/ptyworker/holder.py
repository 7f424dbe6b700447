"""The worker's line to the spawner, which holds a copy of the terminal and replaces a worker that dies."""

from __future__ import annotations

import array
import contextlib
import os
import socket
from dataclasses import dataclass
from typing import Any, Final

import msgspec

RETRY_S: Final = 0.5
_READ_MAX: Final = 65536


class _Line(msgspec.Struct):
    sid: str
    spec: dict[str, Any] | None


@dataclass(frozen=True)
class Order:
    """A session for a spare: `spec` starts it, without one it is continued, on the terminal (`master`, `slave`)."""

    sid: str
    spec: dict[str, Any] | None
    master: int
    slave: int


def order_line(
    sid: bytes, spec: dict[str, Any], master: int, slave: int
) -> tuple[list[bytes], list[tuple[int, int, array.array[int]]]]:
    """What `receive_order` takes, for sendmsg."""
    line = msgspec.json.encode({"op": "session", "sid": sid.hex(), "spec": spec, "fds": 2}) + b"\n"
    return [line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", (master, slave)))]


def receive_order(spawner: socket.socket) -> Order | None:
    """Wait for the session that the spawner gives to this spare; None when it ends the connection instead."""
    data, rights, _flags, _address = spawner.recvmsg(_READ_MAX, socket.CMSG_SPACE(8))
    line = data
    while data and not data.endswith(b"\n"):
        data = spawner.recv(_READ_MAX)
        line += data
    if not data:
        return None
    fds = array.array("i", rights[0][2])
    order = msgspec.json.decode(line, type=_Line)
    spawner.setblocking(False)
    return Order(order.sid, order.spec, fds[0], fds[1])


class HolderLink:
    """JSON lines to the spawner's socket, reconnected when the spawner is replaced. Non-blocking."""

    def __init__(self, path: str, sid: str, master: int, slave: int, connected: socket.socket | None = None) -> None:
        """`connected` is the connection over which this worker got its session, if it still stands."""
        self._path = path
        self._sid = sid
        self._fds = (master, slave)
        self._sock = connected
        self._inbox = b""
        self.retry_at = 0.0

    def fileno(self) -> int:
        """The connection's descriptor, -1 when there is none."""
        return self._sock.fileno() if self._sock is not None else -1

    def connect(self, agent: int, now: float) -> bool:
        """Connect and deposit the terminal again, or say that we are there on the connection that stands. False: try
        again at `retry_at`."""
        if self._sock is not None:
            self.tell("worker", pid=os.getpid(), agent=agent)
            return True
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self._path)
            line = {"op": "worker", "sid": self._sid, "pid": os.getpid(), "agent": agent, "fds": 2}
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", self._fds))]
            sock.sendmsg([msgspec.json.encode(line) + b"\n"], rights)
            sock.setblocking(False)
        except OSError:
            sock.close()
            self.retry_at = now + RETRY_S
            return False
        self._sock, self._inbox = sock, b""
        return True

    def tell(self, op: str, **fields: Any) -> None:
        """Send one line; when the spawner is away it learns it at the next connection."""
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.send(msgspec.json.encode({"op": op, "sid": self._sid, **fields}) + b"\n")

    def receive(self, now: float) -> list[dict[str, Any]]:
        """The lines that have come; closes at the spawner's end and sets `retry_at`."""
        lines: list[dict[str, Any]] = []
        while self._sock is not None:
            try:
                data = self._sock.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.close()
                self.retry_at = now + RETRY_S / 10
                break
            *whole, self._inbox = (self._inbox + data).split(b"\n")
            lines += [msgspec.json.decode(line) for line in whole if line]
        return lines

    def close(self) -> None:
        """Close the connection."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
