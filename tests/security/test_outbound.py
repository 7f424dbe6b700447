"""Row 28 of docs/security.md: what the gateway calls by itself, and that nobody can have it call anything else."""

from __future__ import annotations

import ast
import re
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tether.web import access_keys
from tether.web.access_keys import fetched

PACKAGE = Path(access_keys.__file__).parents[1]
CALLERS = {
    "urllib.request",
    "http.client",
    "httpx",
    "requests",
    "aiohttp",
    "websockets.sync",
    "websockets.asyncio",
    "smtplib",
    "ftplib",
}
# An adapter speaks to its agent's server over a Unix socket, or on 127.0.0.1 at a port of its own choice. The command
# asks its own gateway, and looks at what it has just exposed, by names that its owner gave.
ALLOWED = {
    "adapters/jsonrpc.py",
    "adapters/loopback.py",
    "web/access_keys.py",
    "cli/owner.py",
    "cli/exposing.py",
    "cli/fastlist.py",
}
HOSTILE = [
    "http://169.254.169.254/latest/meta-data/", "https://127.0.0.1:4789/api/v1/sessions", "https://[::1]/",
    "https://evil.example/.cloudflareaccess.com/cdn-cgi/access/certs", "file:///etc/passwd",
    "https://team.cloudflareaccess.com.evil.example/cdn-cgi/access/certs",
    "https://u@127.0.0.1/x.cloudflareaccess.com/cdn-cgi/access/certs",
    "https://team.cloudflareaccess.com:4789/cdn-cgi/access/certs", "https://team.cloudflareaccess.com/other",
    "https://a.b.cloudflareaccess.com/cdn-cgi/access/certs\n", "https://10.0.0.1#.cloudflareaccess.com/cdn-cgi/",
]  # fmt: skip


def callers() -> set[str]:
    """Modules that hold something with which one calls other machines."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Attribute) and node.attr in ("create_connection", "open_connection"):
                names = ["urllib.request"]
            if any(name == one or name.startswith(one + ".") for name in names for one in CALLERS):
                found.add(file.relative_to(PACKAGE).as_posix())
    return {name for name in found if not _serves(name)}


def _serves(name: str) -> bool:
    """It answers calls: uvicorn's WebSocket implementation is one of these packages."""
    return name in ("web/serving.py",)


def test_one_part_of_the_gateway_calls_out() -> None:
    assert callers() <= ALLOWED, "who calls another machine is named here, with what keeps it from calling any other"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were looked up: nothing is called."""
    names: list[str] = []

    def resolver(host: Any, *_rest: Any, **_more: Any) -> list[Any]:
        names.append(str(host))
        raise OSError("nothing is called here")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return names


@pytest.mark.parametrize("url", HOSTILE)
def test_no_other_address_is_called(asked: list[str], monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(OSError, match="is no address of"):
        fetched(url)
    assert asked == []
    if url.startswith("https"):
        monkeypatch.setattr(access_keys, "ADDRESS", re.compile(r"(?s).*"))
        with pytest.raises((OSError, ValueError)):
            fetched(url.strip())
        assert asked, "without the guard it is"


@pytest.fixture
def redirecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A server that leads elsewhere, to itself, and what it was asked for."""
    paths: list[str] = []

    class Leading(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(302 if self.path == "/keys" else 200)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/inside")  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Leading)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setattr(access_keys, "ADDRESS", re.compile(r"http://127\.0\.0\.1:\d+/keys"))
    monkeypatch.setenv("no_proxy", "*")
    yield f"http://127.0.0.1:{server.server_port}/keys", paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_redirect_leads_nowhere(redirecting: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    url, paths = redirecting
    with pytest.raises(OSError, match="302"):
        fetched(url)
    assert paths == ["/keys"]
    monkeypatch.setattr(access_keys, "_NoRedirects", urllib.request.HTTPRedirectHandler)
    fetched(url)
    assert paths == ["/keys", "/keys", "/inside"], "without the guard it does"
