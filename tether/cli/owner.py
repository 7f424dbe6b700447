"""Asking the web API as the owner: over its Unix socket, where the kernel says who asks and no credential is sent."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any, Final

from tether.errors import CONFLICT, FAILED, NO_GATEWAY, NOT_ALLOWED, NOT_FOUND, TetherError
from tether.paths import Paths

_STATUS: Final = {403: NOT_ALLOWED, 404: NOT_FOUND, 409: CONFLICT, 410: FAILED}


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(
    paths: Paths, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = 10.0
) -> dict[str, Any]:
    """The JSON answer of one request. TetherError when the web part is away or refuses."""
    connection = _Connection(paths.web, timeout_s)
    headers = {"X-Tether": "1", "Content-Type": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        document = json.loads(response.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError):
        raise TetherError(
            "The web part of the gateway does not answer",
            hint="Look at it with: tether status, or start it: tether start",
            code="no-gateway",
            status=NO_GATEWAY,
        ) from None
    finally:
        connection.close()
    if response.status >= 400:
        error = document.get("error", {})
        raise TetherError(
            str(error.get("message", f"HTTP {response.status}")),
            hint=str(error.get("hint", "")),
            code=str(error.get("code", "failed")),
            status=_STATUS.get(response.status, FAILED),
        )
    return dict(document)
