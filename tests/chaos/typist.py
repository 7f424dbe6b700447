"""Somebody who types numbered lines, each exactly once, while the gateway is being killed.

The rule is the protocol's: inputs are numbered 1, 2, 3... for this client's id; what is not acknowledged is kept and
sent again from the first unacknowledged on, when the worker asks, after 300 ms without a word, or after a reconnect.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from tests.support.gateway import Gateway
from tether import paths
from tether.bus.client import BrokerClient
from tether.bus.loops import Poller
from tether.bus.sockets import Bus
from tether.wire.control import Attach, Attached, Control, Input, InputAck, Refused, Seen

RESEND_S = 0.3
ATTACH_AGAIN_S = 1.0
HEARTBEAT_S = 2.0
WINDOW = 64  # inputs without an acknowledgement


class Typist(threading.Thread):
    """Types `line(n)` for n = 1, 2, 3... at `rate` lines a second until told to finish."""

    def __init__(self, gateway: Gateway, sid: bytes, rate: float) -> None:
        super().__init__(name="typist", daemon=True)
        self.gateway = gateway
        self.sid = sid
        self.rate = rate
        self.typed = 0
        self.resent = 0
        self.failure: str | None = None
        self._id = os.urandom(16)
        self._epoch = 0
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._finish = threading.Event()
        self._attach_at = 0.0
        self._seen_at = 0.0
        self._heard_at = 0.0

    @staticmethod
    def line(number: int) -> bytes:
        """What is typed as number `number`."""
        return b"typed %08d.\n" % number

    def expected(self) -> bytes:
        """What a raw echo of everything typed shows."""
        return b"raw\r\n" + b"".join(self.line(number) for number in range(1, self.typed + 1))

    def finish(self, limit_s: float) -> None:
        """Type no more, and wait until all that was typed is acknowledged."""
        self._finish.set()
        self.join(limit_s)
        assert self.failure is None, self.failure
        assert not self.is_alive(), f"{len(self._waiting)} inputs are not taken after {limit_s:g} s"

    def run(self) -> None:
        bus = Bus()
        broker = BrokerClient(bus, paths.resolve(self.gateway.env))
        try:
            self._type(broker)
        except Exception as error:  # noqa: BLE001 - a thread's failure is told by whoever joins it
            self.failure = f"the typist failed: {type(error).__name__}: {error}"
        finally:
            broker.close()
            bus.close()

    def _type(self, broker: BrokerClient) -> None:
        poller = Poller()
        poller.add(broker.dealer)
        poller.add_monitor(broker.dealer)
        began = time.monotonic()
        while not (self._finish.is_set() and not self._waiting):
            poller.wait(1 / self.rate)
            if broker.hello():
                self._epoch = 0
                self._attach_at = 0.0
            while (got := broker.receive()) is not None:
                if got[0] == self.sid:
                    self._heard(broker, got[1])
            now = time.monotonic()
            due = int((now - began) * self.rate) > self.typed
            if due and len(self._waiting) < WINDOW and not self._finish.is_set():
                self.typed += 1
                self._waiting.append((self.typed, self.line(self.typed)))
                self._send(broker, *self._waiting[-1])
            self._timers(broker, now)

    def _timers(self, broker: BrokerClient, now: float) -> None:
        if not self._epoch and now - self._attach_at > ATTACH_AGAIN_S:
            question = Attach(broker.next_number(), self._id, "typist", "api", "control", 80, 24, take=True)
            if broker.send(self.sid, question):
                self._attach_at = now
        if now - self._seen_at > HEARTBEAT_S:
            broker.send(self.sid, Seen(self._id, 0, 0))
            self._seen_at = now
        if self._epoch and self._waiting and now - self._heard_at > RESEND_S:
            self._send_again(broker, now)

    def _heard(self, broker: BrokerClient, message: object) -> None:
        now = time.monotonic()
        if isinstance(message, Attached):
            self._epoch = message.epoch if message.mode == "control" else 0
            self._taken(message.last_n)
            self._send_again(broker, now)
        elif isinstance(message, InputAck) and message.client == self._id:
            self._heard_at = now
            self._taken(message.n)
            if message.resend:
                self._send_again(broker, now)
        elif isinstance(message, Control) and message.client == self._id:
            self._epoch = message.epoch if message.mode == "control" else 0
        elif isinstance(message, Refused):
            self._epoch = 0

    def _taken(self, upto: int) -> None:
        while self._waiting and self._waiting[0][0] <= upto:
            self._waiting.popleft()

    def _send_again(self, broker: BrokerClient, now: float) -> None:
        self._heard_at = now
        for number, data in self._waiting:
            self._send(broker, number, data)
            self.resent += 1

    def _send(self, broker: BrokerClient, number: int, data: bytes) -> None:
        if self._epoch:
            broker.send(self.sid, Input(self._id, self._epoch, number, data))
