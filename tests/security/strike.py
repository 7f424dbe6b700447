"""Raw requests, a proxy that lies about the peer, and a web part of the same gateway with one guard taken out.

Each attack is tried twice: on the gateway as it is, where it must fail, and on a web part without the
guard that is said to stop it, where it must succeed. So no test can be green for another reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tether.paths import resolve
from tether.web.app import make_app
from tether.web.serving import QuietServer, bind, configuration

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def raw(port: int, request: bytes | str, timeout: float = 10.0, *, ends: bool = False) -> bytes:
    """What comes back for these very bytes: the head and what arrived with it. `ends`: nothing more will be sent."""
    data = request.encode("latin-1") if isinstance(request, str) else request
    with socket.create_connection(("127.0.0.1", port), timeout) as line:
        line.sendall(data)
        if ends:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while b"\r\n\r\n" not in answer:
                part = line.recv(65536)
                if not part:
                    break
                answer += part
        return answer


def status(answer: bytes) -> int:
    """The HTTP status; 0 when nothing was answered."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def head(port: int, method: str, path: str, *headers: str, host: str = "") -> str:
    """The head of a request to our own name, or to `host`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *headers]
    return "\r\n".join(lines) + "\r\n"


@contextlib.contextmanager
def web_part(gateway: Gateway) -> Iterator[int]:
    """Another web part of this gateway, in this process and as patched as it is; its port."""
    listener = bind(0)
    port: int = listener.getsockname()[1]
    app = make_app(resolve(gateway.env), port)
    server = QuietServer(configuration(app.gate), app.close_all)
    ended = threading.Event()

    def serve() -> None:
        with asyncio.Runner() as runner:
            runner.run(server.serve(sockets=[listener]))
        ended.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        wait_until("the web part", lambda: server.started)
        yield port
    finally:
        server.handle_exit(15, None)
        assert ended.wait(10)
        thread.join()
        listener.close()


@contextlib.contextmanager
def lying_proxy(port: int, claims: bytes) -> Iterator[int]:
    """A TCP proxy on this machine, as tunnels are, that adds `claims` to the first request; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    listener.settimeout(0.1)

    def pump(source: socket.socket, sink: socket.socket, add: bytes) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if add and b"\r\n" in data:
                    data, add = data.replace(b"\r\n", b"\r\n" + add, 1), b""
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                continue
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                back = threading.Thread(target=pump, args=(server, client, b""), daemon=True)
                back.start()
                client.settimeout(10)
                pump(client, server, claims)
                back.join(10)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join(20)
        listener.close()
