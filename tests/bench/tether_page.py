"""Tether as a browser has it: the session's WebSocket, with the messages that the page sends (docs/wire.md)."""

from __future__ import annotations

import os
import time

from tests.bench.page import Page
from tests.bench.terminals import COLS, ROWS, BenchError
from tests.bench.websocket import WebSocket
from tether.wire import decode, encode
from tether.wire.control import Attach, Attached, Credit, Input, Snapshot
from tether.wire.events import Output
from tether.wire.ids import ClientId
from tether.wire.views import SessionView

# As web/src/session/rendered.ts: what was drawn is told in steps of so much, and so long after the last of it.
CREDIT_STEP = 32 * 1024
CREDIT_IDLE_S = 0.05
SKIP_BYTES = 512 * 1024  # as web/src/session/attachment.ts: further behind, it is shown the newest screen instead


class TetherPage(Page):
    """One attachment over the WebSocket, as the session's controller or as an observer."""

    kind = "tether"

    def __init__(self, port: int, token: str, view: SessionView, mode: str = "control") -> None:
        super().__init__(WebSocket(port, f"/api/v1/sessions/{view.id}/attach", {"Authorization": f"Bearer {token}"}))
        self.session, self.sid = view, view.sid.hex()
        self.id = ClientId(os.urandom(16))
        self._raw_sid = view.sid
        self._typed = 0
        self._skip = SKIP_BYTES
        self._seq = self._offset = self._told = 0
        self._told_at = 0.0
        take = mode == "control"
        self.socket.send(encode(view.sid, Attach(1, self.id, "bench", "api", mode, COLS, ROWS, take=take)))
        self.epoch = self._attached(mode).epoch

    def _attached(self, mode: str) -> Attached:
        while (message := self.socket.receive(5)) is not None:
            got = decode(message)[1]
            if isinstance(got, Attached):
                if got.mode != mode:
                    raise BenchError(f"the page has {got.mode}, not {mode}: {got.reason}")
                self._credit()  # it begins with nothing drawn
                return got
        raise BenchError("the page was not attached")

    def want_everything(self) -> None:
        self.kind, self._skip = "tether-all", 0
        self._credit()

    def typing(self, data: bytes) -> bytes:
        self._typed += 1
        return encode(self._raw_sid, Input(self.id, self.epoch, self._typed, data))

    def output(self, limit_s: float) -> bytes | None:
        # What lies drawn for long enough is told even if nothing else comes.
        if self._offset != self._told:
            idle_s = self._told_at + CREDIT_IDLE_S - time.monotonic()
            if idle_s < limit_s:
                if idle_s <= 0 or (data := super().output(idle_s)) is None:
                    self._credit()
                    return super().output(max(0.0, limit_s - max(0.0, idle_s)))
                return data
        return super().output(limit_s)

    def read(self, message: bytes) -> bytes:
        got = decode(message)[1]
        if not isinstance(got, Output | Snapshot):
            return b""
        if isinstance(got, Snapshot):
            self._seq, self._offset = got.seq, got.offset
            self._credit()
        else:
            self._seq, self._offset = got.seq, got.offset + len(got.data)
            if self._offset - self._told >= CREDIT_STEP:
                self._credit()
        return got.data

    def _credit(self) -> None:
        self._told, self._told_at = self._offset, time.monotonic()
        self.socket.send(encode(self._raw_sid, Credit(self._seq, self._offset, self._skip)))
