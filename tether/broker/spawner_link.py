"""The broker's connection to the spawner: JSON lines over a Unix stream socket that never waits."""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path
from typing import Any

import msgspec

# The longest line is one launch; JSON may double the size of a Launch frame.
_INBOX_MAX = 4 << 20
_OUTBOX_MAX = 16 << 20


class LineBuffer:
    """Cuts a stream of bytes into JSON objects; what is none is skipped and counted. Pure."""

    def __init__(self) -> None:
        self.garbage = 0
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The objects completed by `data`. ValueError when a line is longer than any can be."""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest
        if len(rest) > _INBOX_MAX:
            raise ValueError("a line without end")
        objects: list[dict[str, Any]] = []
        for line in lines:
            try:
                objects.append(msgspec.json.decode(line, type=dict[str, Any]))
            except (msgspec.DecodeError, RecursionError):
                self.garbage += 1
        return objects


class SpawnerLink:
    """Connects again whenever it is asked to. `connection` numbers the present one; 0 is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sock: socket.socket | None = None
        self._lines = LineBuffer()
        self._outbox = bytearray()
        self._made = 0
        self.connection = 0

    @property
    def fd(self) -> int | None:
        return self._sock.fileno() if self._sock is not None else None

    @property
    def unsent(self) -> bool:
        """True while there is something to send when the socket takes it: poll for writing, then `flush`."""
        return bool(self._outbox)

    def connect(self) -> bool:
        """Try once; True when a new connection stands."""
        if self._sock is not None:
            return False
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(str(self._path))
        except OSError:
            sock.close()
            return False
        self._sock = sock
        self._lines = LineBuffer()
        self._outbox.clear()
        self._made += 1
        self.connection = self._made
        return True

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None
            self.connection = 0

    def send(self, line: dict[str, Any]) -> bool:
        """Queue one line. False when there is no connection."""
        if self._sock is None:
            return False
        self._outbox += msgspec.json.encode(line) + b"\n"
        if len(self._outbox) > _OUTBOX_MAX:
            self.close()
            return False
        return self.flush()

    def flush(self) -> bool:
        """Send what the socket takes; False when the connection broke."""
        with contextlib.suppress(BlockingIOError):
            try:
                while self._outbox and self._sock is not None:
                    del self._outbox[: self._sock.send(self._outbox)]
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
                    return True
                self.close()
                return False
        return True

    def receive(self) -> list[dict[str, Any]]:
        """The lines that have come. Closes the connection at the peer's end."""
        objects: list[dict[str, Any]] = []
        while self._sock is not None:
            try:
                data = self._sock.recv(65536)
                if data:
                    objects += self._lines.feed(data)
                    continue
            except BlockingIOError:
                break
            except (OSError, ValueError):
                pass
            self.close()
        return objects
