"""uvicorn, with what it leaves to others: a deadline for request headers, a bound on connections, close frames that
arrive, and no clock that ticks ten times a second in an idle process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from tether.clock import monotonic
from tether.errors import TetherError
from tether.web.admission import HEADER_BYTES_MAX, Peer
from tether.web.carrier import messages
from tether.web.elsewhere import Door
from tether.web.gate import SECURITY_HEADERS
from tether.web.line import Line
from tether.web.wsframes import Splitter
from tether.wire.limits import WEBSOCKET_FRAME_BYTES_MAX

HEADER_WAIT_S: Final = 10.0
CONNECTIONS_MAX: Final = 2048
PING_S: Final = 15.0
# What a client is still sending when it is told to go is read and dropped for so long: closing at once would reset
# the connection, and the close frame with it.
LINGER_S: Final = 1.0
# On the way to one client: in this process, and in its kernel's buffer (which the kernel doubles).
WRITE_BUFFER_BYTES: Final = 32 * 1024
SOCKET_BUFFER_BYTES: Final = 64 * 1024


class HttpProtocol(H11Protocol):
    """HTTP/1.1 with a deadline for the headers of every request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As uvicorn's, and the application gets to know its line."""
        super().connection_made(transport)
        self._headers_due: asyncio.TimerHandle | None = None
        self.app_state = {**self.app_state, "line": _line(transport)}
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
        else:
            self._watch_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's."""
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As uvicorn's. A request whose headers do not come to an end costs its sender the connection."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._watch_headers()
        else:
            self._stop_watching()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, with the security headers; nothing when an answer is under way already."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        headers += [(b"connection", b"close"), *SECURITY_HEADERS]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=msg.encode("ascii", "replace")),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _should_upgrade(self) -> bool:
        # Anything but GET would be refused inside the WebSocket library, without an answer of ours.
        return self.scope["method"] == "GET" and super()._should_upgrade()

    def _watch_headers(self) -> None:
        if self._headers_due is None:
            self._headers_due = self.loop.call_later(HEADER_WAIT_S, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that notes signs of life and whose close frames arrive.

    It is also a `line.Socket`: once handed over, messages go to their taker and chunks to the transport without the
    application's queues between, each of which costs a key's echo a turn of the loop or two. What is overridden of
    uvicorn is small, and `tests/unit/web/test_serving.py` holds it against uvicorn's own behaviour.
    """

    kind = "websocket"
    pack = staticmethod(messages)
    _failed = False
    _taker: Callable[[bytes], None] | None = None
    _on_ready: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As uvicorn's. Little may wait in buffers here: what waits can't be overtaken, and ctrl-c is overtaking."""
        super().connection_made(transport)
        self._frames = Splitter(self.config.ws_max_size)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        found = self.app_state.get("line")
        self._line = found if isinstance(found, Line) else Line(transport.close, monotonic())
        self._line.socket = self

    def data_received(self, data: bytes) -> None:
        """As uvicorn's; after a failure what still comes is dropped."""
        self._line.heard = monotonic()
        if self._failed:
            return
        taker = self._taker
        if taker is not None and len(data) > 1 and not self.frames and self.conn.state is State.OPEN:
            message = self._frames.key(data)
            if message is not None:
                taker(message)
                return
        if not self.handshake_initiated:
            super().data_received(data)
            return
        for cut in self._frames.feed(data):
            if self._failed:
                return
            if cut.start and self._taker is not None and not self.frames and self.conn.state is State.OPEN:
                self._taker(cut.message())
            else:
                super().data_received(cut.frame)

    def hand_over(self, take: Callable[[bytes], None], on_ready: Callable[[], None]) -> None:
        """See `line.Socket`. Text and the end of the connection go the application's way as before."""
        self._taker, self._on_ready = take, on_ready

    def write(self, chunk: bytes) -> None:
        """See `Carrier`. Nothing follows a close frame."""
        if self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing():
            self.transport.write(chunk)

    def ready(self) -> bool:
        """See `Carrier`."""
        return self.writable.is_set()

    def resume_writing(self) -> None:
        """As uvicorn's, and the taker goes on."""
        super().resume_writing()
        if self._on_ready is not None:
            self._on_ready()

    def send_receive_event_to_app(self) -> None:
        """As uvicorn's, or straight to the taker: a message that came in fragments."""
        if self._taker is None or self.curr_msg_data_type == "text":
            super().send_receive_event_to_app()
            return
        data = b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self._taker(data)

    def handle_parser_exception(self) -> None:
        """As uvicorn's, but the connection stays half open until the peer has had time to read why."""
        sent = self.conn.close_sent
        if sent is None:
            self.transport.abort()  # the handshake itself did not fit
            return
        self._failed = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": sent.code, "reason": sent.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.close)


class QuietServer(uvicorn.Server):
    """uvicorn's server that sleeps until it is told to end; `on_exit` is called then, before connections are closed.

    `door` is a further listener, with TLS; the others have none.
    """

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], None], door: Door | None = None) -> None:
        super().__init__(config)
        self._on_exit = on_exit
        self._door = door
        self._wake: Callable[[], Any] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and the door's listener beside the others."""
        await super().startup(sockets)
        door = self._door
        if door is None or not self.started:
            return

        def protocol() -> asyncio.Protocol:
            made: Any = self.config.http_protocol_class
            protocol: asyncio.Protocol = made(
                config=self.config, server_state=self.server_state, app_state={**self.lifespan.state, "elsewhere": True}
            )
            return protocol

        loop = asyncio.get_running_loop()
        self.servers.append(
            await loop.create_server(
                protocol, sock=door.listener, ssl=door.tls, ssl_handshake_timeout=HEADER_WAIT_S,
                backlog=self.config.backlog,
            )
        )  # fmt: skip

    async def main_loop(self) -> None:
        """Wait for the signal."""
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(told.set)
        if not self.should_exit:
            await told.wait()
        self._on_exit()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in good order, with status 0: uvicorn would raise the signal again and look killed."""
        self.should_exit = True
        self._wake()


def configuration(app: Any) -> uvicorn.Config:
    """uvicorn's settings, all that matter by name."""
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=SocketProtocol,
        loop=_loop(),
        lifespan="on",
        ws_max_size=WEBSOCKET_FRAME_BYTES_MAX,
        ws_per_message_deflate=False,  # costs more than loopback's bandwidth, and is a way to blow up memory
        ws_ping_interval=PING_S,
        ws_ping_timeout=None,  # `busside` decides when a client is gone
        h11_max_incomplete_event_size=HEADER_BYTES_MAX,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
        backlog=512,
        access_log=False,  # paths and queries are nobody's business
        proxy_headers=False,
        server_header=False,
        date_header=False,
        log_config=None,
    )


