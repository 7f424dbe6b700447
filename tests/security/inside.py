"""The agent that tries: run inside a session, it does everything it can to type into it, pair or let itself in.

Usage: inside.py HOME PORT. One JSON line for each try: {"try", "code"}; then END.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME, PORT = Path(sys.argv[1]), int(sys.argv[2])
ME = os.environ["TETHER_SESSION_ID"]
ENV = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "TETHER_HOME": str(HOME),
       "TETHER_PORT": str(PORT), "LANG": "C.UTF-8"}  # fmt: skip


def command(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tether.cli", "--json", *args], env=ENV, capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    if done.returncode == 0:
        return "DONE"
    try:
        return str(json.loads(done.stderr.strip().splitlines()[-1])["error"]["code"])
    except (ValueError, KeyError, IndexError):
        return f"status {done.returncode}: {done.stderr[-200:]}"


def at_a_terminal(*args: str) -> str:
    """A command on a terminal that it made itself, with a y for whatever is asked."""
    import pty

    shown = b""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-m", "tether.cli", *args], ENV)  # noqa: S606
    os.write(master, b"y\n")
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.waitpid(pid, 0)
    return "inside" if b"inside a session" in shown else shown[-200:].decode()


def over_the_socket(path: str) -> str:
    """The raw Unix socket of the web part, as curl would."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(HOME / "run" / "web.sock"))
        body = "{}"
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Tether: 1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        answer = b""
        while part := line.recv(65536):
            answer += part
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    return str(document.get("error", {}).get("code", "DONE"))


def forked_twice(act: Callable[[], str]) -> str:
    """A daemon: no parent, no terminal, no session, no environment."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.environ.clear()
            os.write(writer, act().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as result:
        said = result.read()
    os.wait()
    return said


def typing(route: str) -> str:
    """A WebSocket to our own session with the owner's token, from a connection of our own."""
    from websockets.sync.client import connect

    from tether.wire import decode, encode
    from tether.wire.control import Attach, Attached, Input, InputAck, Refused
    from tether.wire.ids import NO_SESSION

    token = (HOME / "data" / "owner.token").read_text().strip()
    url = f"ws://127.0.0.1:{PORT}/api/v1/sessions/{route}/attach"
    with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None) as line:
        client = os.urandom(16)
        line.send(encode(NO_SESSION, Attach(1, client, "agent", "api", "control", 80, 24, True)))
        while True:
            sid, message = decode(line.recv(timeout=20))  # type: ignore[arg-type]
            if isinstance(message, Attached):
                line.send(encode(sid, Input(client, message.epoch, 1, b"y\r")))
            elif isinstance(message, Refused):
                return message.code
            elif isinstance(message, InputAck):
                return "DONE"


def posing(role: str) -> str:
    """On the bus with its token, as a part of the gateway."""
    from tether.bus import Bus
    from tether.clock import monotonic
    from tether.paths import resolve
    from tether.wire import decode, encode
    from tether.wire.control import Hello, Refused, Welcome
    from tether.wire.ids import NO_SESSION, make_session_id
    from tether.wire.version import PROTOCOL
    from tether.wire.views import SessionView

    paths = resolve(ENV)
    sid = make_session_id(1, bytes(5), bytes(5))
    view = SessionView(sid, "x", "shell", "", "running") if role == "worker" else None
    bus = Bus()
    dealer = bus.dealer(paths.broker)
    until = monotonic() + 20
    sent = False
    while monotonic() < until:
        sent = sent or dealer.send(encode(NO_SESSION, Hello(PROTOCOL, role, paths.bus_token.read_text().strip(), view)))
        frame = dealer.receive()
        if frame is not None:
            message = decode(frame)[1]
            if isinstance(message, Refused):
                return message.code
            if isinstance(message, Welcome):
                return "DONE"
    return "nothing"


