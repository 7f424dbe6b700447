"""The mock model's server, on threads of the test's own process."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.mockmodel.dialects import dialect_of, encode
from tests.support.mockmodel.script import Request, Step, joined_to, next_step
from tests.support.mockmodel.toolcalls import call_for
from tests.support.waiting import wait_until

_BODY_MAX = 8 << 20
_HELD_S = 60.0  # what nobody releases goes on by itself


@dataclass(frozen=True)
class Heard:
    """One request that an agent made of its model, and what it was told to do."""

    dialect: str
    request: Request
    step: Step
    at: float  # time.monotonic()


class MockModel:
    """A model on 127.0.0.1 that follows the script in the prompt."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._released: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> MockModel:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for event in self._released.values():
                event.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def release(self, name: str) -> None:
        """Let every [[hold NAME]] and [[stream NAME]] go on, those that come later as well."""
        self.event(name).set()

    def event(self, name: str) -> threading.Event:
        with self._lock:
            return self._released.setdefault(name, threading.Event())

    def was_told(self, text: str) -> bool:
        """Whether any prompt or tool's result that an agent passed on holds `text`."""
        return any(
            text in heard.request.prompt or any(text in result for result in heard.request.results)
            for heard in list(self.heard)
        )

    def wait_told(self, text: str, timeout: float = 30.0) -> None:
        """Wait until an agent has passed `text` on."""
        wait_until(f"the model is told {text!r}", lambda: self.was_told(text), timeout, context=self.transcript)

    def transcript(self) -> str:
        """What it heard, newest last, for a failure's report."""
        return "\n".join(
            f"{one.dialect}: {one.request.prompt[:120]!r} {one.request.results} -> {one.step}"
            for one in self.heard[-12:]
        )

    def hear(self, dialect: str, request: Request) -> tuple[int, Step]:
        """Note the request; its number, and what to do."""
        # What an agent asks without offering tools is a title for its list of conversations.
        step = next_step(request) if request.tools else Step("say", ("A short title",))
        self.heard.append(Heard(dialect, request, step, time.monotonic()))
        return next(self._numbers), step


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    model: MockModel


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    @property
    def _model(self) -> MockModel:
        assert isinstance(self.server, _Server)
        return self.server.model

    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        models = {
            "object": "list",
            "data": [{"id": "mock-model", "object": "model", "owned_by": "mock"}],
            "models": [],
        }
        self._json(
            models if path.endswith("/models") else {"error": "not found"}, 200 if path.endswith("/models") else 404
        )

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.split("?")[0]
        dialect = dialect_of(path)
        if dialect is None:
            self._json({"input_tokens": 42}, 200 if path.endswith("/count_tokens") else 404)
            return
        request = dialect.read(body)
        number, step = self._model.hear(type(dialect).__name__, request)
        if step.hold:
            self._model.event(step.hold).wait(_HELD_S)
        if step.verb == "fail":
            self._json({"type": "error", "error": {"type": "api_error", "message": "as scripted"}}, int(step.text))
            return
        named = str(body.get("model", "mock-model"))
        wanted = [step, *joined_to(request)]
        calls = [call for one in wanted if (call := call_for(one, request)) is not None]
        if not calls and step.verb not in ("say", "stream"):
            step = Step("say", (f"no tool for {step.verb} among {sorted(request.tools)}",))
        try:
            if not request.stream:
                self._json(dialect.whole(number, named, step.text))
                return
            self._stream(encode(event) for event in dialect.events(number, named, calls or self._words(step)))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _words(self, step: Step) -> Iterator[str]:
        if step.verb == "stream":
            go = self._model.event(step.text)
            for count in range(int(_HELD_S / 0.05)):
                if go.wait(0.05):
                    break
                yield f"word{count} "
            yield "the end"
            return
        first, *others = step.text.split(" ")
        yield first
        for word in others:
            yield " " + word

    def _body(self) -> dict[str, Any]:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            raw = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(min(int(self.headers.get("content-length") or 0), _BODY_MAX))
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        try:
            body: dict[str, Any] = json.loads(raw or b"{}")
        except ValueError:
            return {}
        return body

    def _json(self, document: Any, status: int = 200) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
