"""The application: every route with its policy, behind the one gate."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from tether import access, ancestry, masking, secret_files
from tether.devices import scopes
from tether.devices.registry import Registry
from tether.devices.rows import Device
from tether.errors import printable
from tether.noise import key_pair
from tether.paths import Paths
from tether.web import (
    access_api,
    answers,
    approvals_api,
    audit_api,
    channel,
    channel_http,
    devices_api,
    enclosures_api,
    grants_api,
    history_api,
    openapi,
    pages,
    pairing_api,
    providers_api,
    screen_api,
    sessions_api,
    stream,
    worktree_api,
)
from tether.web.admission import Policy, Refusal, rules
from tether.web.answers import ApiError
from tether.web.attach import attach
from tether.web.busside import BusSide
from tether.web.credentials import Credentials
from tether.web.elsewhere import NOWHERE, Elsewhere
from tether.web.gate import Gate
from tether.web.pairing_api import Pairing

log = logging.getLogger("tether")

_SESSION: Final = "/api/v1/sessions/{id}"

_Endpoint = Callable[[Request], Awaitable[Response]]


class RouteTable:
    """Routes and who may use them; a route gets in only together with its policy."""

    def __init__(self) -> None:
        self.routes: list[BaseRoute] = []
        self._policies: dict[int, tuple[Policy, str]] = {}

    def get(self, path: str, endpoint: _Endpoint, policy: Policy = Policy.OWNER, scope: str = scopes.OBSERVE) -> None:
        """GET (and HEAD) `path`."""
        self._add(Route(path, endpoint, methods=["GET"]), policy, scope)

    def post(self, path: str, endpoint: _Endpoint, policy: Policy = Policy.OWNER, scope: str = scopes.OBSERVE) -> None:
        """POST `path`."""
        self._add(Route(path, endpoint, methods=["POST"]), policy, scope)

    def socket(self, path: str, endpoint: Any, policy: Policy = Policy.OWNER, scope: str = scopes.OBSERVE) -> None:
        """A WebSocket at `path`."""
        self._add(WebSocketRoute(path, endpoint), policy, scope)

    def mount(self, path: str, application: Any, policy: Policy) -> None:
        """Everything below `path`."""
        self._add(Mount(path, application), policy, scopes.OBSERVE)

    def policy_of(self, route: BaseRoute) -> Policy | None:
        """The route's policy; None for a route that came in by another door."""
        return self._policies.get(id(route), (None, ""))[0]

    def scope_of(self, route: BaseRoute) -> str:
        """What somebody with a credential needs for the route."""
        return self._policies[id(route)][1]

    def _add(self, route: BaseRoute, policy: Policy, scope: str) -> None:
        self.routes.append(route)
        self._policies[id(route)] = policy, scope


