"""Who is let in: pure decisions over a request's headers. `gate` carries them out, for http and WebSocket alike.

No decision looks at the peer's address: any web page, any local process and every user behind a
proxy on this machine comes from 127.0.0.1. Host must be ours (DNS rebinding), Origin must be ours
(cross-site requests and sockets), and everything that is not marked public needs a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tether.devices import scopes

Headers = Sequence[tuple[bytes, bytes]]

HEADER_BYTES_MAX: Final = 16 * 1024
UNSEATED: Final = "terminal"
"""The code of a refusal to what runs without a terminal: a service, a job of cron, an agent that left its session."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_BODY_TYPES: Final = frozenset({"application/json", "application/octet-stream"})
_FORWARDING: Final = ("forwarded", "x-forwarded-", "x-real-ip", "tailscale-", "cf-", "true-client-ip")


class Policy(Enum):
    """What a route demands. A route without one is refused to everybody."""

    PUBLIC = "public"  # the static shell and health: hold nothing, read only
    LOGIN = "login"  # no credential yet, but our own page
    DEVICE = "device"  # as LOGIN, also from beyond this machine: its first message proves who it is
    CARRIED = "device, once more"  # what goes on in a channel that stands: its keys prove each message
    OWNER = "owner"  # somebody whom the gateway knows, and the route's scope
    ACT = "owner, acting"  # as OWNER, and a GET has effects: a page of ours must have sent it on purpose


@dataclass(frozen=True)
class Credential:
    """Who is asking: `via` is bearer, cookie, socket or device; `generation` names the owner token that vouched.

    `device`, `epoch` and `name` are those of the row, for whoever has one; `inside` are the sessions whose process
    trees the caller is in (b"" in it: inside, and it can't be told which).
    """

    via: str
    generation: int
    scopes: frozenset[str] = scopes.TOKEN
    device: str = ""
    epoch: int = 0
    name: str = ""
    inside: frozenset[bytes] = frozenset()

    @property
    def remote(self) -> bool:
        """A paired device, to which only what was shared is shown."""
        return self.via == "device"

    def permits(self, scope: str) -> bool:
        """May it do what needs `scope`?"""
        return scopes.permits(self.scopes, scope)


@dataclass(frozen=True)
class Refusal:
    """Why not. `status` is the HTTP status, `code` is stable, `message` and `hint` are for people; `who`
    is known when somebody was let in but not so far."""

    status: int
    code: str
    message: str
    hint: str = ""
    who: Credential | None = None


@dataclass(frozen=True)
class Peer:
    """The other end of a Unix socket, by the kernel's word."""

    pid: int
    uid: int


@dataclass(frozen=True)
class Asked:
    """What admission needs to know of a request: `kind` is http or websocket, the method is GET for a WebSocket.

    `local` is true when it came over the Unix socket, which no page and no proxy can reach; `elsewhere` when it came
    to the listener of the local network, whatever name it gives.
    """

    kind: str
    method: str
    path: str
    headers: Headers
    local: bool = False
    elsewhere: bool = False


Identify = Callable[[str | None, str | None], Credential | None]
"""(bearer token, cookie value) -> the credential, or None. For a local request it is asked with neither."""


@dataclass(frozen=True)
class Rules:
    """The names by which this gateway may be called, and its cookie's name. `elsewhere` are those of the names that
    lead here from beyond this machine: there the owner's own credentials count for nothing."""

    hosts: frozenset[str]
    origins: frozenset[str]
    cookie: str
    elsewhere: frozenset[str] = frozenset()


def rules(
    port: int, cookie: str, elsewhere: frozenset[str] = frozenset(), origins: frozenset[str] = frozenset()
) -> Rules:
    """The rules of a gateway that listens on 127.0.0.1:`port`, and answers to the names `elsewhere` from beyond."""
    names = ("127.0.0.1", "localhost", "[::1]")
    hosts = {f"{name}:{port}" for name in names}
    if port == 80:
        # Clients leave the default port out.
        hosts |= set(names)
    near = frozenset(f"http://{host}" for host in hosts)
    return Rules(frozenset(hosts) | elsewhere, near | origins, cookie, elsewhere - hosts)


def admit(
    asked: Asked, policy: Policy | None, ours: Rules, identify: Identify, needed: str = scopes.OBSERVE
) -> Credential | Refusal | None:
    """The credential of a request that may pass (None where none is needed), or why it may not. `needed` is the
    route's scope."""
    refusal = check_size(asked) or check_framing(asked)
    if refusal is None:
        refusal = check_local(asked) if asked.local else check_host(asked, ours)
    if refusal is not None:
        return refusal
    if not asked.local and policy not in (Policy.PUBLIC, Policy.DEVICE, Policy.CARRIED):
        refusal = check_elsewhere(asked, ours)
        if refusal is not None:
            return refusal
    bearer = bearer_token(asked.headers)
    refusal = None if asked.local else check_origin(asked, ours, policy, has_bearer=bearer is not None)
    if refusal is not None:
        return refusal
    if policy is None:
        # Also what no route matches: unknown to somebody without a credential is the same as forbidden.
        policy = Policy.OWNER
    credential = None
    if policy in (Policy.OWNER, Policy.ACT):
        cookie = None if bearer is not None else cookie_value(asked.headers, ours.cookie)
        credential = identify(None, None) if asked.local else identify(bearer, cookie)
        if credential is None:
            return Refusal(
                401,
                "credential",
                "This needs the credential of the gateway's owner",
                "Open the link that `tether url` prints; a program sends Authorization: Bearer with the owner token",
            )
    return check_intent(asked, policy, credential) or check_scope(credential, needed) or credential


