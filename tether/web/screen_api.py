"""GET .../screen: what a session's screen shows now, for lists of sessions."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tether.screen import ScreenUnavailable
from tether.web.answers import ApiError
from tether.web.bodies import check_query
from tether.web.lookup import resolve, side_of
from tether.web.thumbnails import FORMS

# A drawing is opened by itself as well: nothing in it may run or load anything.
_HEADERS: Final = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "default-src 'none'; sandbox"}


async def get_screen(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/screen?form=: text, cells or svg. 304 when nothing was said since `If-None-Match`."""
    check_query(request, "form")
    form = request.query_params.get("form", "text")
    if form not in FORMS:
        raise ApiError(422, "field", f"form is one of {', '.join(FORMS)}", field="form")
    view = await resolve(request, request.path_params["id"])
    try:
        found = await side_of(request).thumbnails.of(view, form)
    except ScreenUnavailable as error:
        raise ApiError(503, error.code, error.message, error.hint) from None
    if found is None:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status")
    headers = {**_HEADERS, "ETag": f'"{found.seq}-{form}"', "X-Tether-Seq": str(found.seq)}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)
