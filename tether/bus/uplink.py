"""A line to the broker on an asyncio loop: introductions, questions and their answers, and what comes by itself.

Of the web process and of the adapters. Questions of browsers carry numbers of the browsers; here each gets a number
of this process's, and the answer gets the browser's back. Nothing is queued for a broker that is away:
clients send again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether import secret_files
from tether.bus import Dealer
from tether.bus.readers import AsyncSockets
from tether.clock import monotonic
from tether.paths import Paths
from tether.wire.codec import WireError, decode, encode
from tether.wire.control import Hello, ListSessions, Refused, Welcome
from tether.wire.ids import NO_SESSION
from tether.wire.version import PROTOCOL

ASK_TIMEOUT_S: Final = 10.0
HELLO_AGAIN_S: Final = 1.0
PENDING_MAX: Final = 4096

log = logging.getLogger("tether")

Answered = Callable[[Any], None]


class BrokerAway(Exception):
    """The broker does not answer."""


class Uplink:
    """`on_message(sid, message)` gets what is no answer; `on_welcome()` is called at each (re)connection.

    Who is asked by others through the broker numbers its own questions from a high `first_number`, so that theirs are
    not taken for answers."""

    def __init__(
        self,
        dealer: Dealer,
        sockets: AsyncSockets,
        paths: Paths,
        on_message: Callable[[bytes, Any], None],
        on_welcome: Callable[[], None],
        role: str = "web",
        first_number: int = 1,
    ) -> None:
        self.boot = ""
        self._dealer = dealer
        self._sockets = sockets
        self._paths = paths
        self._on_message = on_message
        self._on_welcome = on_welcome
        self._role = role
        self._numbers = itertools.count(first_number)
        self._pending: dict[int, Answered] = {}
        self._greeted_at = 0.0
        sockets.add(dealer, self._drain)
        sockets.add_monitor(dealer, self._connection_changed)

    @property
    def ready(self) -> bool:
        """True when the broker has welcomed us on the connection that stands."""
        return bool(self.boot) and self._dealer.connected

    def send(self, frame: bytes) -> bool:
        """Pass `frame` on as it is. False when the broker is away."""
        if not self.ready:
            return False
        sent = self._dealer.send(frame)
        self._sockets.poke(self._dealer)
        return sent

    def question(self, sid: bytes, message: Any, answered: Answered) -> int:
        """Send `message` under a number of ours, which is returned (0: the broker is away); `answered` gets its
        answer."""
        number = next(self._numbers)
        while len(self._pending) >= PENDING_MAX:
            # Oldest first: an answer that never came.
            del self._pending[next(iter(self._pending))]
        if not self.send(encode(sid, msgspec.structs.replace(message, req=number))):
            return 0
        self._pending[number] = answered
        return number

    def forget(self, number: int) -> None:
        """The answer to the question `number` is of no interest any more."""
        self._pending.pop(number, None)

    async def ask(self, sid: bytes, message: Any, timeout_s: float = ASK_TIMEOUT_S) -> Any:
        """The answer to `message`; a Refused is an answer. BrokerAway when there is none in time."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        number = self.question(sid, message, lambda got: None if answer.done() else answer.set_result(got))
        if not number:
            raise BrokerAway
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise BrokerAway from None
        finally:
            self.forget(number)

    def tick(self) -> None:
        """Once a second: a greeting that went unanswered is tried again."""
        if self._dealer.connected and not self.boot and monotonic() - self._greeted_at > HELLO_AGAIN_S:
            self._greet()

    def _connection_changed(self) -> None:
        fresh = self._dealer.drain_monitor()
        if not self._dealer.connected or fresh:
            self.boot = ""
        if fresh:
            self._greet()

    def _greet(self) -> None:
        self._greeted_at = monotonic()
        token = secret_files.read(self._paths.bus_token) or ""
        self._dealer.send(encode(NO_SESSION, Hello(PROTOCOL, self._role, token)))
        self._sockets.poke(self._dealer)

    def _drain(self) -> None:
        while (frame := self._dealer.receive()) is not None:
            try:
                sid, message = decode(frame)
            except WireError as error:
                log.warning("event=bad-broker-frame error=%r", str(error))
                continue
            self._take(sid, message)

    def _take(self, sid: bytes, message: Any) -> None:
        if isinstance(message, Welcome):
            self.boot = message.boot
            log.info("event=broker-connected boot=%s", message.boot)
            self._on_welcome()
            return
        number = getattr(message, "req", 0)
        answered = self._pending.pop(number, None) if number else None
        if answered is not None:
            answered(message)
            return
        if isinstance(message, Refused) and message.code in ("hello-first", "protocol"):
            log.warning("event=broker-refused code=%s message=%r", message.code, message.message)
            self.boot = ""
            return
        self._on_message(sid, message)

    def list_sessions(self, answered: Answered) -> bool:
        """Ask for all live sessions. False when the broker is away."""
        return bool(self.question(NO_SESSION, ListSessions(0), answered))
