"""JSON-RPC as codex's server speaks it: one object a WebSocket message, over a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import WebSocketException

log = logging.getLogger("tether")

_MESSAGE_BYTES_MAX: Final = 64 << 20
_CALL_S: Final = 10.0
_CONNECT_S: Final = 5.0


class Lost(Exception):
    """The connection ended, or there was none."""


class CallRefused(Exception):
    """The server answered with an error; its message is the argument."""


class Link:
    """One connection. `on_message` gets what is no answer to a call of ours."""

    def __init__(self, socket: ClientConnection, on_message: Callable[[dict[str, Any]], None]) -> None:
        self._socket = socket
        self._on_message = on_message
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    async def read(self) -> None:
        """Read until the connection ends."""
        try:
            async for text in self._socket:
                try:
                    message = msgspec.json.decode(text)
                except msgspec.DecodeError:
                    continue
                if isinstance(message, dict):
                    self._read(message)
        except (OSError, WebSocketException):
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(Lost())

    def _read(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self._on_message(message)
            return
        future = self._waiting.pop(str(message.get("id")), None)
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(CallRefused(str((message["error"] or {}).get("message", ""))))
        else:
            future.set_result(message.get("result"))

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """Call a method and wait for its result. CallRefused, Lost, TimeoutError."""
        name = f"tether-{next(self._numbers)}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        try:
            await self.send({"id": name, "method": method, "params": params})
            async with asyncio.timeout(_CALL_S):
                return await future
        finally:
            self._waiting.pop(name, None)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message. Lost when the connection has ended."""
        try:
            await self._socket.send(msgspec.json.encode(message).decode())
        except (OSError, WebSocketException):
            raise Lost from None

    async def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError, WebSocketException, TimeoutError):
            await self._socket.close()


async def connect(path: str, on_message: Callable[[dict[str, Any]], None]) -> Link:
    """Connect to the server that listens on `path`. Lost when there is none."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            socket = await unix_connect(
                path, "ws://localhost/", compression=None, max_size=_MESSAGE_BYTES_MAX, ping_interval=None,
                close_timeout=1.0,
            )  # fmt: skip
    except (OSError, WebSocketException, TimeoutError):
        raise Lost from None
    return Link(socket, on_message)
