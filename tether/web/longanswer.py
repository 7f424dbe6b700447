"""An HTTP answer without an end, as a carrier: one chunk is under way at a time, and what comes meanwhile goes with
the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import Receive, Send

from tether.clock import monotonic
from tether.web.carrier import stretch
from tether.web.line import Line

# Proxies that buffer would hold a key's echo back; there is no length.
HEADERS: Final[list[tuple[bytes, bytes]]] = [
    (b"content-type", b"application/octet-stream"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class LongAnswer:
    """See the module. With `hand_over` it is a `line.Socket`, whose messages come by other requests."""

    kind = "http"
    pack = staticmethod(stretch)

    def __init__(self, send: Send, under: Line, on_ready: Callable[[], None] = lambda: None) -> None:
        self._send = send
        self._line = under
        self._on_ready = on_ready
        self._waiting: list[bytes] = []
        self._sending = False
        self._wake = asyncio.Event()

    def hand_over(self, take: Callable[[bytes], None], on_ready: Callable[[], None]) -> None:
        """See `line.Socket`."""
        self._on_ready = on_ready

    def write(self, chunk: bytes) -> None:
        """See `Carrier`."""
        self._waiting.append(chunk)
        self._wake.set()

    def ready(self) -> bool:
        """See `Carrier`."""
        return not self._waiting and not self._sending

    async def begin(self) -> None:
        """The head of the answer."""
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._sending = True
            await self._flush(more=True)
            self._sending = False
            self._line.heard = monotonic()
            self._on_ready()

    async def end(self, *, flush: bool = False) -> None:
        """The end of the answer, with `flush` after what waits. Call it when `run` is over."""
        if not flush:
            self._waiting.clear()
        await self._flush(more=False)

    async def _flush(self, *, more: bool) -> None:
        chunk = b"".join(self._waiting)
        self._waiting.clear()
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})


async def left(receive: Receive) -> None:
    """Until whoever reads the answer is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
