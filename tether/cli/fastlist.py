"""`tether ls` and the ids for completion, in a few milliseconds: one HTTP request to the web service.

Imports nothing but what Python has loaded anyway, plus `_socket`, and `json` for its parser. Whatever is unusual (no
port file, no token, no answer, an option it does not know) makes it decline, and the whole command takes over.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` takes longer to import than the answer to arrive
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

VERBS = ("ls", "ps", "__ids")
_RUN_NAME_MAX = 107 - 37  # a longer run directory is replaced by a short one: leave that to tether.paths


def answer(argv: list[str]) -> int | None:
    """Carry out `argv` and return the exit status, or None to decline."""
    options = _options(argv)
    where = locate(os.environ) if options is not None else None
    if options is None or where is None:
        return None
    port, token = where
    rows = fetch_sessions(port, token, every=options["all"])
    if rows is None:
        return None
    if argv[0] == "__ids":
        return print_completions(rows)
    from tether.cli import sessiontable

    return sessiontable.show(rows, options)


def _options(argv: list[str]) -> dict[str, Any] | None:
    """The options of `ls`, or None when there is one that this path does not know."""
    options: dict[str, Any] = {"all": False, "quiet": False, "json": False, "color": True, "state": ""}
    words = iter(argv[1:])
    for word in words:
        if word in ("-a", "--all"):
            options["all"] = True
        elif word in ("-q", "--quiet"):
            options["quiet"] = True
        elif word == "--json":
            options["json"] = True
        elif word == "--no-color":
            options["color"] = False
        elif word == "--state":
            options["state"] = next(words, "")
            options["all"] = True
            if not options["state"]:
                return None
        else:
            return None
    return options


def locate(environ: Mapping[str, str]) -> tuple[int, str] | None:
    """The web service's port and the owner's token, from the files that `tether.paths` names; None when unsure."""
    home = environ.get("TETHER_HOME", "")
    if home:
        if not home.startswith("/"):
            return None
        run, data = home + "/run", home + "/data"
    elif sys.platform == "darwin":
        base = (environ.get("HOME") or "") + "/Library/Application Support/Tether"
        run, data = base + "/run", base + "/data"
    else:
        state = environ.get("XDG_STATE_HOME", "")
        if not state.startswith("/"):
            state = (environ.get("HOME") or "") + "/.local/state"
        run, data = state + "/tether/run", state + "/tether/data"
    if not run.startswith("/") or len(os.fsencode(run)) > _RUN_NAME_MAX:
        return None
    try:
        port = int(environ.get("TETHER_PORT") or _read(run + "/web.port"))
        token = _read(data + "/owner.token")
    except (OSError, ValueError):
        return None
    return (port, token) if token else None


def _read(path: str) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096).decode("ascii").strip()
    finally:
        os.close(fd)


def fetch_sessions(port: int, token: str, every: bool) -> list[dict[str, Any]] | None:
    """The sessions as the API gives them, or None when it does not answer as expected."""
    body = get(port, token, "/api/v1/sessions" + ("?all=1" if every else ""))
    if body is None:
        return None
    import json

    try:
        document = json.loads(body)
    except ValueError:
        return None
    rows = document.get("sessions") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    for row in rows:
        row.pop("seen", None)  # a page's: when its device looked last
    return rows


def get(port: int, token: str, path: str, timeout_s: float = 3.0) -> bytes | None:
    """The body of a 200 answer to one GET on 127.0.0.1, or None. No library: its import would cost more."""
    import _socket

    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json\r\nConnection: close\r\n\r\n"
    )
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect(("127.0.0.1", port))
        sock.send(request.encode("latin-1"))
        parts = []
        while part := sock.recv(65536):
            parts.append(part)
    except (OSError, UnicodeError):
        return None
    finally:
        sock.close()
    return parse_response(b"".join(parts))


def parse_response(data: bytes) -> bytes | None:
    """The body of a complete HTTP/1.1 answer with status 200, or None."""
    head, separator, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    status = lines[0].split(b" ")
    if not separator or len(status) < 2 or status[1] != b"200":
        return None
    for line in lines[1:]:
        if line.startswith(b"transfer-encoding:") and b"chunked" in line:
            return _dechunk(body)
        if line.startswith(b"content-length:"):
            length = line.partition(b":")[2].strip()
            return body if length.isdigit() and len(body) == int(length) else None
    return body


def _dechunk(body: bytes) -> bytes | None:
    parts: list[bytes] = []
    while True:
        head, separator, body = body.partition(b"\r\n")
        try:
            size = int(head.partition(b";")[0], 16)
        except ValueError:
            return None
        if not separator or len(body) < size:
            return None
        if size == 0:
            return b"".join(parts)
        parts.append(body[:size])
        body = body[size + 2 :]


def print_completions(rows: list[dict[str, Any]]) -> int:
    """Ids and titles, one a line with a tab and a description between: what the shells' completion asks for."""
    lines = []
    for row in rows:
        title = "".join(c if c.isprintable() else " " for c in str(row.get("title", "")))
        lines.append(f"{row.get('id', '')}\t{row.get('provider', '')} {title}".rstrip())
        if title and " " not in title and "\t" not in title:
            lines.append(f"{title}\t{row.get('id', '')}")
    sys.stdout.write("".join(line + "\n" for line in lines))
    return 0
