"""A browser's end of the web API, played by a test: a WebSocket attachment, and requests as a program sends them."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether.wire import decode, encode
from tether.wire.control import Attach, Attached, Control, Input, InputAck, Snapshot
from tether.wire.events import Output
from tether.wire.ids import NO_SESSION
from tether.wire.views import SessionView

M = TypeVar("M")


def api(gateway: Gateway, **headers: str) -> httpx.Client:
    """Requests with the owner's token."""
    credential = {"Authorization": f"Bearer {gateway.owner_token}", "X-Tether": "1"}
    return httpx.Client(
        base_url=f"http://127.0.0.1:{gateway.port}", headers={**credential, **headers}, timeout=20, trust_env=False
    )


def dial(gateway: Gateway, session: str, **options: Any) -> connect:
    """For `with`: a WebSocket to the session's attach address, with the owner's token or the headers given."""
    options.setdefault("additional_headers", {"Authorization": f"Bearer {gateway.owner_token}"})
    return connect(
        f"ws://127.0.0.1:{gateway.port}/api/v1/sessions/{session}/attach",
        compression=None, max_size=None, proxy=None, open_timeout=20, close_timeout=5, **options,
    )  # fmt: skip


class WebClient:
    """One attachment over WebSocket. `with WebClient(...) as client:` has sent its Attach."""

    def __init__(
        self,
        gateway: Gateway,
        session: str,
        *,
        mode: str = "control",
        client: bytes = b"",
        after: int = 0,
        **fields: Any,
    ) -> None:
        self.gateway = gateway
        self.id = client or os.urandom(16)
        self.inbox: list[Any] = []
        self.seqs: list[int] = []
        self.output = b""
        self.sid = b""
        self.epoch = 0
        self.mode = ""
        self.n = 0
        self._dialled = dial(gateway, session)
        self.socket = self._dialled.__enter__()
        self.socket.send(encode(NO_SESSION, Attach(7, self.id, "test", "api", mode, 80, 24, after=after, **fields)))

    def __enter__(self) -> WebClient:
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave without a goodbye of ours: only the socket's."""
        self._dialled.__exit__(None, None, None)

    def closed(self, timeout: float = 20.0) -> int:
        """Read until the gateway closes; its close code."""
        try:
            wait_until("the end of the connection", lambda: self.read() and False, timeout)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else 1006
        raise AssertionError("unreachable")

    def read(self, timeout: float = 0.02) -> bool:
        """Take one message in. False when none came within `timeout` seconds."""
        try:
            frame = self.socket.recv(timeout=timeout)
        except TimeoutError:
            return False
        assert isinstance(frame, bytes)
        self.sid, message = decode(frame)
        self.take(message)
        return True

    def take(self, message: Any) -> None:
        """Note a message as a terminal would."""
        self.inbox.append(message)
        match message:
            case Attached():
                self.mode, self.epoch, self.n = message.mode, message.epoch, max(self.n, message.last_n)
            case Control():
                self.mode, self.epoch = message.mode, message.epoch
            case Snapshot():
                self.output += message.data
            case Output():
                self.output += message.data
        seq = getattr(message, "seq", None)
        if seq is not None and not isinstance(message, Snapshot | SessionView):
            self.seqs.append(seq)

    def expect(self, kind: type[M], where: Callable[[M], bool] = lambda _message: True, timeout: float = 20.0) -> M:
        """The oldest message of this kind (that fits), taken out of the inbox."""

        def look() -> M | None:
            for index, message in enumerate(self.inbox):
                if isinstance(message, kind) and where(message):
                    del self.inbox[index]
                    return message
            self.read()
            return None

        found = wait_until(
            f"a {kind.__name__}", look, timeout, context=lambda: f"{self.inbox}\n{self.gateway.context()}"
        )
        assert found is not None
        return found

    def until(self, needle: bytes, timeout: float = 20.0) -> bytes:
        """Everything shown, once it holds `needle`."""

        def look() -> bool:
            while needle not in self.output and self.read():
                pass
            return needle in self.output

        wait_until(f"{needle!r} on the screen", look, timeout, context=lambda: f"{self.output[-2000:]!r}")
        return self.output

    def send(self, message: Any) -> None:
        self.socket.send(encode(self.sid or NO_SESSION, message))

    def type(self, data: bytes, timeout: float = 20.0) -> None:
        """Type `data` and see it taken; sent again every 300 ms, as the protocol asks."""
        self.n += 1
        number = self.n

        def look() -> bool:
            self.send(Input(self.id, self.epoch, number, data))
            for _ in range(30):
                if any(isinstance(m, InputAck) and m.n >= number for m in self.inbox):
                    return True
                self.read(0.01)
            return False

        wait_until("an InputAck", look, timeout, context=lambda: f"{self.inbox}\n{self.gateway.context()}")
