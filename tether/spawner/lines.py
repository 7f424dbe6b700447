"""JSON lines over a non-blocking Unix stream socket, with file descriptors passed beside a line.

One `send` is one line; its descriptors (SCM_RIGHTS) arrive with its first byte and are handed out
with it, in order. A peer that sends a line over the limit, or no JSON object, is cut off.
"""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Sequence
from typing import Any, Final

LINE_BYTES_MAX: Final = 4 << 20
FDS_MAX: Final = 2
_SEND_BUFFER_MAX: Final = 16 << 20


class LineError(Exception):
    """The peer broke the line protocol."""


class Lines:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.closed = False
        self._inbox = bytearray()
        self._fds: list[int] = []
        self._outbox: list[tuple[bytes, tuple[int, ...]]] = []
        self._queued = 0

    def fileno(self) -> int:
        return self.sock.fileno()

    @property
    def unsent(self) -> bool:
        """True while lines wait for the peer to read: poll for writing, then `flush`."""
        return bool(self._outbox)

    def send(self, message: dict[str, Any], fds: Sequence[int] = ()) -> None:
        """Queue one line. The descriptors are duplicated, so that the caller may close its own."""
        if self.closed:
            return
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        self._queued += len(line)
        if self._queued > _SEND_BUFFER_MAX:
            self.close()
            return
        self._outbox.append((line, tuple(os.dup(fd) for fd in fds)))
        self.flush()

    def flush(self) -> None:
        """Send what can be sent; a peer that is gone closes the connection."""
        while self._outbox and not self.closed:
            line, fds = self._outbox[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            try:
                sent = self.sock.sendmsg([line], rights)
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            for fd in fds:
                os.close(fd)
            self._queued -= sent
            if sent < len(line):
                self._outbox[0] = (line[sent:], ())
            else:
                del self._outbox[0]

    def receive(self) -> list[tuple[dict[str, Any], list[int]]]:
        """Every complete line that has come, each with its descriptors, which now belong to the caller.

        Sets `closed` at the peer's end. LineError when the peer breaks the protocol.
        """
        received: list[tuple[dict[str, Any], list[int]]] = []
        while not self.closed:
            try:
                data, ancillary, _flags, _address = self.sock.recvmsg(65536, socket.CMSG_SPACE(FDS_MAX * 4))
            except BlockingIOError:
                break
            except OSError:
                data, ancillary = b"", []
            for level, kind, payload in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    passed = array.array("i")
                    passed.frombytes(payload[: len(payload) - len(payload) % passed.itemsize])
                    self._fds.extend(passed)
            if not data:
                self.close()
                break
            self._inbox += data
            received += self._split()
        return received

    def close(self) -> None:
        """Close the connection and every descriptor that nobody took."""
        if not self.closed:
            self.closed = True
            self.sock.close()
            for fd in self._fds + [fd for _line, fds in self._outbox for fd in fds]:
                os.close(fd)
            self._fds, self._outbox = [], []

    def _split(self) -> list[tuple[dict[str, Any], list[int]]]:
        messages: list[tuple[dict[str, Any], list[int]]] = []
        while (end := self._inbox.find(b"\n")) >= 0:
            line = bytes(self._inbox[:end])
            del self._inbox[: end + 1]
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, dict):
                self.close()
                raise LineError("a line that is no JSON object")
            # A line says how many descriptors came with it: several lines may be read at once.
            count = message.pop("fds", 0)
            count = count if isinstance(count, int) and 0 <= count <= len(self._fds) else 0
            fds, self._fds = self._fds[:count], self._fds[count:]
            messages.append((message, fds))
        if len(self._inbox) > LINE_BYTES_MAX:
            self.close()
            raise LineError("a line without end")
        return messages
