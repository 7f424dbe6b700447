"""The devices over the API: list, revoke, and a ticket for a browser of this machine."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tether.devices import rows
from tether.devices.rows import Device
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, read_json
from tether.web.credentials import Credentials
from tether.web.lookup import credential_of, side_of


class RevokeBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/v1/devices/revoke: one device by its id, the beginning of it, or its name; or all of them."""

    device: str = ""
    all: bool = False


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body without fields."""


async def list_devices(request: Request) -> Response:
    """GET /api/v1/devices"""
    check_query(request)
    credentials: Credentials = request.app.state.credentials
    credentials.refresh()
    me = credential_of(request.scope).device
    return answer(devices=[device_json(one, me) for one in credentials.registry.book.devices])


async def revoke(request: Request) -> Response:
    """POST /api/v1/devices/revoke: the rows are gone and everything that stands on them is closed before the answer."""
    check_query(request)
    body = await read_json(request, RevokeBody)
    credentials: Credentials = request.app.state.credentials
    credentials.refresh()
    if body.all == bool(body.device):
        raise ApiError(422, "field", "Name one device, or all", field="device")
    book = credentials.registry.book
    found = book.devices if body.all else rows.find(book, body.device)
    if not found and not body.all:
        raise ApiError(404, "not-found", "There is no such device", "List them: tether devices")
    if len(found) > 1 and not body.all:
        candidates = [device_json(one, "") for one in found]
        raise ApiError(
            409, "ambiguous", f"{len(found)} devices begin with that", "Use more of it", candidates=candidates
        )
    gone: list[Device] = []

    def edit(book: rows.Book) -> rows.Book:
        book, removed = rows.remove(book, [one.id for one in found])
        gone.extend(removed)
        return book

    credentials.registry.change(edit)
    side = side_of(request)
    side.review()
    for one in gone:
        side.happened("revoke", credential_of(request.scope), device=one.id, name=one.name)
    return answer(revoked=[device_json(one, "") for one in gone])


async def make_ticket(request: Request) -> Response:
    """POST /api/v1/tickets: what the fragment of a link holds, so that one browser of this machine gets in."""
    check_query(request)
    await read_json(request, Nothing)
    credentials: Credentials = request.app.state.credentials
    return answer(ticket=credentials.issue_ticket())


def device_json(device: Device, me: str) -> dict[str, Any]:
    """A device as the API shows it: neither its key nor the digest of its cookie."""
    shown = {name: getattr(device, name) for name in ("id", "kind", "name", "scopes", "created", "last_seen",
                                                      "last_path", "platform", "epoch")}  # fmt: skip
    return {**shown, "this": device.id == me}
