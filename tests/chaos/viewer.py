"""A viewer that checks what it is shown: it reconnects with its cursor until it has seen the session's end."""

from __future__ import annotations

import os
import threading
import time

from tests.bench.terminals import BenchError
from tests.bench.websocket import WebSocket
from tests.chaos.numbering import Numbered
from tests.support.gateway import Gateway
from tether.wire import decode, encode
from tether.wire.control import Attach, Attached, Refused, Snapshot
from tether.wire.events import Cut, Exited, Lost, Output
from tether.wire.ids import NO_SESSION

RECONNECT_S = 0.05
ATTACH_PATH = "/api/v1/sessions/{id}/attach"
# The first event is Created: a cursor behind it means everything, where 0 would mean a snapshot of the newest.
FROM_THE_START = 1


def connect(gateway: Gateway, session: str, after: int) -> WebSocket:
    """Attach as an observer that wants every event after `after`."""
    headers = {"Authorization": f"Bearer {gateway.owner_token}"}
    socket = WebSocket(gateway.port, ATTACH_PATH.format(id=session), headers)
    attach = Attach(1, os.urandom(16), "viewer", "api", "observe", 80, 24, after=after)
    try:
        socket.send(encode(NO_SESSION, attach))
    except BaseException:
        socket.close()  # the gateway died between the handshake and this
        raise
    return socket


class Viewer(threading.Thread):
    """Reads one session over the WebSocket. `failure` says what was wrong with what it was shown."""

    def __init__(self, gateway: Gateway, session: str, who: str) -> None:
        super().__init__(name=who, daemon=True)
        self.gateway = gateway
        self.session = session
        self.check = Numbered(who)
        self.seq = FROM_THE_START
        self.connections = 0
        self.ended = False
        self.failure: str | None = None
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set() and not self.ended:
            try:
                with connect(self.gateway, self.session, self.seq) as socket:
                    self.connections += 1
                    self._read(socket)
            except (BenchError, OSError):
                self._enough.wait(RECONNECT_S)  # the gateway is being killed: that is what this is about
            except Exception as error:  # noqa: BLE001 - a thread's failure is told by whoever joins it
                self.failure = f"{type(error).__name__}: {error}"
                return

    def finish(self, limit_s: float) -> None:
        """Wait until the session's end was seen; AssertionError when the stream was not exact or did not end."""
        deadline = time.monotonic() + limit_s
        while self.is_alive() and time.monotonic() < deadline:
            self.join(0.2)
        self._enough.set()
        assert self.failure is None, f"{self.name} (seq {self.seq}): {self.failure}"
        where = f"seq {self.seq}, offset {self.check.offset}, after {self.connections} connections"
        assert self.ended, f"{self.name} did not see the session's end within {limit_s:g} s: {where}"

    def stop(self) -> None:
        """Look no longer."""
        self._enough.set()

    def _read(self, socket: WebSocket) -> None:
        while not self._enough.is_set() and not self.ended:
            frame = socket.receive(0.5)
            if frame is not None:
                self.take(decode(frame)[1])

    def take(self, message: object) -> None:
        """One message from the gateway."""
        if isinstance(message, Snapshot | Cut | Lost):
            raise AssertionError(f"{type(message).__name__} in a stream that asked for everything: {message!r:.200}")
        if isinstance(message, Refused):
            # The session is recovering, or the broker is just being started: come again.
            raise BenchError(message.message)
        seq = getattr(message, "seq", None)
        if seq is None or isinstance(message, Attached) or type(message).__name__ == "SessionView":
            return
        assert seq == self.seq + 1, f"event {seq} ({type(message).__name__}) came after {self.seq}"
        self.seq = seq
        if isinstance(message, Output):
            self.check.take(message.data, message.offset)
        elif isinstance(message, Exited):
            self.ended = True
