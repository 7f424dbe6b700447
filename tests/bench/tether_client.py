"""A client of Tether's bus that stays: it starts sessions, types, and knows when output is durable.

It is what the command is without the interpreter's start, on the same messages.
"""

from __future__ import annotations

import os
import select
import time
from typing import Any, Self

from tests.bench.terminals import COLS, ROWS, BenchError
from tether import paths
from tether.bus.client import BrokerClient
from tether.bus.loops import Poller
from tether.bus.sockets import Bus, Subscriber
from tether.cli.lane import LaneClient
from tether.store.reader import LogReader
from tether.wire import decode, encode
from tether.wire.control import Attach, Attached, Detach, Input, InputAck, LaneOpen, Launch, Launched, Refused, Stop
from tether.wire.events import Output
from tether.wire.ids import ClientId
from tether.wire.storing import Committed
from tether.wire.views import SessionView

RESEND_S = 0.3
TIME_LIMIT_S = 20.0


class Client:
    """One connection to the broker, with its own client id."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.paths = paths.resolve(environ)
        self.environ = environ
        self.bus = Bus()
        self.broker = BrokerClient(self.bus, self.paths)
        self.notices = self.bus.subscriber(self.paths.store_pub, b"")
        self.id = ClientId(os.urandom(16))
        self.log: LogReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.log is not None:
            self.log.close()
        self.broker.close()
        self.notices.close()
        self.bus.close()

    def launch(self, provider: str) -> SessionView:
        """Start a session of `provider`."""
        question = Launch(0, provider, [], "", self.environ["HOME"], COLS, ROWS, {"PATH": self.environ["PATH"]})
        answer: Launched = self.broker.ask(bytes(16), question)
        return answer.view

    def stop(self, sid: bytes) -> None:
        """End a session, now."""
        self.broker.ask(sid, Stop(0, "bench", 0.0))

    def type(self, sid: bytes, data: bytes) -> None:
        """Become the controller, and type `data` once."""
        attach = Attach(0, self.id, "bench", "api", "control", COLS, ROWS, take=True)
        attached: Attached = self.broker.ask(sid, attach)
        question = encode(sid, Input(self.id, attached.epoch, attached.last_n + 1, data))
        poller = Poller()
        poller.add(self.broker.dealer)
        deadline = time.monotonic() + TIME_LIMIT_S
        while time.monotonic() < deadline:
            self.broker.dealer.send(question)
            again = time.monotonic() + RESEND_S
            while time.monotonic() < again:
                poller.wait(RESEND_S)
                while (got := self.broker.receive()) is not None:
                    if isinstance(got[1], InputAck) and got[1].n > attached.last_n:
                        self.broker.send(sid, Detach(self.id))
                        return
                    if isinstance(got[1], Refused):
                        raise BenchError(f"input was refused: {got[1].message}")
        raise BenchError("input was not taken")

    def first_byte(self, view: SessionView) -> None:
        """Attach as `tether run` does, and wait for the session's first output on the lane."""
        attach = Attach(0, self.id, "bench", "native", "control", COLS, ROWS)
        attached: Attached = self.broker.ask(view.sid, attach)
        lane = LaneClient(self.paths.worker_lane(view.sid), view.sid, self.id, attached.epoch, attached.lane)
        try:
            deadline = time.monotonic() + TIME_LIMIT_S
            while time.monotonic() < deadline and not lane.dead:
                select.select([lane.fd], [], [], 1.0)
                messages = lane.receive()
                if any(isinstance(message, Output) for message in messages):
                    return
                # What the lane does not bring at its opening is in the log already.
                if any(isinstance(message, LaneOpen) for message in messages) and self._offset(view.sid) > 0:
                    return
            raise BenchError("no output came over the lane")
        finally:
            lane.close()

    def first_output(self, view: SessionView) -> None:
        """Wait for the session's first output, live or from the log, whichever shows it first."""
        live = self.bus.subscriber(self.paths.worker_pub(view.sid), view.sid)
        try:
            self._wait(view.sid, [live, self.notices], lambda: self._offset(view.sid) > 0, live)
        finally:
            live.close()

    def durable(self, sid: bytes, size: int, limit_s: float) -> None:
        """Wait until `size` bytes of output are in the log."""
        self._wait(sid, [self.notices], lambda: self._offset(sid) >= size, None, limit_s)

    def logged(self, sid: bytes) -> int:
        """How many bytes of output are in the log."""
        return self._offset(sid)

    def _wait(
        self, sid: bytes, sockets: list[Subscriber], done: Any, live: Subscriber | None, limit_s: float = TIME_LIMIT_S
    ) -> None:
        poller = Poller()
        for socket in sockets:
            poller.add(socket)
        deadline = time.monotonic() + limit_s
        look = True
        while time.monotonic() < deadline:
            if look and done():
                return
            look = False
            poller.wait(0.25)
            for socket in sockets:
                while (frame := socket.receive()) is not None:
                    found, message = decode(frame)
                    if found == sid and socket is live and isinstance(message, Output):
                        return
                    look = look or (found == sid and isinstance(message, Committed))
        if not done():
            raise BenchError(f"the output did not come within {limit_s:g} s ({self._offset(sid)} bytes are in the log)")

    def _offset(self, sid: bytes) -> int:
        if self.log is None:
            self.log = LogReader(self.paths)
        view = self.log.session(sid)
        return view.offset if view is not None else 0
