"""The sockets, each with every option set by name; nothing leans on a default.

All operations are non-blocking: `send` answers False and `receive` None where they would have to
wait. A frame over the limit disconnects its sender (MAXMSGSIZE); a message of more than one frame is
dropped and counted in `malformed`.

pyzmq's own sockets are used beneath the layer of Python that it puts over them: that layer costs each
process a megabyte of pages it no longer shares, and half of the time of a send.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from pathlib import Path
from typing import Final

import zmq
from zmq.backend import Context, Socket

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
# As plain numbers: each use of pyzmq's enumerations runs Python.
_NOBLOCK: Final = int(zmq.NOBLOCK)
_MORE_NOBLOCK: Final = int(zmq.SNDMORE) + _NOBLOCK
_GREETED: Final = int(zmq.EVENT_HANDSHAKE_SUCCEEDED)
_CONNECTION_EVENTS: Final = _GREETED + int(zmq.EVENT_DISCONNECTED)
_PAIR: Final = int(zmq.PAIR)
_LINGER: Final = int(zmq.LINGER)
_OPTIONS: Final = tuple(
    (int(option), value)
    for option, value in (
        (zmq.LINGER, 0),
        (zmq.MAXMSGSIZE, FRAME_BYTES_MAX),
        (zmq.HANDSHAKE_IVL, HANDSHAKE_MS),
        (zmq.RECONNECT_IVL, RECONNECT_MS),
        (zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS),
    )
)
_EVENTS: Final = int(zmq.EVENTS)
_READABLE: Final = int(zmq.POLLIN)
_monitors = itertools.count()


class Bus:
    """One ZeroMQ context: make one per process, after the last fork, and close it at the end."""

    def __init__(self) -> None:
        self._context = Context(1)
        self._open: set[Socket] = set()

    def close(self) -> None:
        """Close every socket of this context at once, dropping what is unsent."""
        while self._open:
            self._open.pop().close(0)
        self._context.term()

    def router(self, path: Path | str) -> Router:
        """Bind a ROUTER. The caller holds the service's lock: binding would steal a living peer's endpoint."""
        socket = self._socket(int(zmq.ROUTER), send=ROUTER_HWM, receive=ROUTER_HWM)
        socket.set(zmq.ROUTER_MANDATORY, 1)
        socket.set(zmq.ROUTER_HANDOVER, 1)
        _bind(socket, path)
        return Router(socket, self._open)

    def publisher(self, path: Path | str | None = None, *, hwm: int = PUBLISHER_HWM) -> Publisher:
        """Bind a PUB (see `router` for the lock). Without `path` it is bound later."""
        publisher = Publisher(self._socket(int(zmq.PUB), send=hwm, receive=hwm), self._open)
        if path is not None:
            publisher.bind(path)
        return publisher

    def dealer(self, path: Path | str, *, monitored: bool = False, hwm: int = DEALER_HWM) -> Dealer:
        """Connect a DEALER. The peer may be absent: it is tried again for ever, every 20 to 500 ms.

        With `monitored`, `Dealer.connections` counts completed handshakes, so that its owner can introduce itself
        again after every one.
        """
        socket = self._socket(int(zmq.DEALER), send=hwm, receive=ROUTER_HWM)
        # Do not queue for a peer that is not there: what is sent must follow the greeting.
        socket.set(zmq.IMMEDIATE, 1)
        monitor = self._monitor(socket) if monitored else None
        _connect(socket, path)
        return Dealer(socket, self._open, monitor)

    def subscriber(self, path: Path | str, *topics: bytes, hwm: int = SUBSCRIBER_HWM) -> Subscriber:
        """Connect a SUB to every frame that begins with one of `topics` (b"" is all); `hwm` frames may wait to be
        received, the next ones are lost."""
        socket = self._socket(int(zmq.SUB), send=hwm, receive=hwm)
        for topic in topics:
            socket.set(zmq.SUBSCRIBE, topic)
        _connect(socket, path)
        return Subscriber(socket, self._open)

    def _socket(self, kind: int, *, send: int, receive: int) -> Socket:
        socket = Socket(self._context, kind)
        self._open.add(socket)
        socket.set(zmq.SNDHWM, send)
        socket.set(zmq.RCVHWM, receive)
        for option, value in _OPTIONS:
            socket.set(option, value)
        return socket

    def _monitor(self, socket: Socket) -> Socket:
        """What tells of `socket`'s connections."""
        address = f"inproc://connections-{next(_monitors)}"
        socket.monitor(address, _CONNECTION_EVENTS)
        monitor = Socket(self._context, _PAIR)
        self._open.add(monitor)
        monitor.set(_LINGER, 0)
        monitor.connect(address)
        return monitor


