"""How the web API answers: one JSON document with its schema's number; errors name the thing, the cause, the next
step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.responses import Response

from tether import attention
from tether.masking import Mask, view_masked
from tether.web.admission import Refusal
from tether.wire.plain import plain
from tether.wire.views import ClientView, SessionView

SCHEMA: Final = 1
_encoder: Final = msgspec.json.Encoder(enc_hook=lambda value: bytes(value).hex())


class ApiError(Exception):
    """Ends a request with `status` and an error document. `more` is added to the error's fields."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.document = {"code": code, "message": message, "hint": hint, **more}


def answer(status: int = 200, **fields: Any) -> Response:
    """A JSON answer: the schema's number and `fields`."""
    return Response(_encoder.encode({"schema": SCHEMA, **fields}), status, media_type="application/json")


def error(status: int, code: str, message: str, hint: str = "", **more: Any) -> Response:
    """A JSON error answer."""
    return answer(status, error={"code": code, "message": message, "hint": hint, **more})


def refused(refusal: Refusal) -> Response:
    """The gate's refusal as an answer."""
    response = error(refusal.status, refusal.code, refusal.message, refusal.hint)
    if refusal.status == 401:
        response.headers["www-authenticate"] = "Bearer"
    if refusal.status == 400:
        # Where such a request ends is in doubt: nothing that follows it is read.
        response.headers["connection"] = "close"
    return response


def session_json(view: SessionView, base: str, mask: Mask | None, seen: Callable[[str], int]) -> dict[str, Any]:
    """A session as the API shows it: the view's fields by name, bytes in hex, what is secret in its words hidden by
    `mask`, what it needs a person for, when whoever asks looked at it last (`seen`), and the address of its page below
    `base`, which is how whoever asks reaches us."""
    document: dict[str, Any] = plain(view if mask is None else view_masked(view, mask))
    document["attention"] = attention.of_view(view)
    document["seen"] = seen(view.id)
    document["url"] = f"{base}/s/{view.id}"
    return document


def client_json(view: ClientView) -> dict[str, Any]:
    """An attachment as the API shows it."""
    fields: dict[str, Any] = plain(view)
    return fields
