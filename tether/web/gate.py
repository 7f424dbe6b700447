"""The one gate before http and WebSocket: pure ASGI, so that no kind of connection slips past it.

It asks `admission`, drops what proxies claim about the peer, and puts the security headers on every
answer, also on errors that the application never sees. What it let in is in `scope["tether.auth"]`;
endpoints check that again, so that an application mounted without its gate refuses everybody.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tether.clock import monotonic
from tether.devices import scopes
from tether.errors import printable
from tether.web import answers, line
from tether.web.admission import (
    Asked,
    Credential,
    Headers,
    Policy,
    Refusal,
    Rules,
    admit,
    check_elsewhere,
    check_scope,
    without_forwarding,
)
from tether.web.pace import Pace

# xterm.js sets inline styles, hence 'unsafe-inline' for styles alone; terminal text is never markup.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
    # The one policy: the address of the service worker.
    "trusted-types tether-worker"
)
SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOT_PASSED: Final = Refusal(403, "access", "The tunnel's own gate was not passed", "Sign in at the tunnel first")
_CROWDED: Final = Refusal(429, "pace", "Too many knock at this door", "Try again in some seconds")
_NO_STORE: Final = (b"cache-control", b"no-store")
LOGGED_CHARS: Final = 1024
AUTH: Final = "tether.auth"

Vouch = Callable[..., Credential | None]
"""(bearer token, cookie value, under=the connection's `Line`, reads=it changes nothing) -> the credential, or None."""

log = logging.getLogger("tether")


class Gate:
    """Wraps `app`, whose `routes` have the policies that `policy_of` tells; a route without one is nobody's.

    `on_refused(kind, path, refusal)` is told of everybody who is not let in. `passes` is an extra gate before all
    others, and sees the headers as they came. `hide` hides what is secret in a path that is told or logged.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Iterable[BaseRoute],
        policy_of: Callable[[BaseRoute], Policy | None],
        rules: Rules,
        identify: Vouch,
        scope_of: Callable[[BaseRoute], str] = lambda _route: scopes.OBSERVE,
        on_refused: Callable[[str, str, Refusal], None] = lambda _kind, _path, _refusal: None,
        passes: Callable[[Headers], bool] = lambda _headers: True,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._app = app
        self._routes = tuple(routes)
        self._policy_of = policy_of
        self._rules = rules
        self._identify = identify
        self._scope_of = scope_of
        self._on_refused = on_refused
        self._passes = passes
        self._hide = hide
        # For each kind of door, from this machine and from beyond it.
        self._paces: defaultdict[tuple[Policy, bool], Pace] = defaultdict(Pace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            return
        passes = self._passes(scope["headers"])
        scope["headers"] = without_forwarding(scope["headers"])
        verdict = self.decide(scope) if passes else _NOT_PASSED
        guarded = with_security_headers(send)
        if isinstance(verdict, Refusal):
            # Whole, before it is cut short: half a secret would not be known for one.
            path = self._hide(scope["path"][:LOGGED_CHARS])
            log.info(
                "event=refused kind=%s path=%r status=%d code=%s",
                scope["type"], printable(path, 80), verdict.status, verdict.code,
            )  # fmt: skip
            self._on_refused(scope["type"], path, verdict)
            await refuse(verdict, scope, receive, guarded)
            return
        scope[AUTH] = verdict
        await self._app(scope, receive, guarded)

    async def within(self, credential: Credential, scope: Scope, receive: Receive, send: Send) -> None:
        """A request out of a device's channel: the channel has proved who asks and that nobody else wrote it, so what
        is left to ask is what the device may."""
        matched, policy, needed = self._match(scope)
        if not matched or policy not in (Policy.OWNER, Policy.ACT):
            refusal: Refusal | None = Refusal(404, "not-found", "There is nothing here for a device")
        else:
            refusal = check_scope(credential, needed)
        if refusal is not None:
            path = self._hide(scope["path"][:LOGGED_CHARS])
            self._on_refused(scope["type"], path, replace(refusal, who=credential))
            await refuse(refusal, scope, receive, send)
            return
        scope[AUTH] = credential
        await self._app(scope, receive, send)

    def decide(self, scope: Scope) -> Credential | Refusal | None:
        """The verdict on one http or websocket scope. Looks at `scope["path"]`, never at a URL made from Host."""
        under = line.of(scope)
        local = under.peer is not None
        door = bool(scope.get("state", {}).get("elsewhere"))
        asked = Asked(scope["type"], scope.get("method", "GET"), scope["path"], scope["headers"], local, door)
        matched, policy, needed = self._match(scope)
        if matched and policy is None:
            return Refusal(403, "no-policy", "This route is closed", "A route must declare who may use it")
        reads = asked.kind == "http" and asked.method in ("GET", "HEAD") and policy is Policy.OWNER
        verdict = admit(asked, policy, self._rules, partial(self._identify, under=under, reads=reads), needed)
        if verdict is None and policy in (Policy.LOGIN, Policy.DEVICE):
            beyond = not local and check_elsewhere(asked, self._rules) is not None
            return None if self._paces[policy, beyond].take(monotonic()) else _CROWDED
        return verdict

    def _match(self, scope: Scope) -> tuple[bool, Policy | None, str]:
        """(does a route match, its policy, its scope). One that matches but for the method counts, if no other matches
        better."""
        nearly: tuple[bool, Policy | None, str] = (False, None, scopes.OBSERVE)
        for route in self._routes:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return True, self._policy_of(route), self._scope_of(route)
            if match is Match.PARTIAL and not nearly[0]:
                nearly = True, self._policy_of(route), self._scope_of(route)
        return nearly


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the refusal; a WebSocket is refused before it is accepted."""
    response = answers.refused(refusal)
    if scope["type"] == "websocket":
        await deny(response, scope, receive, send)
    else:
        await response(scope, receive, send)


async def deny(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """End a WebSocket handshake with an HTTP answer."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})


def with_security_headers(send: Send) -> Send:
    """`send`, adding the security headers to whatever begins an answer. Nothing is stored unless it says so itself."""

    async def guarded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers: list[Any] = [*message.get("headers", ()), *SECURITY_HEADERS]
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append(_NO_STORE)
            message = {**message, "headers": headers}
        await send(message)

    return guarded
