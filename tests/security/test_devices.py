"""Rows 10 and 29 of docs/security.md: what a device may, and how soon it may nothing."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.support.gateway import Gateway
from tests.support.waiting import wait_until
from tests.support.webclient import WebClient, dial
from tether.wire import encode
from tether.wire.control import Attach, Attached, Ping
from tether.wire.ids import NO_SESSION


@contextlib.contextmanager
def desk(gateway: Gateway) -> Iterator[httpx.Client]:
    """A browser of this machine, let in with a ticket."""
    base = f"http://127.0.0.1:{gateway.port}"
    with httpx.Client(base_url=base, headers={"Origin": base, "X-Tether": "1"}, timeout=20, trust_env=False) as client:
        ticket = gateway.ticket_url("").partition("#ticket=")[2]
        assert client.post("/api/v1/login", json={"ticket": ticket}).status_code == 204
        yield client


def cookie(client: httpx.Client) -> dict[str, str]:
    (one,) = client.cookies.jar
    return {"Origin": str(client.base_url).rstrip("/"), "Cookie": f"{one.name}={one.value}"}


def test_a_revoked_browser_is_out_within_a_second_on_the_socket_and_on_the_stream(target: Gateway, shell: str) -> None:
    with desk(target) as client:
        me = client.get("/api/v1/me").json()["device"]
        with (
            WebClient(target, shell, mode="observe") as bystander,
            dial(target, shell, additional_headers=cookie(client)) as line,
            client.stream("GET", f"/api/v1/sessions/{shell}/stream?client={'ab' * 16}") as stream,
        ):
            bystander.expect(Attached)
            line.send(_attach())
            line.recv(timeout=20)
            ended: list[float] = []
            reader = threading.Thread(target=lambda: (list(stream.iter_raw()), ended.append(time.monotonic())))
            reader.start()
            before = time.monotonic()
            target.tether("revoke", me)
            answered = time.monotonic()
            assert until_closed(line) == 1008
            reader.join(20)
            # The command itself starts Python; what counts is from its answer on, or before it.
            assert max(time.monotonic() - answered, ended[0] - answered) < 1.0
            assert before < answered
            bystander.send(Ping(5))
            bystander.expect(object, lambda m: getattr(m, "req", 0) == 5)
        assert client.get("/api/v1/me").status_code == 401
        with pytest.raises(InvalidStatus), dial(target, shell, additional_headers=cookie(client)):
            pass
    assert me not in target.tether("devices").stdout


def test_a_row_that_is_taken_out_of_the_file_is_out_within_a_second_too(target: Gateway, shell: str) -> None:
    """The web part may be told by nobody: it looks at the file by itself."""
    path = target.root / "data" / "devices.json"
    with desk(target) as client, dial(target, shell, additional_headers=cookie(client)) as line:
        line.send(_attach())
        line.recv(timeout=20)
        book = json.loads(path.read_text())
        me = client.get("/api/v1/me").json()["device"]
        book["devices"] = [one for one in book["devices"] if one["id"] != me]
        path.with_name("new").write_text(json.dumps(book))
        began = time.monotonic()
        path.with_name("new").replace(path)
        assert until_closed(line) == 1008
        assert time.monotonic() - began < 1.0


def test_a_row_that_an_agent_writes_into_the_file_opens_nothing_and_is_told(target: Gateway) -> None:
    path = target.root / "data" / "devices.json"
    with desk(target) as client:
        book = json.loads(path.read_text())
        forged = {**book["devices"][-1], "id": "f" * 16, "epoch": 999, "name": "intruder"}
        path.with_name("new").write_text(json.dumps({**book, "devices": [*book["devices"], forged]}))
        path.with_name("new").replace(path)
        names = [one["name"] for one in client.get("/api/v1/devices").json()["devices"]]
        assert "intruder" not in names
        log = target.root / "log" / "web.log"
        wait_until("the warning", lambda: "event=unknown-device" in log.read_text())


def test_the_owners_token_neither_pairs_nor_revokes_nor_makes_links(target: Gateway) -> None:
    """It is a file that whatever runs as the owner can read."""
    headers = {"Authorization": f"Bearer {target.owner_token}", "X-Tether": "1"}
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}", headers=headers, trust_env=False) as client:
        for method, path in (("GET", "devices"), ("POST", "devices/revoke"), ("POST", "tickets")):
            answer = client.request(method, f"/api/v1/{path}", **({"json": {}} if method == "POST" else {}))
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope")
        assert client.get("/api/v1/me?scopes=admin").status_code in (200, 422)
        assert client.get("/api/v1/me", headers={"X-Scopes": "admin"}).json()["scopes"] == ["input", "local", "observe"]


def test_revoking_works_without_a_gateway() -> None:
    with Gateway() as gateway, desk(gateway) as client:
        me = client.get("/api/v1/me").json()["device"]
        gateway.tether("stop", "--yes")
        assert me in gateway.tether("devices", "--json").stdout
        gateway.tether("revoke", "--all", "--yes")
        assert json.loads(gateway.tether("devices", "--json").stdout) == []
        gateway.start()
        assert client.get("/api/v1/me").status_code == 401


def until_closed(line: ClientConnection) -> int:
    """Read until the gateway closes; its close code."""
    try:
        while True:
            line.recv(timeout=20)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd is not None else 1006


def _attach() -> bytes:
    return encode(NO_SESSION, Attach(1, os.urandom(16), "page", "web", "observe", 80, 24))
