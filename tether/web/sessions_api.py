"""The JSON API: which sessions there are, who watches them, what is in their logs, and their end.

No route starts a session, and none takes a command, arguments or an environment: starting is for a
terminal of this machine.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tether.bus.uplink import BrokerAway
from tether.store.reader import LogUnavailable
from tether.web import offsets, permits
from tether.web.answers import ApiError, answer, client_json, session_json
from tether.web.attachment import READ_BYTES, READ_EVENTS, output_extent
from tether.web.bodies import check_query, query_int, read_json
from tether.web.busside import BusSide
from tether.web.lookup import base_of, credential_of, resolve, side_of
from tether.web.turns import turn
from tether.wire.codec import decode_body
from tether.wire.control import Clients, ListClients, Refused, Stop
from tether.wire.events import Output, Unknown
from tether.wire.plain import plain
from tether.wire.views import ENDED, SessionView

EVENTS_DEFAULT: Final = 256
EVENTS_MAX: Final = 1000
EVENTS_BYTES_MAX: Final = 1 << 20
_SEQ_MAX: Final = (1 << 62) - 1
_STOP_GRACE_MAX_S: Final = 3600.0
_REFUSED_STATUS: Final = {"not-found": 404, "ended": 409, "not-ready": 503, "spawner": 503}


class StopBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST .../stop: seconds from asking the agent to end until it is killed."""

    grace_s: float | None = None


class SeenBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST .../seen: looked at now, or to be unread again."""

    unread: bool = False


async def list_sessions(request: Request) -> Response:
    """GET /api/v1/sessions: the live ones, with `all=1` the ended ones too, oldest first."""
    check_query(request, "all")
    everything = query_int(request, "all", 0, 0, 1) == 1
    side = side_of(request)
    credential = credential_of(request.scope)
    views = [view for view in side.sessions() if everything or view.state not in ENDED]
    views = [view for view in views if permits.visible(credential, view)]
    base, seen = base_of(request), side.seen.of(credential)
    return answer(sessions=[session_json(view, base, side.mask, seen) for view in views], broker=side.uplink.ready)


async def get_session(request: Request) -> Response:
    """GET /api/v1/sessions/{id}"""
    check_query(request)
    view = await resolve(request, request.path_params["id"])
    side = side_of(request)
    seen = side.seen.of(credential_of(request.scope))
    return answer(session=session_json(view, base_of(request), side.mask, seen))


async def mark_seen(request: Request) -> Response:
    """POST /api/v1/sessions/{id}/seen: whoever asks has looked at it, or wants it unread; every browser of the same
    device is told."""
    check_query(request)
    body = await read_json(request, SeenBody)
    view = await resolve(request, request.path_params["id"])
    side = side_of(request)
    at = side.seen.mark(credential_of(request.scope), view.id, unread=body.unread)
    side.changes.note(view.sid)
    return answer(id=view.id, seen=at)


async def get_events(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/events?after=&limit=: events of the log, output in base64. `next` goes on from here."""
    check_query(request, "after", "limit")
    after = query_int(request, "after", 0, 0, _SEQ_MAX)
    limit = query_int(request, "limit", EVENTS_DEFAULT, 1, EVENTS_MAX)
    view = await resolve(request, request.path_params["id"])
    side = side_of(request)
    rows: list[tuple[int, bytes]] = []
    size = 0
    while len(rows) < limit and size < EVENTS_BYTES_MAX:
        start = rows[-1][0] if rows else after
        found = _shown(side, view.sid, start, min(READ_EVENTS, limit - len(rows)))
        if not found:
            break
        rows += found
        size += sum(len(body) for _, body in found)
        await turn()
    return answer(
        id=view.id,
        events=[_event_json(seq, body) for seq, body in rows],
        next=rows[-1][0] if rows else after,
        last=_last(side, view.sid),
    )