def bind(port: int) -> socket.socket:
    """A listening address on 127.0.0.1. TetherError when the port is taken or not ours to take."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)  # connections inherit it
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise TetherError(
            f"The web part can't listen on 127.0.0.1:{port}: {(error.strerror or str(error)).lower()}",
            hint="Stop what uses the port, or choose another: TETHER_PORT=4790, or port under [web] in config.toml",
            code="port",
        ) from None
    return listener


def bind_local(path: Path) -> socket.socket:
    """The Unix socket of the owner's commands, 0600 in the 0700 run directory."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener.bind(str(path))
    os.chmod(path, 0o600)
    return listener


def _line(transport: asyncio.Transport) -> Line:
    sock = transport.get_extra_info("socket")
    line = Line(transport.abort, monotonic())
    with contextlib.suppress(OSError, AttributeError):
        if sock.family == socket.AF_UNIX:
            line.peer = _peer(sock)
        elif sock.family == socket.AF_INET:
            line.ends = sock.getsockname(), sock.getpeername()
    return line


def _peer(sock: Any) -> Peer:
    """Who connected, by the kernel's word. A user id that can't be told is nobody's."""
    if sys.platform == "darwin":
        # struct xucred and the pid have options of their own there: SOL_LOCAL, LOCAL_PEERCRED, LOCAL_PEERPID.
        uid = struct.unpack_from("=2I", sock.getsockopt(0, 1, 76))[1]
        return Peer(struct.unpack("=i", sock.getsockopt(0, 2, 4))[0], uid)
    pid, uid, _gid = struct.unpack("=3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, uid)


def _loop() -> str:
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return "asyncio"
    return "uvloop"
