"""A blocking connection to the broker for programs that ask and wait: the command, tests, scripts."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from tether import secret_files
from tether.bus.loops import Poller
from tether.bus.sockets import Bus, Dealer
from tether.clock import monotonic
from tether.errors import CONFLICT, FAILED, NO_GATEWAY, NOT_ALLOWED, NOT_FOUND, USAGE, TetherError
from tether.paths import Paths
from tether.wire import decode, encode
from tether.wire.control import Hello, Refused, Welcome
from tether.wire.ids import NO_SESSION
from tether.wire.version import PROTOCOL

_STATUS = {
    "not-found": NOT_FOUND,
    "observe-only": CONFLICT,
    "stale-epoch": CONFLICT,
    "protocol": NO_GATEWAY,
    "not-ready": NO_GATEWAY,
    "provider": USAGE,
    "args": USAGE,
    "cwd": USAGE,
    "forbidden": NOT_ALLOWED,
}


class BrokerClient:
    """Introduces itself, asks, and waits for answers. Not for threads.

    `dealer` may be polled by the owner, who then calls `receive`; `ask` keeps what else arrives in `pending`.
    """

    def __init__(self, bus: Bus, paths: Paths, role: str = "client") -> None:
        self.bus = bus
        self.dealer: Dealer = bus.dealer(paths.broker, monitored=True)
        self.pending: list[tuple[bytes, Any]] = []
        self.boot = ""
        self.greeted = 0  # how often we have introduced ourselves: whoever shares the connection begins anew after each
        self._paths = paths
        self._role = role
        self._numbers = itertools.count(1)
        self._poller = Poller()
        self._poller.add(self.dealer)
        self._poller.add_monitor(self.dealer)

    def close(self) -> None:
        self.dealer.close()

    def hello(self) -> bool:
        """Introduce ourselves if the connection is new; True when we did. Call when the dealer's poll fires."""
        if not self.dealer.drain_monitor():
            return False
        token = secret_files.read(self._paths.bus_token) or ""
        self.greeted += 1
        return self.dealer.send(encode(NO_SESSION, Hello(PROTOCOL, self._role, token)))

    def receive(self) -> tuple[bytes, Any] | None:
        """The next message that is no Welcome, or None."""
        while (frame := self.dealer.receive()) is not None:
            sid, message = decode(frame)
            if not isinstance(message, Welcome):
                return sid, message
            self.boot = message.boot
        return None

    def send(self, sid: bytes, message: msgspec.Struct) -> bool:
        """False when the broker is away."""
        return self.dealer.send(encode(sid, message))

    def next_number(self) -> int:
        """A fresh `req`."""
        return next(self._numbers)

    def ask(self, sid: bytes, message: Any, timeout_s: float = 10.0) -> Any:
        """Send `message` (its `req` is filled in) and wait for its answer.

        TetherError when it is refused, or when the broker does not answer in time.
        """
        req = self.next_number()
        question = encode(sid, msgspec.structs.replace(message, req=req))
        deadline = monotonic() + timeout_s
        sent = False
        while True:
            if self.hello():
                sent = False
            if not sent and self.boot:
                sent = self.dealer.send(question)
            while (got := self._next_answer()) is not None:
                if getattr(got[1], "req", None) != req:
                    self.pending.append(got)
                elif isinstance(got[1], Refused):
                    raise refusal(got[1])
                else:
                    return got[1]
            if not sent and self.boot:
                sent = self.dealer.send(question)
            left = deadline - monotonic()
            if left <= 0:
                raise TetherError(
                    "The gateway does not answer",
                    hint="Look at it with: tether status",
                    code="no-gateway",
                    status=NO_GATEWAY,
                )
            self._poller.wait(min(left, 0.5))

    def _next_answer(self) -> tuple[bytes, Any] | None:
        had = self.boot
        got = self.receive()
        if (
            got is not None
            and isinstance(got[1], Refused)
            and got[1].code in ("hello-first", "protocol")
            and not got[1].req
        ):
            raise refusal(got[1])
        if not had and self.boot and got is None:
            return None
        return got


def refusal(refused: Refused) -> TetherError:
    """The broker's refusal as the error that a person sees."""
    return TetherError(refused.message, hint=refused.hint, code=refused.code, status=_STATUS.get(refused.code, FAILED))
