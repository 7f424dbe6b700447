"""The sockets, each with every option set by name; nothing leans on a default.

All operations are non-blocking: `send` answers False and `receive` None where they would have to
wait. A frame over the limit disconnects its sender (MAXMSGSIZE); a message of more than one frame is
dropped and counted in `malformed`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import zmq

from tether.errors import TetherError
from tether.wire.limits import FRAME_BYTES_MAX

# Counted in messages. Sixteen full output events are half a megabyte: enough to keep the store's pipe busy, little
# enough that a worker notices within milliseconds that the store is slow.
DEALER_HWM: Final = 64
ROUTER_HWM: Final = 4096
# A viewer that does not read costs its publisher at most 256 full events (8 MB), then loses the next and refetches.
PUBLISHER_HWM: Final = 256
SUBSCRIBER_HWM: Final = 1024
HANDSHAKE_MS: Final = 2000
RECONNECT_MS: Final = 20
RECONNECT_MAX_MS: Final = 500


class Bus:
    """One ZeroMQ context: make one per process, after the last fork, and close it at the end."""

    def __init__(self) -> None:
        self._context = zmq.Context(io_threads=1)

    def close(self) -> None:
        """Close every socket of this context at once, dropping what is unsent."""
        self._context.destroy(linger=0)

    def router(self, path: Path) -> Router:
        """Bind a ROUTER. The caller holds the service's lock: binding would steal a living peer's endpoint."""
        socket = self._socket(zmq.ROUTER, send=ROUTER_HWM, receive=ROUTER_HWM)
        socket.set(zmq.ROUTER_MANDATORY, 1)
        socket.set(zmq.ROUTER_HANDOVER, 1)
        _bind(socket, path)
        return Router(socket)

    def publisher(self, path: Path | None = None, *, hwm: int = PUBLISHER_HWM) -> Publisher:
        """Bind a PUB (see `router` for the lock). Without `path` it is bound later."""
        publisher = Publisher(self._socket(zmq.PUB, send=hwm, receive=hwm))
        if path is not None:
            publisher.bind(path)
        return publisher

    def dealer(self, path: Path, *, monitored: bool = False, hwm: int = DEALER_HWM) -> Dealer:
        """Connect a DEALER. The peer may be absent: it is tried again for ever, every 20 to 500 ms.

        With `monitored`, `Dealer.connections` counts completed handshakes, so that its owner can introduce itself
        again after every one.
        """
        socket = self._socket(zmq.DEALER, send=hwm, receive=ROUTER_HWM)
        # Do not queue for a peer that is not there: what is sent must follow the greeting.
        socket.set(zmq.IMMEDIATE, 1)
        monitor = (
            socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED) if monitored else None
        )
        if monitor is not None:
            monitor.set(zmq.LINGER, 0)
        _connect(socket, path)
        return Dealer(socket, monitor)

    def subscriber(self, path: Path, *topics: bytes, hwm: int = SUBSCRIBER_HWM) -> Subscriber:
        """Connect a SUB to every frame that begins with one of `topics` (b"" is all); `hwm` frames may wait to be
        received, the next ones are lost."""
        socket = self._socket(zmq.SUB, send=hwm, receive=hwm)
        for topic in topics:
            socket.subscribe(topic)
        _connect(socket, path)
        return Subscriber(socket)

    def _socket(self, kind: int, *, send: int, receive: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.set(zmq.SNDHWM, send)
        socket.set(zmq.RCVHWM, receive)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.MAXMSGSIZE, FRAME_BYTES_MAX)
        socket.set(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.set(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        return socket


class _Base:
    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self.socket = socket
        self.malformed = 0

    def close(self) -> None:
        self.socket.close(linger=0)

    def _receive(self, frames_wanted: int) -> list[bytes] | None:
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            if len(frames) == frames_wanted:
                return frames
            self.malformed += 1


class Router(_Base):
    """Answers many peers by their routing id."""

    pid = 0
    """The process that made the connection of the frame received last, by the kernel's word; 0 when that is unknown."""

    def receive(self) -> tuple[bytes, bytes] | None:
        """The next (peer, frame), or None."""
        while True:
            try:
                first = self.socket.recv(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return None
            rest = self.socket.recv_multipart(zmq.NOBLOCK) if first.more else []
            if len(rest) == 1:
                self.pid = _pid_of(first)
                return first.bytes, rest[0]
            self.malformed += 1

    def send(self, peer: bytes, frame: bytes) -> bool:
        """False when the peer is gone or its queue is full."""
        try:
            self.socket.send_multipart((peer, frame), zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True


class Dealer(_Base):
    """Talks to one Router."""

    def __init__(self, socket: zmq.Socket[bytes], monitor: zmq.Socket[bytes] | None) -> None:
        super().__init__(socket)
        self.monitor = monitor
        self.connections = 0
        self.connected = False

    def receive(self) -> bytes | None:
        """The next frame, or None."""
        frames = self._receive(1)
        return frames[0] if frames is not None else None

    def send(self, frame: bytes) -> bool:
        """False when there is no peer or its queue is full."""
        try:
            self.socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def drain_monitor(self) -> bool:
        """Read the monitor's events; True when a handshake completed since the last call."""
        fresh = False
        while self.monitor is not None:
            try:
                # A 16-bit event and a 32-bit value in the first frame (zmq_socket_monitor(3)); pyzmq's own parser
                # would load asyncio.
                event = int.from_bytes(self.monitor.recv_multipart(zmq.NOBLOCK)[0][:2], sys.byteorder)
            except zmq.Again:
                break
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.connections += 1
                self.connected = fresh = True
            else:
                self.connected = False
        return fresh

    def close(self) -> None:
        if self.monitor is not None:
            self.socket.disable_monitor()
            self.monitor.close(linger=0)
        super().close()


class Publisher(_Base):
    """Sends to whoever listens; to a listener that is too slow it drops, silently. A hint, never the truth."""

    def bind(self, path: Path) -> None:
        """See `Bus.router` for the lock."""
        _bind(self.socket, path)

    def send(self, frame: bytes) -> None:
        with contextlib.suppress(zmq.Again):
            self.socket.send(frame, zmq.NOBLOCK)


class Subscriber(_Base):
    """Receives what matches its topics."""

    def receive(self) -> bytes | None:
        """The next frame, or None."""
        frames = self._receive(1)
        return frames[0] if frames is not None else None

    def connect(self, path: Path) -> None:
        _connect(self.socket, path)

    def disconnect(self, path: Path) -> None:
        with contextlib.suppress(zmq.ZMQError):
            self.socket.disconnect(_endpoint(path))

    def subscribe(self, topic: bytes) -> None:
        self.socket.subscribe(topic)

    def unsubscribe(self, topic: bytes) -> None:
        self.socket.unsubscribe(topic)


def _pid_of(frame: zmq.Frame) -> int:
    # libzmq asks SO_PEERCRED for every connection over a Unix socket, and tells "host:uid:gid:pid".
    try:
        return int(str(frame.get("Peer-Address")).rpartition(":")[2])
    except (zmq.ZMQError, ValueError):
        return 0


def _endpoint(path: Path) -> str:
    return f"ipc://{path}"


def _bind(socket: zmq.Socket[bytes], path: Path) -> None:
    # A second guard behind the 0700 directory: the kernel's word on who connects.
    socket.set(zmq.IPC_FILTER_UID, os.geteuid())
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    try:
        socket.bind(_endpoint(path))
    except zmq.ZMQError as error:
        raise TetherError(
            f"The socket {path} can't be made: {error}", hint="Set TETHER_HOME to a shorter path"
        ) from None


def _connect(socket: zmq.Socket[bytes], path: Path) -> None:
    socket.connect(_endpoint(path))