class _Base:
    def __init__(self, socket: Socket, opened: set[Socket]) -> None:
        self.socket = socket
        self._opened = opened
        self.malformed = 0

    def close(self) -> None:
        self._closed(self.socket)

    def _closed(self, socket: Socket) -> None:
        self._opened.discard(socket)
        socket.close(0)

    def _receive(self) -> bytes | None:
        """The next message of one frame."""
        # Asked first: where nothing waits, receiving raises, which costs more.
        while _has_mail(self.socket):
            frame = self.socket.recv(_NOBLOCK, False)
            if not frame.more:
                return frame.bytes
            self._skip()
        return None

    def _skip(self) -> None:
        """Receive the rest of a message that has more frames than are wanted."""
        self.malformed += 1
        while self.socket.recv(_NOBLOCK, False).more:
            pass


class Router(_Base):
    """Answers many peers by their routing id."""

    pid = 0
    """The process that made the connection of the frame received last, by the kernel's word; 0 when that is unknown."""

    def receive(self) -> tuple[bytes, bytes] | None:
        """The next (peer, frame), or None."""
        while _has_mail(self.socket):
            first = self.socket.recv(_NOBLOCK, False)
            if first.more:
                rest = self.socket.recv(_NOBLOCK, False)
                if not rest.more:
                    self.pid = _pid_of(first)
                    return first.bytes, rest.bytes
                self._skip()
            else:
                self.malformed += 1
        return None

    def send(self, peer: bytes, frame: bytes) -> bool:
        """False when the peer is gone or its queue is full."""
        try:
            self.socket.send(peer, _MORE_NOBLOCK)
            self.socket.send(frame, _NOBLOCK)
        except zmq.ZMQError:
            return False
        return True


class Dealer(_Base):
    """Talks to one Router."""

    def __init__(self, socket: Socket, opened: set[Socket], monitor: Socket | None) -> None:
        super().__init__(socket, opened)
        self.monitor = monitor
        self.connections = 0
        self.connected = False

    def receive(self) -> bytes | None:
        """The next frame, or None."""
        return self._receive()

    def send(self, frame: bytes) -> bool:
        """False when there is no peer or its queue is full."""
        try:
            self.socket.send(frame, _NOBLOCK)
        except zmq.Again:
            return False
        return True

    def drain_monitor(self) -> bool:
        """Read the monitor's events; True when a handshake completed since the last call."""
        fresh = False
        while self.monitor is not None and _has_mail(self.monitor):
            # A 16-bit event and a 32-bit value in the first frame (zmq_socket_monitor(3)); pyzmq's own parser
            # would load asyncio.
            event = int.from_bytes(self.monitor.recv(_NOBLOCK)[:2], sys.byteorder)
            self.monitor.recv(_NOBLOCK)
            if event == _GREETED:
                self.connections += 1
                self.connected = fresh = True
            else:
                self.connected = False
        return fresh

    def close(self) -> None:
        if self.monitor is not None:
            self.socket.monitor(None, 0)
            self._closed(self.monitor)
        super().close()


class Publisher(_Base):
    """Sends to whoever listens; to a listener that is too slow it drops, silently. A hint, never the truth."""

    def bind(self, path: Path | str) -> None:
        """See `Bus.router` for the lock."""
        _bind(self.socket, path)

    def send(self, frame: bytes) -> None:
        with contextlib.suppress(zmq.Again):
            self.socket.send(frame, _NOBLOCK)


class Subscriber(_Base):
    """Receives what matches its topics."""

    def receive(self) -> bytes | None:
        """The next frame, or None."""
        return self._receive()

    def connect(self, path: Path | str) -> None:
        _connect(self.socket, path)

    def disconnect(self, path: Path | str) -> None:
        with contextlib.suppress(zmq.ZMQError):
            self.socket.disconnect(_endpoint(path))

    def subscribe(self, topic: bytes) -> None:
        self.socket.set(zmq.SUBSCRIBE, topic)

    def unsubscribe(self, topic: bytes) -> None:
        self.socket.set(zmq.UNSUBSCRIBE, topic)


def _has_mail(socket: Socket) -> bool:
    return bool(int(socket.get(_EVENTS)) & _READABLE)


def _pid_of(frame: zmq.Frame) -> int:
    # libzmq asks SO_PEERCRED for every connection over a Unix socket, and tells "host:uid:gid:pid".
    try:
        return int(str(frame.get("Peer-Address")).rpartition(":")[2])
    except (zmq.ZMQError, ValueError):
        return 0


def _endpoint(path: Path | str) -> str:
    return f"ipc://{path}"


def _bind(socket: Socket, path: Path | str) -> None:
    # A second guard behind the 0700 directory: the kernel's word on who connects.
    socket.set(zmq.IPC_FILTER_UID, os.geteuid())
    if os.path.lexists(path):
        os.unlink(path)
    try:
        socket.bind(_endpoint(path))
    except zmq.ZMQError as error:
        raise TetherError(
            f"The socket {path} can't be made: {error}", hint="Set TETHER_HOME to a shorter path"
        ) from None


def _connect(socket: Socket, path: Path | str) -> None:
    socket.connect(_endpoint(path))