async def get_output(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/output?from=: the output's raw bytes from that offset to the log's present end.

    `X-Tether-Offset` is the offset of the first byte sent: larger than asked where retention cut the log.
    """
    check_query(request, "from")
    wanted = query_int(request, "from", 0, 0, _SEQ_MAX)
    view = await resolve(request, request.path_params["id"])
    side = side_of(request)
    last = _last(side, view.sid)
    after = offsets.locate(lambda seq: _read(side, view.sid, seq, READ_EVENTS), last, wanted)
    parts = _output(side, view.sid, after, last, wanted)
    first = await anext(parts, None)
    offset = first[0] if first is not None else wanted

    async def body() -> AsyncIterator[bytes]:
        if first is not None:
            yield first[1]
        async for _, data in parts:
            yield data

    headers = {"X-Tether-Offset": str(offset), "Content-Disposition": f'attachment; filename="{view.id}.out"'}
    return StreamingResponse(body(), media_type="application/octet-stream", headers=headers)


async def get_clients(request: Request) -> Response:
    """GET /api/v1/sessions/{id}/clients: who is attached, on every surface."""
    check_query(request)
    view = await resolve(request, request.path_params["id"])
    if view.state in ENDED:
        return answer(id=view.id, clients=[])
    found = await _ask(side_of(request), view, ListClients(0))
    clients = found.clients if isinstance(found, Clients) else []
    return answer(id=view.id, clients=[client_json(client) for client in clients])


async def stop_session(request: Request) -> Response:
    """POST /api/v1/sessions/{id}/stop: end the session. Stopping an ended one is no error."""
    check_query(request)
    body = await read_json(request, StopBody)
    if body.grace_s is not None and not 0 <= body.grace_s <= _STOP_GRACE_MAX_S:
        raise ApiError(422, "field", f"grace_s is from 0 to {_STOP_GRACE_MAX_S:g} seconds", field="grace_s")
    view = await resolve(request, request.path_params["id"])
    if view.state in ENDED:
        return answer(id=view.id, state=view.state)
    stop = Stop(0, by="web") if body.grace_s is None else Stop(0, by="web", grace_s=body.grace_s)
    await _ask(side_of(request), view, stop)
    return answer(202, id=view.id, state="stopping")


async def get_store(request: Request) -> Response:
    """GET /api/v1/store: the log's health and size."""
    check_query(request)
    side = side_of(request)
    try:
        side.reader.sessions()
        readable = True
    except LogUnavailable:
        readable = False
    health = side.health
    return answer(
        state=health.state if health is not None else "unknown",
        reason=health.reason if health is not None else "",
        readable=readable,
        log_bytes=health.log_bytes if health is not None else 0,
        quota_bytes=health.quota_bytes if health is not None else 0,
    )


async def _ask(side: BusSide, view: SessionView, question: Any) -> Any:
    try:
        found = await side.uplink.ask(view.sid, question)
    except BrokerAway:
        raise ApiError(503, "not-ready", "The gateway's broker is away", "Look at it with: tether status") from None
    if isinstance(found, Refused) and not (found.code == "ended" and isinstance(question, Stop)):
        raise ApiError(_REFUSED_STATUS.get(found.code, 409), found.code, found.message, found.hint)
    return found


def _read(side: BusSide, sid: bytes, after: int, limit: int) -> list[tuple[int, bytes]]:
    try:
        return side.reader.events(sid, after, limit=limit, max_bytes=READ_BYTES)
    except LogUnavailable:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status") from None


def _shown(side: BusSide, sid: bytes, after: int, limit: int) -> list[tuple[int, bytes]]:
    """As `_read`, with what is secret hidden."""
    try:
        return side.read_shown(sid, after, limit, READ_BYTES)
    except LogUnavailable:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status") from None


def _last(side: BusSide, sid: bytes) -> int:
    try:
        return side.reader.last_seq(sid)
    except LogUnavailable:
        raise ApiError(503, "log", "The log can't be read now", "Look at it with: tether status") from None


async def _output(side: BusSide, sid: bytes, after: int, last: int, wanted: int) -> AsyncIterator[tuple[int, bytes]]:
    """(offset, bytes) of the output behind `wanted` in the events behind `after` up to `last`."""
    while after < last:
        rows = _shown(side, sid, after, READ_EVENTS)
        if not rows:
            return
        for seq, body in rows:
            if seq > last:
                return
            if output_extent(body) is not None:
                output = decode_body(body)
                data = offsets.clip(output.offset, output.data, wanted)
                if data:
                    yield max(output.offset, wanted), data
        after = rows[-1][0]
        await turn()


def _event_json(seq: int, body: bytes) -> dict[str, Any]:
    message = decode_body(body)
    if isinstance(message, Unknown):
        return {"kind": message.tag, "seq": seq}
    fields = msgspec.structs.asdict(message)
    if isinstance(message, Output):
        fields["data"] = base64.b64encode(message.data).decode()
    shown = {name: plain(value) for name, value in fields.items()}
    return {"kind": str(type(message).__struct_config__.tag), **shown, "seq": seq}
