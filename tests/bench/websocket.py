"""A WebSocket client of a hundred lines, blocking and without threads: the same one for every peer."""

from __future__ import annotations

import base64
import os
import secrets
import select
import socket
import struct
import time
from typing import Self

from tests.bench.terminals import BenchError

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(data: bytes, kind: int = BINARY) -> bytes:
    """One message of a client's, as it goes over the line."""
    size = len(data)
    head = bytes([0x80 | kind])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    mask = os.urandom(4)
    repeated = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
    return head + mask + masked


class WebSocket:
    """One connection to 127.0.0.1. Messages are bytes, whatever their kind."""

    def __init__(self, port: int, path: str, headers: dict[str, str] | None = None, limit_s: float = 5.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._message = b""  # of the fragments that came so far
        self.bytes = 0  # of messages received
        try:
            self._shake_hands(port, path, headers or {}, limit_s)
        except BaseException:
            self.close()
            raise
        self.socket.setblocking(False)

    def _shake_hands(self, port: int, path: str, headers: dict[str, str], limit_s: float) -> None:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._buffer:
            self._more(time.monotonic() + limit_s)
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            answer = head.split(b"\r\n")[0].decode(errors="replace")
            raise BenchError(f"the server refused the WebSocket: {answer}")
        self._buffer[:] = rest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, without a word."""
        self.socket.close()

    def send(self, data: bytes, kind: int = BINARY) -> None:
        """Send one message."""
        self.socket.setblocking(True)
        self.socket.sendall(frame(data, kind))
        self.socket.setblocking(False)

    def unread(self) -> bytes:
        """What was received and is in no message yet. For whoever reads the socket from now on."""
        return bytes(self._buffer)

    def receive(self, limit_s: float) -> bytes | None:
        """The next whole message, or None when none came in time. BenchError when the server closed."""
        deadline = time.monotonic() + limit_s
        while True:
            frame = self._frame()
            if frame is None:
                if not self._more(deadline):
                    return None
                continue
            final, kind, data = frame
            if kind == CLOSE:
                raise BenchError(f"the server closed the WebSocket: {data[2:].decode(errors='replace')}")
            if kind == PING:
                self.send(data, PONG)
            elif kind != PONG:
                self._message += data
                if final:
                    message, self._message = self._message, b""
                    self.bytes += len(message)
                    return message

    def _more(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            return False
        data = self.socket.recv(262144)
        if not data:
            raise BenchError("the server closed the connection")
        self._buffer += data
        return True

    def _frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size == 126:
            start, size = 4, int.from_bytes(buffer[2:4], "big")
        elif size == 127:
            start, size = 10, int.from_bytes(buffer[2:10], "big")
        if len(buffer) < start or len(buffer) < start + size:
            return None
        data = bytes(buffer[start : start + size])
        head = buffer[0]
        del buffer[: start + size]
        return bool(head & 0x80), head & 0x0F, data