def deciding() -> str:
    """On the bus, as a client: a decision about whatever our own session asks."""
    from tether.bus import BrokerClient, Bus
    from tether.errors import TetherError
    from tether.paths import resolve
    from tether.wire.agents import Decide
    from tether.wire.control import ListSessions
    from tether.wire.ids import NO_SESSION, public_id

    broker = BrokerClient(Bus(), resolve(ENV))
    views = broker.ask(NO_SESSION, ListSessions(0)).views
    (sid,) = (view.sid for view in views if public_id(view.sid) == ME)
    try:
        return str(broker.ask(sid, Decide(0, os.urandom(16), "4d7k2m9p", "allow")).state)
    except TetherError as error:
        return error.code


def asking_for_another() -> str:
    """At the hooks' socket, with a token of our own making and with another session's."""
    tokens = [path.read_text().strip() for path in (HOME / "run" / "a").glob("*.token")]
    said = set()
    for token in ["0" * 48, *tokens]:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(HOME / "run" / "a" / "h"))
            event = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "x"}}
            line.sendall(json.dumps({"token": token, "id": "1", "event": event}).encode() + b"\n")
            said.add(line.recv(100))
    return "refused" if said == {b""} else repr(said)


def over_http(path: str, body: str) -> str:
    """With the owner's token, as curl would."""
    import http.client

    line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    token = (HOME / "data" / "owner.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "X-Tether": "1", "Content-Type": "application/json"}
    line.request("POST", path, body, headers)
    return str(json.loads(line.getresponse().read()).get("error", {}).get("code", "DONE"))


def asking(path: str, body: dict[str, Any]) -> str:
    """A request to the web with the owner's token."""
    token = (HOME / "data" / "owner.token").read_text().strip()
    text = json.dumps(body)
    with socket.create_connection(("127.0.0.1", PORT), 20) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nAuthorization: Bearer {token}\r\nX-Tether: 1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode()
        )
        answer = b""
        while part := line.recv(65536):
            answer += part
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    return str(document.get("error", {}).get("code", "DONE"))


DECISION = {"decision": "allow", "sha256": "0" * 64}

TRIES: dict[str, Callable[[], Any]] = {
    "a link for a browser": lambda: command("url"),
    "the list of devices": lambda: command("devices"),
    "revoking all devices": lambda: command("revoke", "--all", "--yes"),
    "typing into itself": lambda: command("send", ME, "y", "--enter"),
    "the raw socket": lambda: over_the_socket("/api/v1/tickets"),
    "an offer to a device of its own": lambda: over_the_socket("/api/v1/pairing"),
    "its own yes": lambda: over_the_socket("/api/v1/pairing/decide"),
    "pairing at its own terminal": lambda: at_a_terminal("pair", "--no-qr"),
    "the raw socket, forked twice": lambda: forked_twice(lambda: over_the_socket("/api/v1/tickets")),
    "typing over the web with the token": lambda: typing(ME),
    "the same, forked twice": lambda: forked_twice(lambda: typing(ME)),
    "a prompt to itself": lambda: asking(f"/api/v1/sessions/{ME}/prompt", {"text": "go on"}),
    "a prompt to itself, forked twice": lambda: forked_twice(
        lambda: asking(f"/api/v1/sessions/{ME}/prompt", {"text": "go on"})
    ),
    "its own approval, with the token": lambda: asking("/api/v1/approvals/aaaaaaaa/decision", DECISION),
    "its own approval, by the raw socket": lambda: over_the_socket("/api/v1/approvals/aaaaaaaa/decision"),
    "a web part of its own": lambda: posing("web"),
    "a worker of its own": lambda: posing("worker"),
    "adapters of its own": lambda: posing("adapters"),
    "deciding on the bus": deciding,
    "deciding on the bus, forked twice": lambda: forked_twice(deciding),
    "deciding over the raw socket": lambda: over_the_socket("/api/v1/approvals/4d7k2m9p/decision"),
    "deciding with the token": lambda: over_http("/api/v1/approvals/4d7k2m9p/decision", '{"decision": "allow"}'),
    "a prompt for itself": lambda: over_http(f"/api/v1/sessions/{ME}/prompt", '{"text": "go on"}'),
    "a hook of no session": asking_for_another,
}

for name, act in TRIES.items():
    try:
        code = act()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the result of the try
        code = f"{type(error).__name__}: {error}"
    print(json.dumps({"try": name, "code": code}), flush=True)
print("END", flush=True)
