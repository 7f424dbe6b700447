"""What endpoints share: the bus side, the credential the gate let in, and the session a URL names."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from tether.bus.uplink import BrokerAway
from tether.web import gate, permits
from tether.web.admission import Credential
from tether.web.answers import ApiError
from tether.web.busside import BusSide
from tether.wire.control import ListSessions, Sessions
from tether.wire.ids import NO_SESSION, normalise_public
from tether.wire.views import SessionView


def side_of(connection: HTTPConnection[Any]) -> BusSide:
    """The bus side that the application's lifespan made."""
    side = connection.app.state.side
    assert isinstance(side, BusSide)  # noqa: S101 - the lifespan has run, or no request would be here
    return side


def base_of(connection: HTTPConnection[Any]) -> str:
    """How whoever asks reaches us: https wherever it comes from beyond this machine, whoever ends the TLS."""
    host = connection.headers.get("host", "")
    near = host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]")
    return f"{'http' if near or not host else 'https'}://{host}"


def credential_of(scope: Scope) -> Credential:
    """The credential that the gate let in. ApiError 401 when there is none: also when there was no gate."""
    credential = scope.get(gate.AUTH)
    if not isinstance(credential, Credential):
        raise ApiError(401, "credential", "This needs the credential of the gateway's owner")
    return credential


async def resolve(connection: HTTPConnection[Any], text: str) -> SessionView:
    """The session whose public id begins with `text`. ApiError 404 unknown, 409 ambiguous (with the candidates)."""
    credential = credential_of(connection.scope)
    side = side_of(connection)
    prefix = normalise_public(text)
    found = side.find(prefix) if prefix is not None else []
    if not found and prefix is not None and await _ask_broker(side):
        # A session made a moment ago: its notice may have been lost, the broker knows it all the same.
        found = side.find(prefix)
    # One that a device may not see is not there, for it.
    found = [view for view in found if permits.visible(credential, view)]
    if not found:
        raise ApiError(404, "not-found", "There is no such session", "List them: GET /api/v1/sessions?all=1")
    if len(found) > 1:
        candidates = [{"id": view.id, "title": view.title, "state": view.state} for view in found[:16]]
        raise ApiError(
            409, "ambiguous", f"{len(found)} sessions begin with that id", "Use more of it", candidates=candidates
        )
    return found[0]


async def _ask_broker(side: BusSide) -> bool:
    try:
        answer = await side.uplink.ask(NO_SESSION, ListSessions(0), timeout_s=2.0)
    except BrokerAway:
        return False
    if isinstance(answer, Sessions):
        side.learn(answer)
    return isinstance(answer, Sessions)
