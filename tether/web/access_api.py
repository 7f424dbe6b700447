"""Getting in, and what may be known without: health, login with a ticket, and who one is."""

from __future__ import annotations

import getpass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tether import __version__, access
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, read_json
from tether.web.credentials import Credentials
from tether.web.lookup import credential_of
from tether.wire.version import PROTOCOL

_BROWSERS: Final = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/v1/login: the ticket from the link's fragment."""

    ticket: str


async def health(request: Request) -> Response:
    """GET /api/v1/health, for everybody: that this is a Tether gateway, and which."""
    return answer(ok=True, version=__version__, protocol=PROTOCOL)


async def login(request: Request) -> Response:
    """POST /api/v1/login: a ticket, once, for a cookie that scripts can't read."""
    check_query(request)
    body = await read_json(request, LoginBody)
    credentials: Credentials = request.app.state.credentials
    value = credentials.redeem(body.ticket, desk_name(request.headers.get("user-agent", "")))
    if value is None:
        raise ApiError(
            403,
            "ticket",
            "This link was used before, is older than ten minutes, or is not of this gateway",
            "Make a fresh link: tether url",
        )
    request.app.state.side.telling.tell("login", getpass.getuser())
    response = Response(status_code=204)
    response.set_cookie(
        access.cookie_name(request.app.state.port),
        value,
        max_age=access.COOKIE_TTL_S,
        path="/",
        httponly=True,
        samesite="strict",
    )
    return response


async def me(request: Request) -> Response:
    """GET /api/v1/me: 200 with who the credential stands for, or 401 from the gate."""
    credential = credential_of(request.scope)
    return answer(
        user=getpass.getuser(), via=credential.via, device=credential.device, name=credential.name,
        scopes=sorted(credential.scopes),
    )  # fmt: skip


def desk_name(user_agent: str) -> str:
    """What the browser calls itself, in a word or two: only a name, on which nothing depends."""
    for mark, name in _BROWSERS:
        if mark in user_agent:
            return f"{name} on this machine"
    return "Browser on this machine"
