"""The benchmark's WebSocket client leaves no connection behind when the server does not answer as it should."""

from __future__ import annotations

import gc
import socket
import threading

import pytest

from tests.bench.terminals import BenchError
from tests.bench.websocket import WebSocket


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 503 Not now\r\n\r\n"])
def test_a_refused_connection_is_closed(answer: bytes) -> None:
    def serve() -> None:
        peer = listener.accept()[0]
        with peer:
            peer.recv(4096)
            peer.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises((BenchError, OSError)):
            WebSocket(listener.getsockname()[1], "/")
        thread.join()
    gc.collect()  # a socket that was left open is a warning here, and warnings are errors
