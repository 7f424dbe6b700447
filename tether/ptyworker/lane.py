"""The lane: the lease holder's short way to the worker, past the broker and the bus.

A Unix stream socket of the session, frames as everywhere behind a u32 big-endian length. The broker
grants: it gives the worker and the holder the same key together with the epoch. A connection must
show that key in its first frame, and is closed when the lease moves on; one that shows a key of which
the worker has not heard yet waits for the broker's word, which may be a moment behind the holder.
Over it go the holder's input and its acknowledgements, and the session's events, sent before the copy
to the bus; and the holder's terminal itself may come over it (see `loan`). Numbers and rules are
those of the bus, so a holder may change over at any time, or never use a lane.
"""

from __future__ import annotations

import array
import hmac
import os
import socket
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether.wire import WireError, decode, encode
from tether.wire.control import HistoryQuery, Input, Lane, LaneAsk, LaneOpen, LaneTerminal, SnapshotQuery
from tether.wire.events import Unknown
from tether.wire.framing import FrameReader, framed

# Pre-authentication connections at a time; the newest push the oldest out.
_WAITING_MAX: Final = 4
# How long an acknowledgement waits for an echo to travel with, in seconds.
_HOLD_S: Final = 0.002
# What may wait for a holder that does not read; events beyond it are skipped, and the holder reads the log.
_UNSENT_MAX: Final = 512 * 1024
_RECEIVE: Final = 64 * 1024
# Descriptors that may come with one message: a terminal and a pipe to its guardian.
_FDS: Final = 2

Backlog = Callable[[], tuple[int, list[bytes]]]
"""The number of the first event that a holder will get, and the frames of those that exist already."""

Opening = Callable[[bytes, int, int], LaneOpen]
"""The first word to a holder: made of its id, its epoch and the number of the first event that it gets."""
OnTerminal = Callable[[bytes, LaneTerminal | LaneAsk, list[int]], None]
"""The holder says something about its terminal; the descriptors that came along are to be closed by who is told."""


class Connection:
    """One peer of the lane's socket."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.reader = FrameReader()
        self.unsent = bytearray()
        self.holder = b""
        self.claim: Lane | None = None
        self.fds: list[int] = []  # came along, and belong to a message that is not complete yet

    def receive(self) -> bytes:
        """What has come; b"" at the end. BlockingIOError when nothing has."""
        if not self.holder:
            return self.sock.recv(_RECEIVE)  # descriptors that come from a stranger are closed by the kernel
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        data, ancillary, _, _ = self.sock.recvmsg(_RECEIVE, socket.CMSG_SPACE(_FDS * 4), flags)
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                got = array.array("i", raw[: len(raw) - len(raw) % 4]).tolist()
                for fd in got:
                    os.set_inheritable(fd, False)
                self.fds += got
        return data

    def take_fds(self) -> list[int]:
        """The descriptors that came along; the caller's from now on."""
        fds, self.fds = self.fds, []
        return fds

    def close(self) -> None:
        self.sock.close()
        for fd in self.take_fds():
            os.close(fd)

    def send(self, data: bytes) -> bool:
        """Queue and send what can be sent. False when the peer is gone."""
        if self.unsent:
            self.unsent += data
            return self.flush()
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        self.unsent += data[sent:]
        return True

    def flush(self) -> bool:
        """Send what waits. False when the peer is gone."""
        try:
            del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


