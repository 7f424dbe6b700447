"""Tether as a browser has it: the session's WebSocket, with the messages that the page sends."""

from __future__ import annotations

import os
from typing import Self

from tests.bench.terminado_peer import Page
from tests.bench.terminals import COLS, ROWS, BenchError
from tests.bench.websocket import WebSocket
from tether.wire import decode, encode
from tether.wire.control import Attach, Attached, Input, Snapshot
from tether.wire.events import Output
from tether.wire.ids import ClientId
from tether.wire.views import SessionView


class TetherPage(Page):
    """One attachment over the WebSocket, as the session's controller."""

    def __init__(self, port: int, token: str, view: SessionView) -> None:
        self.sid = view.sid
        self.id = ClientId(os.urandom(16))
        self.typed = 0
        headers = {"Authorization": f"Bearer {token}"}
        self.socket = WebSocket(port, f"/api/v1/sessions/{view.id}/attach", headers)
        self.socket.send(encode(self.sid, Attach(1, self.id, "bench", "api", "control", COLS, ROWS, take=True)))
        self.epoch = self._attached().epoch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _attached(self) -> Attached:
        while (frame := self.socket.receive(5)) is not None:
            message = decode(frame)[1]
            if isinstance(message, Attached):
                if message.mode != "control":
                    raise BenchError(f"the page only observes: {message.reason}")
                return message
        raise BenchError("the page was not attached")

    def type(self, data: bytes) -> None:
        self.typed += 1
        self.socket.send(encode(self.sid, Input(self.id, self.epoch, self.typed, data)))

    def output(self, limit_s: float) -> bytes | None:
        frame = self.socket.receive(limit_s)
        if frame is None:
            return None
        message = decode(frame)[1]
        return message.data if isinstance(message, Output | Snapshot) else b""
