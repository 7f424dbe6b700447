"""Rows 1 to 8, 21 and 23 of docs/security.md: the gate, each guard on its own."""

from __future__ import annotations

import ast
import contextlib
import socket
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h11
import pytest

from tests.security.strike import UPGRADE, head, lying_proxy, raw, status, web_part
from tests.support.gateway import Gateway
from tether.web import admission, app, bodies, gate
from tether.web.admission import Credential

Attack = Callable[[Gateway, int, str], bool]
"""(gateway, port, session) -> did it get in?"""


def bearer(gateway: Gateway) -> str:
    return f"Authorization: Bearer {gateway.owner_token}"


def no_credential(gateway: Gateway, port: int, session: str) -> bool:
    return status(raw(port, head(port, "GET", "/api/v1/sessions") + "\r\n")) == 200


def no_credential_on_a_socket(gateway: Gateway, port: int, session: str) -> bool:
    ours = f"Origin: http://127.0.0.1:{port}"
    return status(raw(port, head(port, "GET", f"/api/v1/sessions/{session}/attach", ours) + UPGRADE + "\r\n")) == 101


def foreign_page_rides_on_a_credential(gateway: Gateway, port: int, session: str) -> bool:
    got_in = []
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port}.evil.example", "http://localhost:9999",
                   f"http://127.0.0.1:{port - 1}"):  # fmt: skip
        request = head(port, "GET", f"/api/v1/sessions/{session}/attach", f"Origin: {origin}", bearer(gateway))
        got_in.append(status(raw(port, request + UPGRADE + "\r\n")) == 101)
    return any(got_in)


def rebound_name(gateway: Gateway, port: int, session: str) -> bool:
    got_in = []
    for host in (f"attacker.test:{port}", f"127.0.0.1.nip.io:{port}", f"127.0.0.1.:{port}", f"u@127.0.0.1:{port}"):
        for path, upgrade in (("/api/v1/sessions", ""), (f"/api/v1/sessions/{session}/attach", UPGRADE)):
            request = head(port, "GET", path, bearer(gateway), host=host)
            got_in.append(status(raw(port, request + upgrade + "\r\n")) in (101, 200))
    return any(got_in)


def host_with_a_path_in_it(gateway: Gateway, port: int, session: str) -> bool:
    request = head(port, "GET", "/api/v1/sessions", host="127.0.0.1/api/v1/health?")
    return status(raw(port, request + "\r\n")) == 200


def form_post(gateway: Gateway, port: int, session: str) -> bool:
    """What a form or a plain fetch of a page elsewhere can send, with everything else as it should be."""
    body = "{}"
    request = head(
        port, "POST", "/api/v1/sessions/zzzzzzzz/stop", bearer(gateway), "X-Tether: 1",
        "Content-Type: text/plain", f"Content-Length: {len(body)}",
    )  # fmt: skip
    return status(raw(port, request + "\r\n" + body)) == 404  # it got as far as to look for the session


def unmarked_post(gateway: Gateway, port: int, session: str) -> bool:
    request = head(
        port, "POST", "/api/v1/sessions/zzzzzzzz/stop", bearer(gateway), "Content-Type: application/json",
        "Content-Length: 2",
    )  # fmt: skip
    return status(raw(port, request + "\r\n{}")) == 404


def other_site_says_the_browser(gateway: Gateway, port: int, session: str) -> bool:
    request = head(port, "GET", "/api/v1/sessions", bearer(gateway), "Sec-Fetch-Site: cross-site")
    return status(raw(port, request + "\r\n")) == 200


def route_without_a_policy(gateway: Gateway, port: int, session: str) -> bool:
    return status(raw(port, head(port, "GET", "/api/v1/me", bearer(gateway)) + "\r\n")) == 200


def hidden_in_a_body(gateway: Gateway, port: int, session: str) -> bool:
    """Two lengths of two kinds: whoever reads the other one sees no second request in it."""
    hidden = head(port, "GET", "/api/v1/health") + "\r\n"
    both = f"Content-Length: {5 + len(hidden)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall((a_stop(gateway, port) + both).encode("latin-1"))
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while b"HTTP/1.1 200" not in got and (part := line.recv(65536)):
                got += part
    return b"HTTP/1.1 200" in got


def two_lengths(gateway: Gateway, port: int, session: str) -> bool:
    return status(raw(port, a_stop(gateway, port) + CONFLICTS["two lengths"])) == 404


def a_stop(gateway: Gateway, port: int) -> str:
    """The head of a request with everything as it should be, but for its length."""
    return head(
        port, "POST", "/api/v1/sessions/zzzzzzzz/stop", bearer(gateway), "X-Tether: 1", "Content-Type: application/json"
    )  # fmt: skip


ATTACKS = [
    (no_credential, "identify", lambda m: m.setattr("tether.web.credentials.Credentials.identify", _anybody_method)),
    (no_credential_on_a_socket, "identify",
     lambda m: m.setattr("tether.web.credentials.Credentials.identify", _anybody_method)),
    (foreign_page_rides_on_a_credential, "check_origin",
     lambda m: m.setattr(admission, "check_origin", lambda *a, **k: None)),
    (other_site_says_the_browser, "check_origin",
     lambda m: m.setattr(admission, "check_origin", lambda *a, **k: None)),
    (rebound_name, "check_host", lambda m: m.setattr(admission, "check_host", lambda *a: None)),
    (form_post, "check_intent", lambda m: _without_intent(m)),
    (unmarked_post, "check_intent", lambda m: m.setattr(admission, "check_intent", lambda *a: None)),
    (hidden_in_a_body, "check_framing", lambda m: m.setattr(admission, "check_framing", lambda *a: None)),
    (two_lengths, "h11's own look at lengths", lambda m: _without_h11s_word(m)),
]  # fmt: skip