class LaneServer:
    """Listens for the holder of the session `sid`; `on_input` takes its inputs, `on_left` hears that it is gone,
    `on_query` answers its questions, `backlog` and `opening` are asked when it comes in, `on_terminal` hears of the
    terminal that it lends, `watch(fd, write)` polls for us (`write` None: no more)."""

    def __init__(
        self,
        path: str,
        sid: bytes,
        watch: Callable[[int, bool | None], None],
        backlog: Backlog,
        on_input: Callable[[Input], None],
        on_left: Callable[[bytes], None] = lambda _client: None,
        on_query: Callable[[SnapshotQuery | HistoryQuery], msgspec.Struct] | None = None,
        opening: Opening = lambda _client, epoch, first: LaneOpen(epoch, first),
        on_terminal: OnTerminal | None = None,
    ) -> None:
        self._path = path
        self._sid = sid
        self._watch = watch
        self._backlog = backlog
        self._on_input = on_input
        self._on_left = on_left
        self._on_query = on_query
        self._opening = opening
        self._on_terminal = on_terminal
        self._connections: dict[int, Connection] = {}
        self._holder: Connection | None = None
        self._granted = (b"", b"", 0)  # client, key, epoch
        self._held = b""
        self._held_since = 0.0
        _remove(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(8)
        self._listener.setblocking(False)
        watch(self._listener.fileno(), False)

    def owns(self, fd: int) -> bool:
        """True when `fd` is one of this lane's descriptors."""
        return fd in self._connections or fd == self._listener.fileno()

    def grant(self, client: bytes, key: bytes, epoch: int) -> None:
        """From now on only `client` with `key` may use the lane; an older holder is cut off."""
        self._granted = (client, key, epoch)
        if self._holder is not None:
            self._drop(self._holder)
        for connection in list(self._connections.values()):
            if connection.claim is not None and not self._admit(connection, connection.claim):
                self._drop(connection)

    def publish(self, frame: bytes) -> None:
        """Send an event to the holder; one that does not keep up misses it and finds it in the log."""
        holder = self._holder
        if holder is None or len(holder.unsent) > _UNSENT_MAX:
            return
        self.send(frame)

    def send(self, frame: bytes) -> None:
        """Send a frame to the holder."""
        holder = self._holder
        if holder is not None:
            data, self._held = self._held + framed(frame), b""
            if holder.send(data):
                self._watch(holder.sock.fileno(), bool(holder.unsent))
            else:
                self._drop(holder)

    def send_later(self, frame: bytes, now: float) -> None:
        """Send a frame to the holder with what goes to it next, which is often the echo of what it typed: one message
        wakes it once. `tick` sends it when nothing else does."""
        if self._holder is not None:
            self._held_since = self._held_since if self._held else now
            self._held += framed(frame)

    def wait(self, now: float) -> float | None:
        """Seconds until `tick` has something to do; None while nothing is held back."""
        return max(0.0, self._held_since + _HOLD_S - now) if self._held else None

    def tick(self, now: float) -> None:
        """Send what was held back for long enough."""
        holder = self._holder
        if self._held and holder is not None and now - self._held_since >= _HOLD_S:
            data, self._held = self._held, b""
            if holder.send(data):
                self._watch(holder.sock.fileno(), bool(holder.unsent))
            else:
                self._drop(holder)

    @property
    def fds(self) -> list[int]:
        """The descriptor on which the holder's next word comes; none without a holder."""
        return [self._holder.sock.fileno()] if self._holder is not None else []

    def holds(self, client: bytes) -> bool:
        """True when `client` is connected as the holder."""
        return self._holder is not None and self._holder.holder == client

    def ready(self, fd: int) -> None:
        """Serve the descriptor `fd`."""
        if fd == self._listener.fileno():
            self._accept()
            return
        connection = self._connections[fd]
        if connection.unsent and not connection.flush():
            self._drop(connection)
            return
        self._watch(fd, bool(connection.unsent))
        try:
            data = connection.receive()
            frames = connection.reader.feed(data) if data else None
        except BlockingIOError:
            return
        except (OSError, WireError):
            frames = None
        if frames is None:
            self._drop(connection)
            return
        for frame in frames:
            if not self._frame(connection, frame):
                self._drop(connection)
                return

    def close(self) -> None:
        """Close everything and remove the socket's file."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._watch(self._listener.fileno(), None)
        self._listener.close()
        _remove(self._path)

    def _accept(self) -> None:
        try:
            sock = self._listener.accept()[0]
        except OSError:
            return
        waiting = [c for c in self._connections.values() if not c.holder]
        if len(waiting) >= _WAITING_MAX:
            self._drop(waiting[0])
        self._connections[sock.fileno()] = Connection(sock)
        self._watch(sock.fileno(), False)

    def _frame(self, connection: Connection, frame: bytes) -> bool:
        """One frame of a peer; False when it is to be cut off."""
        message = self._decoded(frame)
        if connection.holder:
            if isinstance(message, Input) and message.client == connection.holder:
                self._on_input(message)
            elif isinstance(message, LaneTerminal | LaneAsk) and self._on_terminal is not None:
                self._on_terminal(connection.holder, message, connection.take_fds())
            elif self._on_query is not None and isinstance(message, SnapshotQuery | HistoryQuery):
                # Behind every event that it shows, before every later one.
                self.send(encode(self._sid, self._on_query(message)))
            else:
                return isinstance(message, Unknown)  # of a holder that is newer
            return True
        if not isinstance(message, Lane) or connection.claim is not None:
            return False
        connection.claim = message
        return self._admit(connection, message)

    def _admit(self, connection: Connection, claim: Lane) -> bool:
        """Let the connection in if its key is the one granted; False when it never will be."""
        client, key, epoch = self._granted
        known = key and hmac.compare_digest(claim.key, key)
        if not known or claim.client != client or claim.epoch != epoch:
            return claim.epoch >= epoch
        if self._holder is not None:
            self._drop(self._holder)
        connection.holder, connection.claim, self._holder = client, None, connection
        first, frames = self._backlog()
        self.send(encode(self._sid, self._opening(client, epoch, first)))
        for each in frames:
            self.send(each)
        return True

    def _decoded(self, frame: bytes) -> Any:
        try:
            sid, message = decode(frame)
        except WireError:
            return None
        return message if sid == self._sid else None

    def _drop(self, connection: Connection) -> None:
        fd = connection.sock.fileno()
        if self._connections.pop(fd, None) is None:
            return
        self._watch(fd, None)
        connection.close()
        if self._holder is connection:
            self._holder, self._held = None, b""
            self._on_left(connection.holder)


def _remove(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)
