"""GET /api/v1/providers: which agents this gateway can run, for whoever has not run one yet."""

from __future__ import annotations

import os

from starlette.requests import Request
from starlette.responses import Response

from tether import providers
from tether.errors import TetherError
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query
from tether.web.lookup import side_of


async def list_providers(request: Request) -> Response:
    """Every provider by name, and the program that would run: found on the PATH that the gateway was started with."""
    check_query(request)
    env = dict(os.environ)
    try:
        known = providers.load_all(side_of(request).paths.providers)
    except TetherError as error:
        raise ApiError(500, error.code, error.message, error.hint) from None
    rows = []
    for name in sorted(known):
        try:
            path = providers.resolve_argv(known[name], [], env)[0]
        except TetherError:
            path = ""
        rows.append({"name": name, "description": known[name].description, "found": path != "", "path": path})
    return answer(providers=rows)