def route_table() -> RouteTable:
    """Every route of the gateway."""
    table = RouteTable()
    table.get("/api/v1/health", access_api.health, Policy.PUBLIC)
    table.post("/api/v1/login", access_api.login, Policy.LOGIN)
    table.get("/api/v1/me", access_api.me)
    table.get("/api/v1/store", sessions_api.get_store)
    table.get("/api/v1/providers", providers_api.list_providers, scope=scopes.LOCAL)
    table.get("/api/v1/sessions", sessions_api.list_sessions)
    table.get(_SESSION, sessions_api.get_session)
    table.get(f"{_SESSION}/events", sessions_api.get_events)
    table.get(f"{_SESSION}/output", sessions_api.get_output)
    table.get(f"{_SESSION}/screen", screen_api.get_screen)
    table.get(f"{_SESSION}/clients", sessions_api.get_clients)
    table.get(f"{_SESSION}/changes", worktree_api.get_changes)
    table.get(f"{_SESSION}/turns", worktree_api.get_turns)
    table.get(f"{_SESSION}/files", worktree_api.get_files)
    table.get(f"{_SESSION}/timeline", history_api.get_timeline)
    table.get(f"{_SESSION}/timeline/screen", history_api.get_moment)
    table.get(f"{_SESSION}/search", history_api.search)
    table.get(f"{_SESSION}/files/content", worktree_api.get_content)
    table.post(f"{_SESSION}/stop", sessions_api.stop_session, scope=scopes.LOCAL)
    table.post(f"{_SESSION}/seen", sessions_api.mark_seen)
    table.get(f"{_SESSION}/stream", stream.stream, Policy.ACT)
    table.post(f"{_SESSION}/frames", stream.frames)
    table.socket(f"{_SESSION}/attach", attach)
    table.post(f"{_SESSION}/prompt", approvals_api.prompt, scope=scopes.INPUT)
    table.post(f"{_SESSION}/enclosures", enclosures_api.enclose, scope=scopes.INPUT)
    table.post(f"{_SESSION}/interrupt", approvals_api.interrupt, scope=scopes.INPUT)
    table.get("/api/v1/feed", approvals_api.feed)
    table.get("/api/v1/approvals", approvals_api.list_approvals)
    table.get("/api/v1/approvals/{id}", approvals_api.get_approval)
    table.get("/api/v1/grants", grants_api.list_grants, scope=scopes.APPROVE)
    table.post("/api/v1/approvals/{id}/decision", approvals_api.decide, scope=scopes.APPROVE)
    table.get("/api/v1/devices", devices_api.list_devices, scope=scopes.ADMIN)
    table.post("/api/v1/devices/revoke", devices_api.revoke, scope=scopes.ADMIN)
    table.post("/api/v1/tickets", devices_api.make_ticket, scope=scopes.PAIR)
    table.get("/api/v1/audit", audit_api.entries, scope=scopes.LOCAL)
    table.get("/api/v1/openapi", openapi.show, scope=scopes.LOCAL)
    table.post("/api/v1/pairing", pairing_api.make_offer, scope=scopes.PAIR)
    table.get("/api/v1/pairing", pairing_api.show_offer, scope=scopes.PAIR)
    table.post("/api/v1/pairing/decide", pairing_api.decide, scope=scopes.PAIR)
    table.post("/api/v1/pairing/cancel", pairing_api.cancel, scope=scopes.PAIR)
    # Neither has a credential when it begins: what each is told is in its first message, sealed.
    table.socket("/api/v1/pair", pairing_api.pair, Policy.DEVICE)
    table.socket("/api/v1/channel", channel.channel, Policy.DEVICE)
    table.post("/api/v1/channel", channel_http.begin, Policy.DEVICE)
    table.post("/api/v1/channel/{id}", channel_http.onward, Policy.CARRIED)
    # The page's own addresses; web/src/ui/route.ts knows what each shows.
    for path in (
        "/", "/approvals", "/approvals/{id}", "/audit", "/devices", "/float", "/pair", "/settings",
        "/s/{id}", "/s/{id}/{tab}", "/s/{id}/{tab}/{rest:path}", "/remote/session/{id}",
    ):  # fmt: skip
        table.get(path, pages.page, Policy.PUBLIC)
    table.get("/authority.crt", pages.authority, Policy.PUBLIC)
    table.mount("/assets", pages.Assets(), Policy.PUBLIC)
    table.get("/{name}", pages.beside, Policy.PUBLIC)
    return table


class App(NamedTuple):
    """The application behind its gate; `close_all` tells every client, before the server ends, to come back."""

    gate: Gate
    close_all: Callable[[], None]


def make_app(paths: Paths, port: int, elsewhere: Elsewhere = NOWHERE) -> App:
    """The application of the gateway at `paths`, which listens on 127.0.0.1:`port` and where `elsewhere` says."""
    table = route_table()
    credentials = Credentials(
        paths.owner_token,
        Registry(paths.devices, _suspicious),
        lambda pid: ancestry.sessions_around(pid, paths),
        lambda here, there: ancestry.tcp_peer_inside(here, there, paths),
        ancestry.has_terminal,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        side = BusSide(paths, credentials)
        app.state.side = side
        try:
            yield
        finally:
            side.close()

    app = Starlette(
        routes=table.routes,
        lifespan=lifespan,
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _bug},
    )
    # "/s/x/" is no other name of "/s/x": a redirect would be built from the Host header.
    app.router.redirect_slashes = False
    app.state.credentials = credentials
    app.state.port = port
    app.state.timelines = history_api.Timelines()
    app.state.document = lambda: openapi.document(table.routes, table.policy_of, table.scope_of)
    app.state.pairing = Pairing(key_pair(bytes.fromhex(secret_files.ensure_token(paths.gateway_key))))
    app.state.channels = channel_http.Channels()
    # What stands between the gateway and who asks for another name than this machine's own: somebody.
    app.state.path_of = elsewhere.path_of
    app.state.authority = elsewhere.door.authority if elsewhere.door is not None else None
    ours = rules(port, access.cookie_name(port), elsewhere.hosts, elsewhere.origins)

    def refused(kind: str, path: str, refusal: Refusal) -> None:
        app.state.side.telling.refused(kind, path, refusal)

    gate = Gate(
        app, table.routes, table.policy_of, ours, credentials.identify, table.scope_of, refused, elsewhere.admits,
        masking.Mask(masking.known(paths).finder).text,
    )  # fmt: skip
    app.state.gate = lambda: gate
    return App(gate, lambda: app.state.side.close_all())


def _suspicious(device: Device) -> None:
    log.warning("event=unknown-device id=%s name=%r", printable(device.id, 20), device.name)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for that class
    return answers.error(error.status, **error.document)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for that class
    names = {404: ("not-found", "There is nothing here"), 405: ("method", "This address has no such method")}
    code, message = names.get(error.status_code, ("http", error.detail))
    response = answers.error(error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


async def _bug(request: Request, error: Exception) -> Response:
    return answers.error(500, "bug", "The gateway made a mistake", "Look at its log: tether logs")
