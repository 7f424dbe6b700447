"""The client's end of a session's lane: the lease holder's short way to the worker (see tether.ptyworker.lane)."""

from __future__ import annotations

import array
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tether.wire import WireError, decode, encode
from tether.wire.control import Lane, LaneAsk, LaneTerminal
from tether.wire.framing import FrameReader, framed


class LaneClient:
    """One connection. Whatever goes wrong on it, the bus is there; so nothing raises, the lane is only `dead`."""

    def __init__(self, path: Path, sid: bytes, client: bytes, epoch: int, key: bytes) -> None:
        self.epoch = epoch
        self.open = False  # the worker has let us in
        self.dead = False  # for its owner to close
        self.terminals = 0  # the worker takes a terminal: see LaneOpen
        self._sid = sid
        self._unsent = b""
        self._reader = FrameReader()
        self._sock: socket.socket | None = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.setblocking(False)
        try:
            self._sock.connect(str(path))
        except OSError:
            self._fail()
            return
        self._send(framed(encode(sid, Lane(client, epoch, key))))

    @property
    def fd(self) -> int:
        """The descriptor to wait for; -1 when the lane is closed."""
        return self._sock.fileno() if self._sock is not None else -1

    @property
    def blocked(self) -> bool:
        """True when the worker does not take what is sent."""
        return bool(self._unsent)

    def close(self) -> None:
        """Idempotent."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        self.open = False

    def send(self, frame: bytes) -> bool:
        """False when it can't be sent now."""
        if not self.open or self._unsent:
            return False
        self._send(framed(frame))
        return not self.dead

    def say(self, message: LaneAsk) -> None:
        """Send a word about the terminal; in the worst case it is late."""
        if self._unsent:
            self._unsent += framed(encode(self._sid, message))
        else:
            self._send(framed(encode(self._sid, message)))

    def lend(self, offer: LaneTerminal, fds: Sequence[int]) -> bool:
        """Send the terminal and a pipe to its guardian. False when it can't be sent now; then nothing was."""
        if self._sock is None or not self.open or self._unsent:
            return False
        data = framed(encode(self._sid, offer))
        try:
            sent = self._sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
        except OSError:
            return False
        self._unsent = data[sent:]
        return True

    def flush(self) -> None:
        """Send on, when the worker takes more."""
        data, self._unsent = self._unsent, b""
        if data:
            self._send(data)

    def receive(self) -> list[Any]:
        """What came; [] also when the lane has just died."""
        if self._sock is None or self.dead:
            return []
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        try:
            if data:
                return [decode(frame)[1] for frame in self._reader.feed(data)]
        except WireError:
            pass
        self._fail()
        return []

    def _send(self, data: bytes) -> None:
        if self._sock is None:
            return
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # What the worker said before it went is still to be read; then comes the end.
            self.open, sent = False, len(data)
        self._unsent = data[sent:]

    def _fail(self) -> None:
        """No more use. The descriptor stays until its owner, who polls it, closes."""
        self.dead = True
        self.open = False
        self._unsent = b""