def check_scope(credential: Credential | None, needed: str) -> Refusal | None:
    """Whoever is known still may only do what its row, or its way in, allows."""
    if credential is None or credential.permits(needed):
        return None
    if credential.inside:
        hint = "Do it in a terminal outside of every session, or on a paired device"
        return Refusal(403, "inside", "A program inside a session may not do that", hint, credential)
    if credential.via == "socket":
        hint = "Do it in a terminal, or on a paired device"
        return Refusal(403, UNSEATED, "A program without a terminal may not do that", hint, credential)
    hint = "The owner decides what a device may: see tether devices"
    name = credential.name or credential.via
    return Refusal(403, "scope", f"This needs the scope {needed}, which {name} has not", hint, credential)


def check_local(asked: Asked) -> Refusal | None:
    """On the Unix socket there are commands of ours only: they send no Origin, and no path that is none."""
    if not asked.path.startswith("/") or values(asked.headers, b"origin"):
        return Refusal(400, "target", "This is no request of a command")
    return None


def check_size(asked: Asked) -> Refusal | None:
    """Headers of more bytes than any client of ours sends are no request of ours."""
    if sum(len(name) + len(value) for name, value in asked.headers) > HEADER_BYTES_MAX:
        return Refusal(431, "size", f"The headers are longer than {HEADER_BYTES_MAX} bytes")
    return None


def check_framing(asked: Asked) -> Refusal | None:
    """A request whose length is told twice has two lengths: whatever stands before us may have read the other one."""
    lengths = len(values(asked.headers, b"content-length")) + len(values(asked.headers, b"transfer-encoding"))
    if lengths > 1:
        return Refusal(400, "framing", "A request says how long it is once: Content-Length or Transfer-Encoding")
    return None


def check_host(asked: Asked, ours: Rules) -> Refusal | None:
    """A request must name this gateway, once, in the one form that clients use."""
    if not asked.path.startswith("/"):
        return Refusal(400, "target", "The request's target must be a path")
    hosts = values(asked.headers, b"host")
    if len(hosts) != 1:
        return Refusal(400, "host", "A request has exactly one Host header")
    if hosts[0].lower() not in ours.hosts:
        # An answer to a foreign name would hand the page to whoever owns that name (DNS rebinding).
        return Refusal(421, "host", "This gateway does not answer to that name", f"Use {min(ours.origins)}")
    return None


def check_elsewhere(asked: Asked, ours: Rules) -> Refusal | None:
    """From beyond this machine only paired devices come in, through their channel. The owner's token, tickets and
    cookies are for this machine: a copy of one that got away opens nothing."""
    if asked.elsewhere or values(asked.headers, b"host")[0].lower() in ours.elsewhere:
        return Refusal(
            403,
            "elsewhere",
            "Only a paired device may come in here",
            "Pair this one: tether pair, on the gateway's machine",
        )
    return None


def check_origin(asked: Asked, ours: Rules, policy: Policy | None, *, has_bearer: bool) -> Refusal | None:
    """A page of another origin may neither act nor open a socket; a program without an origin needs a bearer token."""
    origins = values(asked.headers, b"origin")
    if len(origins) > 1 or (origins and origins[0] not in ours.origins):
        return Refusal(403, "origin", "A page of another origin may not use this gateway")
    if not origins and not has_bearer and (asked.kind == "websocket" or asked.method not in _SAFE_METHODS):
        return Refusal(
            403, "origin", "A request without an Origin header needs a bearer token", "Send Authorization: Bearer"
        )
    site = values(asked.headers, b"sec-fetch-site")
    if asked.kind == "http" and policy is not Policy.PUBLIC and site and site[0] in ("cross-site", "same-site"):
        # "same-site" is another port of this host: not ours either.
        return Refusal(403, "origin", "A page of another origin may not use this gateway")
    return None


def check_intent(asked: Asked, policy: Policy, credential: Credential | None) -> Refusal | None:
    """What acts must come from a program of ours: no form and no plain cross-site fetch can set these headers."""
    if asked.kind != "http":
        return None
    acts = asked.method not in _SAFE_METHODS
    marked = values(asked.headers, b"x-tether") == ["1"]
    if acts:
        kind = (values(asked.headers, b"content-type") or [""])[0].partition(";")[0].strip().lower()
        if kind not in _BODY_TYPES:
            return Refusal(
                415, "content-type", "The body must be application/json or application/octet-stream", "Set Content-Type"
            )
    by_cookie = credential is None or credential.via == "cookie"
    if (acts or (policy is Policy.ACT and by_cookie)) and not marked:
        return Refusal(403, "x-tether", "The header X-Tether: 1 is missing", "Send X-Tether: 1")
    return None


def bearer_token(headers: Headers) -> str | None:
    """The token after "Bearer", "" when the Authorization header is of another kind, None when there is none."""
    found = values(headers, b"authorization")
    if not found:
        return None
    scheme, _, token = found[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(found) == 1 else ""


def cookie_value(headers: Headers, name: str) -> str | None:
    """The value of our cookie, or None."""
    for line in values(headers, b"cookie"):
        for pair in line.split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
    return None


def without_forwarding(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers without what proxies add about the peer: anybody can write them, so nobody may read them."""
    return [(k, v) for k, v in headers if not k.decode("latin-1").lower().startswith(_FORWARDING)]


def values(headers: Headers, name: bytes) -> list[str]:
    """Every value of the header `name` (lower case), in order."""
    return [v.decode("latin-1").strip() for k, v in headers if k.lower() == name]
