"""Reading what a request says: bounded in size and time, and strict about fields it does not know."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from tether.web.answers import ApiError

JSON_BYTES_MAX = 64 * 1024
BODY_WAIT_S = 10.0

T = TypeVar("T", bound=msgspec.Struct)


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The request's body. ApiError 413 when it is longer than `bytes_max`, 408 when it takes over ten seconds."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            async for part in request.stream():
                size += len(part)
                if size > bytes_max:
                    raise ApiError(413, "size", f"The body is longer than {bytes_max} bytes")
                parts.append(part)
    except TimeoutError:
        raise ApiError(408, "timeout", "The body did not arrive in time") from None
    except ClientDisconnect:
        # Nobody reads this; but a stranger who hangs up is no mistake of ours, with a trace in the log.
        raise ApiError(400, "incomplete", "The request ended before its body did") from None
    return b"".join(parts)


async def read_json(request: Request, kind: type[T]) -> T:
    """The body as a `kind` (which forbids unknown fields). ApiError 415, 400 or 422 with the field's name."""
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content != "application/json":
        raise ApiError(415, "content-type", "The body must be application/json", "Set Content-Type: application/json")
    body = await read_body(request, JSON_BYTES_MAX)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as problem:
        reason, _, where = str(problem).partition(" - at ")
        field = where.strip("`").removeprefix("$").removeprefix(".")
        if "unknown field" in reason:
            field = reason.split("`")[1]
        raise ApiError(422, "field", f"The body does not fit: {problem}", field=field) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise ApiError(400, "json", f"The body is not JSON: {problem}") from None


def check_query(request: Request, *known: str) -> None:
    """ApiError 422 when the query has a parameter that is not `known`, or one twice."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known or name in seen:
            what = "given twice" if name in seen else "unknown"
            allowed = ", ".join(known) or "none"
            raise ApiError(422, "field", f"The query parameter is {what}; known are: {allowed}", field=name[:64])
        seen.add(name)


def query_int(request: Request, name: str, default: int, low: int, high: int) -> int:
    """The query's number `name`. ApiError 422 when it is none or not from `low` to `high`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and low <= int(text) <= high):
        raise ApiError(422, "field", f"{name} is a number from {low} to {high}", field=name)
    return int(text)
