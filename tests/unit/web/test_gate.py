"""The gate as ASGI: nothing gets past it, whatever kind of connection it is, and every answer carries the headers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from tether.web import gate
from tether.web.admission import Credential, Policy, rules
from tether.web.app import RouteTable, route_table
from tether.web.gate import Gate

HOST = (b"host", b"127.0.0.1:4789")
BEARER = (b"authorization", b"Bearer good")


def identify(bearer: str | None, cookie: str | None, under: object = None, reads: bool = False) -> Credential | None:
    return Credential("bearer", 1) if bearer == "good" else None


class Inner:
    """The application behind the gate: notes what got through."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=1")]})
            await send({"type": "http.response.body", "body": b"in"})
        else:
            await send({"type": "websocket.accept"})


def call(table: RouteTable, kind: str, path: str, *headers: tuple[bytes, bytes], method: str = "GET",
         extensions: bool = True) -> tuple[list[dict[str, Any]], Inner]:  # fmt: skip
    inner = Inner()
    gated = Gate(inner, table.routes, table.policy_of, rules(4789, "tether-4789"), identify)
    scope: dict[str, Any] = {"type": kind, "path": path, "headers": [HOST, *headers], "method": method}
    if kind == "websocket":
        del scope["method"]
        scope["extensions"] = {"websocket.http.response": {}} if extensions else {}
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    asyncio.run(gated(scope, receive, send))
    return sent, inner


async def _endpoint(_request: Any) -> Any:
    raise AssertionError("never called here")


def sample(route: BaseRoute) -> tuple[str, str, str]:
    """(kind, method, path) that reaches the route."""
    if isinstance(route, WebSocketRoute):
        return "websocket", "GET", route.path.replace("{id}", "k3v9x0pq")
    if isinstance(route, Mount):
        return "http", "GET", route.path + "/x"
    assert isinstance(route, Route)
    method = "POST" if route.methods == {"POST"} else "GET"
    return "http", method, route.path.replace("{id}", "k3v9x0pq").replace("{name}", "favicon.ico")


PAGES = {
    "/", "/approvals", "/approvals/{id}", "/audit", "/devices", "/float", "/pair", "/settings",
    "/s/{id}", "/s/{id}/{tab}", "/s/{id}/{tab}/{rest:path}", "/remote/session/{id}",
}  # fmt: skip
OPEN = {"/api/v1/health", *PAGES, "/assets", "/authority.crt", "/{name}"}


# What proves who one is, and so begins without a credential: the ticket, the offer's secret, the device's key.
DOORS = {"/api/v1/login": Policy.LOGIN, "/api/v1/pair": Policy.DEVICE, "/api/v1/channel": Policy.DEVICE,
         "/api/v1/channel/{id}": Policy.CARRIED}  # fmt: skip


@pytest.mark.parametrize("route", route_table().routes, ids=lambda route: getattr(route, "path", "?"))
def test_every_route_has_a_policy_and_only_the_shell_and_health_are_public(route: BaseRoute):
    table = route_table()
    same = next(r for r in table.routes if r.path == route.path and type(r) is type(route))  # type: ignore[attr-defined]
    policy = table.policy_of(same)
    assert policy is not None
    assert (policy is Policy.PUBLIC) == (same.path in OPEN)  # type: ignore[attr-defined]
    begins = policy if policy in (Policy.LOGIN, Policy.DEVICE, Policy.CARRIED) else None
    assert begins == DOORS.get(same.path)  # type: ignore[attr-defined]


@pytest.mark.parametrize("route", route_table().routes, ids=lambda route: getattr(route, "path", "?"))
def test_without_a_credential_every_other_route_is_closed(route: BaseRoute):
    kind, method, path = sample(route)
    origin = (b"origin", b"http://127.0.0.1:4789")
    sent, inner = call(
        route_table(), kind, path, origin, (b"content-type", b"application/json"), (b"x-tether", b"1"), method=method
    )
    if route.path in OPEN or route.path in DOORS:  # type: ignore[attr-defined]
        assert len(inner.scopes) == 1
    else:
        assert inner.scopes == []
        assert sent[0]["status"] == 401


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/sessions/x/../y", "/remote/session", "//s/x"])
def test_what_no_route_matches_is_closed_too(path: str):
    sent, inner = call(route_table(), "http", path)
    assert sent[0]["status"] == 401
    assert inner.scopes == []


def test_a_route_that_came_in_without_a_policy_is_closed_to_everybody():
    table = route_table()
    table.routes.insert(0, Route("/api/v1/new", _endpoint, methods=["GET"]))
    table.routes.insert(0, WebSocketRoute("/api/v1/socket", _endpoint))
    for kind, path in (("http", "/api/v1/new"), ("websocket", "/api/v1/socket")):
        sent, inner = call(table, kind, path, BEARER)
        assert inner.scopes == []
        assert sent[0]["status"] == 403


def test_a_socket_without_a_credential_is_refused_before_it_is_accepted():
    path = "/api/v1/sessions/k3v9x0pq/attach"
    sent, inner = call(route_table(), "websocket", path, (b"origin", b"http://127.0.0.1:4789"))
    assert inner.scopes == []
    assert sent[0]["type"] == "websocket.http.response.start"
    assert sent[0]["status"] == 401
    sent, inner = call(route_table(), "websocket", path, extensions=False)
    assert inner.scopes == []
    assert sent == [{"type": "websocket.close", "code": 1008}]
    sent, inner = call(route_table(), "websocket", path, BEARER)
    assert sent == [{"type": "websocket.accept"}]
    assert inner.scopes[0][gate.AUTH] == Credential("bearer", 1)


@pytest.mark.parametrize(
    ("kind", "path", "method", "headers"),
    [
        ("http", "/", "GET", ()), ("http", "/nothing/here", "GET", (BEARER,)), ("http", "/api/v1/sessions", "GET", ()),
        ("http", "/api/v1/sessions", "POST", ()), ("websocket", "/nothing", "GET", ()),
        ("http", "http://evil/", "GET", ()),
    ],
)  # fmt: skip
def test_every_answer_carries_the_security_headers(
    kind: str, path: str, method: str, headers: tuple[tuple[bytes, bytes], ...]
):
    sent, _ = call(route_table(), kind, path, *headers, method=method)
    found = dict(sent[0]["headers"])
    for name, value in gate.SECURITY_HEADERS:
        assert found[name] == value
    assert b"cache-control" in found


def test_scripts_only_from_us_and_nothing_may_frame_us():
    assert "default-src 'none'" in gate.CSP
    assert "script-src 'self';" in gate.CSP
    assert "frame-ancestors 'none'" in gate.CSP
    assert "unsafe-eval" not in gate.CSP


def test_forwarding_headers_do_not_reach_the_application():
    _, inner = call(route_table(), "http", "/api/v1/me", BEARER, (b"x-forwarded-for", b"127.0.0.1"), (b"cf-ray", b"1"))
    assert inner.scopes[0]["headers"] == [HOST, BEARER]


def test_an_unknown_kind_of_connection_goes_nowhere():
    sent, inner = call(route_table(), "webtransport", "/", BEARER)
    assert sent == []
    assert inner.scopes == []
