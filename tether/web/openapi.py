"""The API's document (OpenAPI 3.1), made from the route table: what is in it is what there is.

For programs that make clients or requests from it, and for the tests that do. It is served to nobody
without a credential and holds nothing of any session.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tether import __version__
from tether.web.admission import Policy
from tether.web.answers import answer
from tether.web.bodies import check_query
from tether.web.history_api import HISTORY_MAX
from tether.web.thumbnails import FORMS
from tether.worktree.changes import BASES

_ERROR: Final[dict[str, Any]] = {
    "description": "Refused: what, why, and the next step.",
    "content": {"application/json": {"schema": {"type": "object", "required": ["schema", "error"]}}},
}
# Parameters of the query, each a whole number from 0 unless it says more. An address refuses all others.
_QUERY: Final[dict[str, tuple[str, ...]]] = {
    "/api/v1/sessions": ("all",),
    "/api/v1/sessions/{id}/events": ("after", "limit"),
    "/api/v1/sessions/{id}/output": ("from",),
    "/api/v1/approvals": ("all",),
    "/api/v1/feed": ("after", "wait"),
    "/api/v1/audit": ("before", "limit"),
    "/api/v1/sessions/{id}/screen": ("form",),
    "/api/v1/sessions/{id}/changes": ("base", "turn", "path", "have"),
    "/api/v1/sessions/{id}/files": ("path", "have"),
    "/api/v1/sessions/{id}/timeline": ("have",),
    "/api/v1/sessions/{id}/timeline/screen": ("at", "seq", "history"),
    "/api/v1/sessions/{id}/search": ("q", "before", "fold"),
    "/api/v1/sessions/{id}/files/content": ("path", "have"),
}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {"form": tuple(FORMS), "base": BASES}
_TEXTS: Final = frozenset({"path", "have", "q"})
_HIGH: Final[dict[str, int]] = {
    "all": 1, "fold": 1, "limit": 1000, "wait": 25, "turn": (1 << 31) - 1, "history": HISTORY_MAX,
}  # fmt: skip
_SEALED: Final = frozenset({Policy.DEVICE, Policy.CARRIED})
_OPEN: Final = _SEALED | {Policy.PUBLIC}
_LOW: Final[dict[str, int]] = {"limit": 1, "before": 1}


def document(
    routes: Iterable[BaseRoute],
    policy_of: Callable[[BaseRoute], Policy | None],
    scope_of: Callable[[BaseRoute], str],
) -> dict[str, Any]:
    """The document of every address under /api/v1 that answers in JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not isinstance(route, Route) or not route.path.startswith("/api/v1/"):
            continue
        method = "post" if "POST" in (route.methods or ()) else "get"
        paths.setdefault(route.path, {})[method] = _operation(route, method, policy_of(route), scope_of(route))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tether",
            "version": __version__,
            "description": "docs/api.md says what each address is for.",
        },
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


async def show(request: Request) -> Response:
    """GET /api/v1/openapi: this document."""
    check_query(request)
    return answer(document=request.app.state.document())


def _operation(route: Route, method: str, policy: Policy | None, scope: str) -> dict[str, Any]:
    text = inspect.cleandoc(route.endpoint.__doc__ or "")
    nobody = policy in _OPEN
    operation: dict[str, Any] = {
        "summary": text.partition("\n\n")[0].replace("\n", " "),
        "responses": {"2XX": {"description": "The answer."}, "4XX": _ERROR, "5XX": _ERROR},
        "parameters": _parameters(route.path),
        "security": [] if nobody else [{"bearer": []}],
        "x-scope": "" if nobody else scope,
    }
    if method == "post" and not route.path.endswith("/frames") and policy not in _SEALED:
        body = _body_of(route.endpoint)
        schema = msgspec.json.schema(body) if body is not None else {"type": "object", "maxProperties": 0}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _inline(schema)}}}
        operation["parameters"].append(_mark())
    return operation


def _parameters(path: str) -> list[dict[str, Any]]:
    named = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}] if "{id}" in path else []
    return named + [
        {
            "name": name, "in": "query", "required": False,
            "schema": _schema_of(name),
        }
        for name in _QUERY.get(path, ())
    ]  # fmt: skip


def _schema_of(name: str) -> dict[str, Any]:
    if name in _CHOICES:
        return {"type": "string", "enum": list(_CHOICES[name])}
    if name in _TEXTS:
        # What fits into a request's head whatever its characters are.
        return {"type": "string", "maxLength": 512}
    return {"type": "integer", "minimum": _LOW.get(name, 0), "maximum": _HIGH.get(name, (1 << 62) - 1)}


def _mark() -> dict[str, Any]:
    return {"name": "X-Tether", "in": "header", "required": True, "schema": {"const": "1"}}


def _body_of(endpoint: Any) -> type[msgspec.Struct] | None:
    """The struct that the endpoint reads its body into, by the names in its own code."""
    names = set(endpoint.__code__.co_names)
    for name, value in vars(inspect.getmodule(endpoint)).items():
        if name in names and isinstance(value, type) and issubclass(value, msgspec.Struct):
            return value
    return None


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references: a struct's own, where it stands."""
    found = schema.get("$defs", {}).get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
    return {key: value for key, value in found.items() if key != "$defs"}
