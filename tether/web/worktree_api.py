"""GET .../changes, .../files, .../files/content: a session's directory, to read. Nothing here writes or runs anything
of the directory's."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tether.errors import TetherError
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, query_int
from tether.web.lookup import resolve, side_of
from tether.worktree import confined
from tether.worktree.changes import BASES

_STATUS: Final = {"outside": 403, "special": 403, "missing": 404, "no-turn": 404}
_HAVE_CHARS: Final = 64
_TURN_MAX: Final = (1 << 31) - 1


async def get_changes(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/changes?base=&turn=&path=&have=: what changed in the session's directory.

    `base` is head, staged, unstaged, start or turn: `turn` says which (0: the newest). With `path` (a file's `key`)
    only there. With `have`, the digest of the answer that whoever asks has, `same` is true when there is nothing new.
    """
    check_query(request, "base", "turn", "path", "have")
    base = request.query_params.get("base", "head")
    if base not in BASES:
        raise ApiError(422, "field", f"base is one of {', '.join(BASES)}", field="base")
    turn = query_int(request, "turn", 0, 0, _TURN_MAX)
    have = request.query_params.get("have", "")[:_HAVE_CHARS]
    view = await resolve(request, request.path_params["id"])
    path = b"/".join(_parts(request))
    return answer(id=view.id, **await _told(side_of(request).worktrees.changes(view, base, path, have, turn)))


async def get_turns(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/turns: the turns of the session's agent, oldest first."""
    check_query(request)
    view = await resolve(request, request.path_params["id"])
    return answer(id=view.id, **await _told(side_of(request).worktrees.turns(view)))


async def get_files(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/files?path=&have=: a directory below the session's own, without what git ignores."""
    check_query(request, "path", "have")
    parts = _parts(request)
    view = await resolve(request, request.path_params["id"])
    return _news(request, view.id, await _told(side_of(request).worktrees.files(view, parts)))


async def get_content(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/files/content?path=&have=: a file's text, a picture in base64, or what it is."""
    check_query(request, "path", "have")
    parts = _parts(request)
    view = await resolve(request, request.path_params["id"])
    return _news(request, view.id, await _told(side_of(request).worktrees.content(view, parts)))


def _parts(request: Request) -> list[bytes]:
    try:
        return confined.parts_of(request.query_params.get("path", ""))
    except confined.Outside as error:
        raise ApiError(403, error.code, error.message, error.hint) from None


async def _told(asked: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    try:
        return await asked
    except TetherError as error:
        raise ApiError(_STATUS.get(error.code, 503), error.code, error.message, error.hint) from None


def _news(request: Request, session: str, document: dict[str, Any]) -> Response:
    """The document with its digest, or that it is what whoever asks has."""
    digest = hashlib.sha256(msgspec.json.encode(document)).hexdigest()[:32]
    if request.query_params.get("have", "") == digest:
        return answer(id=session, same=True, digest=digest)
    return answer(id=session, same=False, digest=digest, **document)
