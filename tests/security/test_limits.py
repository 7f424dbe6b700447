"""Row 22 of docs/security.md: slow, huge, many. Everybody else is served meanwhile, and memory stays where it was."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.security.strike import UPGRADE, head, raw, status, web_part
from tests.support.device import Posts, close_code, pair, socket_to
from tests.support.gateway import Gateway
from tests.support.webclient import WebClient, dial
from tether.web import gate
from tether.web.pace import Pace
from tether.wire import encode
from tether.wire.control import Attach, Attached, Ping
from tether.wire.ids import NO_SESSION


def resident(pid: int) -> int:
    """Bytes of memory that the process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_five_hundred_that_never_finish_their_headers_cost_little_and_nobody_else(target: Gateway, shell: str) -> None:
    web = target.pid("web")
    before = resident(web)
    slow = [socket.create_connection(("127.0.0.1", target.port)) for _ in range(500)]
    try:
        for line in slow:
            line.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: 127")
        assert httpx.get(target.url(path="/api/v1/health"), trust_env=False, timeout=10).status_code == 200
        with WebClient(target, shell, mode="observe") as page:
            page.expect(Attached)
        assert resident(web) - before < 64 << 20
    finally:
        for line in slow:
            line.close()


def test_who_does_not_read_a_flood_costs_little_and_nobody_else(target: Gateway, shell: str) -> None:
    """It asks for everything and reads nothing, while its session says forty megabytes."""
    code = "import sys; [sys.stdout.buffer.write((b'x' * 99 + b'\\n') * 1000) for _ in range(400)]; print('OVER')"
    target.add_provider("flood", [sys.executable, "-I", "-c", code])
    web = target.pid("web")
    before = resident(web)
    session = target.run("flood")
    with dial(target, session) as stalled, WebClient(target, shell, mode="observe") as other:
        stalled.send(encode(NO_SESSION, Attach(1, os.urandom(16), "stalled", "api", "observe", 80, 24)))
        other.expect(Attached)
        target.wait_state(session, "exited", timeout=60)
        other.send(Ping(7))
        other.expect(object, lambda m: getattr(m, "req", 0) == 7)
        assert resident(web) - before < 64 << 20


def test_a_frame_over_the_limit_ends_its_connection_at_every_door(target: Gateway, shell: str) -> None:
    for door in ("channel", "pair"):
        line = socket_to(target, door)
        line.send(bytes(17 << 20))
        assert close_code(line) in (1009, 1006)
    assert httpx.get(target.url(path="/api/v1/health"), trust_env=False).status_code == 200


def test_compression_is_not_offered(target: Gateway, shell: str) -> None:
    """A message of a kilobyte that unpacks to a gigabyte has nobody to unpack it."""
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    request = head(target.port, "GET", "/api/v1/channel", f"Origin: http://127.0.0.1:{target.port}", offer)
    answer = raw(target.port, request + UPGRADE + "\r\n")
    assert status(answer) == 101
    assert b"permessage-deflate" not in answer


@pytest.mark.parametrize("ranges", ["bytes=0-0," * 1000 + "0-0", "bytes=-1", "bytes=99999999999-", "lines=1-2"])
def test_a_header_of_ranges_is_cheap(target: Gateway, ranges: str) -> None:
    answer = httpx.get(target.url(path="/favicon.svg"), headers={"Range": ranges}, trust_env=False)
    assert answer.status_code in (200, 206, 400, 404, 416)
    assert len(answer.content) < 1 << 20


def test_who_hammers_at_a_door_is_told_to_wait_and_who_is_inside_does_not_feel_it(
    target: Gateway, shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = pair(target, name="inside already")

    def knocks(port: int) -> list[int]:
        lines = [Posts(port) for _ in range(6)]
        return [line.post("", os.urandom(96)).status for line in lines]

    with web_part(target) as port:
        assert knocks(port) == [401] * 6, "six are no crowd"
    monkeypatch.setattr(gate, "Pace", lambda: Pace(0.01, 4.0))
    with web_part(target) as port, device.dial(at=port, posts=True) as line:
        assert knocks(port) == [401] * 3 + [429] * 3
        with pytest.raises(InvalidStatus) as refused:
            socket_to(target, "channel", at=port)
        assert refused.value.response.status_code == 429
        login = httpx.post(
            f"http://127.0.0.1:{port}/api/v1/login", json={"ticket": "x"}, trust_env=False,
            headers={"Origin": f"http://127.0.0.1:{port}", "X-Tether": "1"},
        )  # fmt: skip
        assert login.json()["error"]["code"] == "ticket", "each door has its own pace"
        for _ in range(6):
            assert line.ask("GET", "/api/v1/me")[0] == 200
    target.tether("revoke", device.id)


def test_too_much_in_a_request_is_refused_by_name(target: Gateway, shell: str) -> None:
    owner = {"Authorization": f"Bearer {target.owner_token}", "X-Tether": "1"}
    with httpx.Client(base_url=f"http://127.0.0.1:{target.port}", headers=owner, trust_env=False) as client:
        assert client.get("/api/v1/me", headers={"X": "y" * 15_000, "Z": "y" * 2_000}).status_code in (400, 431)
        assert client.post(f"/api/v1/sessions/{shell}/stop", json={"x": "y" * 70_000}).status_code == 413
        assert client.get("/api/v1/sessions/" + "x" * 3_000).status_code == 404
    with pytest.raises(InvalidStatus), dial(target, "x" * 3_000):
        pass
