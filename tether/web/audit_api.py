"""The audit log for pages and programs: read only, a page of rows at a time."""

from __future__ import annotations

import contextlib
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tether import audit
from tether.store.reader import LogUnavailable
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, query_int
from tether.web.lookup import side_of

ROWS_DEFAULT: Final = 200
ROWS_MAX: Final = 1000
_SEQ_MAX: Final = (1 << 62) - 1


async def entries(request: Request) -> Response:
    """GET /api/v1/audit?before=&limit=: entries of the audit log, the newest first; `next` is the `before` of the page
    that follows, 0 when there is none."""
    check_query(request, "before", "limit")
    before = query_int(request, "before", _SEQ_MAX, 1, _SEQ_MAX)
    limit = query_int(request, "limit", ROWS_DEFAULT, 1, ROWS_MAX)
    reader = side_of(request).reader
    try:
        last = min(reader.audit_last(), before - 1)
        first = max(1, last - limit + 1)
        rows = [row for row in reader.audit(first - 1, limit) if row[0] <= last]
    except LogUnavailable as error:
        raise ApiError(503, error.code, error.message, error.hint) from None
    shown = []
    for _, body in reversed(rows):
        with contextlib.suppress(ValueError):  # `tether audit --verify` says what is wrong with it
            shown.append(audit.exported(body))
    return answer(entries=shown, next=first if rows and first > 1 else 0)
