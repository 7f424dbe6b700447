"""POST .../enclosures: a picture for a session's agent. Whoever controls the session may give one, nobody else."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tether.errors import TetherError
from tether.web import permits
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, read_json
from tether.web.lookup import credential_of, resolve, side_of
from tether.wire.views import ENDED

_STATUS: Final = {"kind": 415, "size": 413, "quota": 409, "upload": 409}


class EnclosureBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST .../enclosures: bytes from `offset` of a picture of `size` bytes, in base64. `client` is the attachment that
    controls the session, in hex; `upload` is "" at first, then what was answered."""

    client: str
    size: int
    data: str
    offset: int = 0
    upload: str = ""


async def enclose(request: Request) -> Response:
    """POST /api/v1/sessions/{id}/enclosures: a piece of a picture; with the last one, its `path` for the agent."""
    check_query(request)
    body = await read_json(request, EnclosureBody)
    try:
        data = base64.b64decode(body.data, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(422, "field", "data is base64", field="data") from None
    view = await resolve(request, request.path_params["id"])
    credential = credential_of(request.scope)
    side = side_of(request)
    refused = permits.refused_writing(credential, view.sid)
    if refused is not None:
        side.telling.denied(credential, view.id, refused[0], "a picture")
        raise ApiError(403, *refused)
    if view.state in ENDED:
        raise ApiError(409, "ended", "The session has ended", "Nobody reads a picture there any more")
    if not view.controller_id or view.controller_id.hex() != body.client.lower():
        raise ApiError(409, "observe-only", "Only who controls the session gives it pictures", "Take control first")
    try:
        taken = await side.enclosures.take(view.sid, body.upload, body.offset, body.size, data)
    except TetherError as error:
        raise ApiError(_STATUS.get(error.code, 503), error.code, error.message, error.hint) from None
    except OSError as error:
        raise ApiError(503, "disk", f"The picture can't be kept: {error.strerror}", "Look at the disk") from None
    if taken.path is None:
        return answer(upload=taken.upload, have=taken.have)
    side.telling.tell(
        "enclosed", credential.name or credential.via, view.id,
        file=taken.path.name, bytes=str(taken.have), device=credential.device,
    )  # fmt: skip
    return answer(upload=taken.upload, have=taken.have, path=str(taken.path))
