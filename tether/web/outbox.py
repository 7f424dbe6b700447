"""What the gateway has to tell one client besides its session's events. Pure and bounded.

News of one kind replaces older news that was not sent yet: a client that does not read costs a few
hundred bytes, however long it sleeps.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

from tether.wire.codec import encode
from tether.wire.control import Attached, Control, History, InputAck, Pong
from tether.wire.views import SessionView

ANSWERS_MAX: Final = 64


@dataclass
class Outbox:
    """Messages about the session `sid` that wait to be sent, oldest kind first."""

    sid: bytes
    _latest: OrderedDict[type, Any] = field(default_factory=OrderedDict)
    _answers: deque[Any] = field(default_factory=lambda: deque(maxlen=ANSWERS_MAX))

    def __bool__(self) -> bool:
        return bool(self._latest or self._answers)

    def put(self, message: Any) -> None:
        """Keep `message` until it is sent. Answers (Refused, Done) queue, at most 64: then the oldest goes."""
        match message:
            case InputAck():
                self._latest[InputAck] = merge_acks(self._latest.get(InputAck), message)
            case Attached() | Control() | Pong() | SessionView() | History():
                self._latest[type(message)] = message
                # What is true last must be read last: an Attached and a Control may contradict each other.
                self._latest.move_to_end(type(message))
            case _:
                self._answers.append(message)

    def drain(self) -> list[bytes]:
        """The frames to send now; they are gone from here."""
        messages = [*self._latest.values(), *self._answers]
        self._latest.clear()
        self._answers.clear()
        return [encode(self.sid, message) for message in messages]


def merge_acks(older: InputAck | None, newer: InputAck) -> InputAck:
    """One acknowledgement that says what both said. A demand to send again stays, unless more was taken since."""
    if older is None or newer.n > older.n or newer.resend:
        return newer
    return InputAck(newer.client, max(older.n, newer.n), older.resend)