def _anybody_method(self: object, *_shown: Any, **_about: Any) -> Credential:
    return Credential("bearer", self.generation)  # type: ignore[attr-defined]


def _without_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "check_intent", lambda *a: None)

    async def read(request: Any, kind: type) -> Any:
        return kind()

    # The endpoint looks at the type of the body once more: both guards are taken out.
    monkeypatch.setattr("tether.web.sessions_api.read_json", read)
    assert bodies.read_json is not read


def _without_h11s_word(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = h11._events.normalize_and_validate

    def first_of_each(headers: Any, _parsed: bool = False) -> Any:
        return checked(list({bytes(name).lower(): (name, value) for name, value in reversed(list(headers))}.values()))

    monkeypatch.setattr(h11._events, "normalize_and_validate", first_of_each)


@pytest.mark.parametrize(("attack", "guard", "remove"), ATTACKS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_attack_fails_and_would_not_without_its_guard(
    target: Gateway, shell: str, monkeypatch: pytest.MonkeyPatch, attack: Attack, guard: str, remove: Any
) -> None:
    assert not attack(target, target.port, shell)
    remove(monkeypatch)
    with web_part(target) as port:
        assert attack(target, port, shell), f"without {guard} this must succeed, or the test shows nothing"


def test_a_host_header_can_not_choose_the_path_that_is_judged(target: Gateway, shell: str) -> None:
    assert not host_with_a_path_in_it(target, target.port, shell)
    source = ast.parse(Path(gate.__file__).read_text() + Path(admission.__file__).read_text())
    urls = [node for node in ast.walk(source) if isinstance(node, ast.Attribute) and node.attr in ("url", "base_url")]
    assert urls == [], "the gate decides on scope['path'], never on a URL that is made from Host"
    assert tuple(map(int, version("starlette").split(".")[:3])) >= (1, 0, 1)
    assert "starlette>=1.0.1" in (Path(gate.__file__).parents[2] / "pyproject.toml").read_text()


def test_a_route_without_a_policy_is_closed(target: Gateway, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a policy the route answers; without one it is nobody's. Every route there is has one."""
    assert route_without_a_policy(target, target.port, shell)
    table = app.route_table()
    assert [route for route in table.routes if table.policy_of(route) is None] == []
    policy_of = app.RouteTable.policy_of

    def forgotten(self: app.RouteTable, route: Any) -> Any:
        return None if getattr(route, "path", "") == "/api/v1/me" else policy_of(self, route)

    monkeypatch.setattr(app.RouteTable, "policy_of", forgotten)
    with web_part(target) as port:
        assert not route_without_a_policy(target, port, shell)


def test_coming_from_this_machine_or_saying_so_opens_nothing(target: Gateway, shell: str) -> None:
    """Every tunnel and every web page comes from 127.0.0.1: the same refusals through a proxy that vouches."""
    claims = (
        b"X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\n"
        b"Tailscale-User-Login: owner@x\r\nCf-Access-Authenticated-User-Email: owner@x\r\n"
        b"X-Forwarded-Host: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n"
    )
    with lying_proxy(target.port, claims) as proxy:
        name = f"127.0.0.1:{target.port}"
        get = head(target.port, "GET", "/api/v1/sessions", host=name) + "\r\n"
        assert status(raw(proxy, get)) == 401
        upgrade = head(target.port, "GET", f"/api/v1/sessions/{shell}/attach", f"Origin: http://{name}", host=name)
        assert status(raw(proxy, upgrade + UPGRADE + "\r\n")) == 401
        evil = head(target.port, "GET", "/api/v1/sessions", bearer(target), "Origin: https://evil.example", host=name)
        assert status(raw(proxy, evil + "\r\n")) == 403
        rebound = head(target.port, "GET", "/", bearer(target), host=f"evil.example:{target.port}")
        assert status(raw(proxy, rebound + "\r\n")) == 421
        owner = head(target.port, "GET", "/api/v1/sessions", bearer(target), host=name)
        assert status(raw(proxy, owner + "\r\n")) == 200, "the proxy itself works"
    sources = [*Path(gate.__file__).parent.glob("*.py")]
    peers = [
        path.name for path in sources if 'scope["client"]' in path.read_text() or ".client.host" in path.read_text()
    ]
    assert peers == [], "no module of the web part asks where a connection comes from"


CONFLICTS = {
    "both": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/health HTTP/1.1\r\n\r\n",
    "two lengths": "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}xx",
    "bare line feed": "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
    "obfuscated": "Transfer-Encoding: xchunked\r\n\r\n{}",
    "negative": "Content-Length: -1\r\n\r\n",
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_a_request_that_two_readers_would_read_differently_is_refused(target: Gateway, case: str) -> None:
    answer = raw(target.port, a_stop(target, target.port) + CONFLICTS[case], ends=True)
    assert status(answer) in (0, 400, 408, 411, 501), answer
    assert answer.count(b"HTTP/1.1") <= 1, "nothing of the body is a request of its own"
    assert tuple(map(int, version("h11").split(".")[:2])) >= (0, 16)
