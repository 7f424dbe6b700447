"""Pairing: the owner's side over the API, and the device's over a WebSocket that ends with it.

The device's first message is a byte and a Noise message: 1 with the offer's id before it (the link), 2
without (the code). Byte 3 alone asks for the gateway's public key, which the code does not hold.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from tether import noise
from tether.clock import monotonic, now_us
from tether.devices import rows, scopes
from tether.errors import printable
from tether.noise import NoiseError, Responder
from tether.web import pairing
from tether.web.answers import ApiError, answer
from tether.web.bodies import check_query, read_json
from tether.web.lookup import credential_of
from tether.web.pairing import Knock, Offer, Offers

PROLOGUE: Final = b"tether/1 pair"
FIRST_WITHIN_S: Final = 5.0
_LINK, _CODE, _KEY = 1, 2, 3
_MESSAGE_BYTES_MAX: Final = 4096
CLOSE_PAIRED: Final = (1000, "paired")
CLOSE_NO_OFFER: Final = (4410, "this offer is over")
CLOSE_WRONG: Final = (4403, "a wrong secret")
CLOSE_NOT_DIRECT: Final = (4405, "a code works only on a direct way to the gateway: use the link")


class OfferBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/v1/pairing"""

    scopes: list[str] = msgspec.field(default_factory=lambda: sorted(scopes.PHONE))
    name: str = ""


class DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/v1/pairing/decide: the offer, the digits that the owner has compared, and the word."""

    id: str
    digits: str
    accept: bool


class About(msgspec.Struct):
    """What a device says of itself in its first message. Fields of newer devices are skipped."""

    name: str = ""
    platform: str = ""


class Pairing:
    """The application's offers, its key, and who waits for the owner's word."""

    def __init__(self, keys: noise.KeyPair) -> None:
        self.keys = keys
        self.offers = Offers()
        self.decided = asyncio.Event()

    def changed(self) -> None:
        """Wake whoever waits."""
        self.decided.set()
        self.decided = asyncio.Event()


async def make_offer(request: Request) -> Response:
    """POST /api/v1/pairing"""
    check_query(request)
    body = await read_json(request, OfferBody)
    try:
        given = scopes.checked(body.scopes)
    except ValueError as error:
        raise ApiError(422, "field", str(error), field="scopes") from None
    house = _house(request)
    offer = house.offers.make(
        secrets.token_bytes(pairing.ID_BYTES), secrets.token_bytes(pairing.SECRET_BYTES),
        pairing.code_of(secrets.token_bytes(pairing.CODE_CHARS)), given, body.name, monotonic(),
    )  # fmt: skip
    house.changed()
    return answer(**_offer_json(offer), secret=_text(offer.secret), code=offer.code, gateway=_text(house.keys.public))


async def show_offer(request: Request) -> Response:
    """GET /api/v1/pairing: the offer as it stands."""
    check_query(request)
    offers = _house(request).offers
    offers.standing(monotonic())
    if offers.current is None:
        raise ApiError(404, "not-found", "Nothing is offered", "Make an offer: tether pair")
    return answer(**_offer_json(offers.current))


async def decide(request: Request) -> Response:
    """POST /api/v1/pairing/decide: the owner's word on the device at the door."""
    check_query(request)
    body = await read_json(request, DecisionBody)
    house = _house(request)
    offer = house.offers.decide(_bytes(body.id), body.digits, monotonic(), accept=body.accept)
    if offer is None or offer.knock is None:
        raise ApiError(409, "offer", "This offer is over, or these are not its digits", "Begin again: tether pair")
    credential = credential_of(request.scope)
    if body.accept:
        try:
            _register(request.app, offer, offer.knock)
        except ValueError as error:
            house.offers.end(str(error))
            house.changed()
            raise ApiError(409, "too-many", str(error), "See: tether devices") from None
    kind = "pair" if body.accept else "pair-denied"
    request.app.state.side.happened(
        kind, credential, device=offer.device, name=offer.knock.name, path=offer.knock.path,
        scopes=",".join(sorted(offer.scopes)),
    )  # fmt: skip
    house.changed()
    return answer(**_offer_json(offer))


async def cancel(request: Request) -> Response:
    """POST /api/v1/pairing/cancel: the offer is withdrawn."""
    check_query(request)
    house = _house(request)
    house.offers.end(pairing.WITHDRAWN)
    house.changed()
    return answer()


async def pair(websocket: WebSocket) -> None:
    """The WebSocket of a device that wants to be paired."""
    await websocket.accept()
    house: Pairing = websocket.app.state.pairing
    try:
        how = await _pair(websocket, house)
    except (WebSocketDisconnect, TimeoutError):
        return
    with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
        await websocket.close(*how)


async def _pair(websocket: WebSocket, house: Pairing) -> tuple[int, str]:
    message = await _message(websocket)
    if message == bytes((_KEY,)):
        await websocket.send_bytes(house.keys.public)
        message = await _message(websocket)
    path = path_of(websocket)
    offer, sealed, purpose = _asked(house.offers, message)
    if purpose == b"code" and path == "tunnel":
        # Over a way that others carry, forty bits could be guessed by whoever answers in the gateway's name.
        return CLOSE_NOT_DIRECT
    if offer is None:
        house.offers.failed(monotonic())
        return CLOSE_NO_OFFER[0], f"this offer is over: {house.offers.why_not(message[1 : 1 + pairing.ID_BYTES])}"
    secret = offer.secret if purpose == b"link" else offer.code.encode()
    responder = Responder(house.keys, PROLOGUE + offer.id * (purpose == b"link"), noise.psk_of(secret, purpose))
    try:
        about = msgspec.json.decode(responder.read(sealed), type=About)
    except (NoiseError, msgspec.DecodeError, UnicodeDecodeError):
        house.offers.failed(monotonic())
        house.changed()
        return CLOSE_WRONG
    reply, channel = responder.write()
    name, platform = rows.clean(about.name, "unnamed device"), rows.clean(about.platform, "")
    knock = Knock(channel.peer, name, platform, path, noise.digits(channel.hash))
    house.offers.knocked(offer, knock)
    house.changed()
    try:
        await websocket.send_bytes(reply)
        await _until_decided(websocket, house, offer)
    finally:
        if offer.state == "knocking":
            house.offers.end("the device went away")
            house.changed()
    paired = offer.state == "paired"
    verdict = {"paired": paired, "device": offer.device, "scopes": sorted(offer.scopes), "reason": offer.reason}
    await websocket.send_bytes(channel.seal(msgspec.json.encode(verdict)))
    return CLOSE_PAIRED if paired else (CLOSE_NO_OFFER[0], offer.reason)


def _asked(offers: Offers, message: bytes) -> tuple[Offer | None, bytes, bytes]:
    """(the offer, the Noise message, which secret it was made with)."""
    now = monotonic()
    if message[:1] == bytes((_CODE,)):
        return offers.standing(now), message[1:], b"code"
    id = message[1 : 1 + pairing.ID_BYTES] if message[:1] == bytes((_LINK,)) else b""
    return offers.find(id, now), message[1 + pairing.ID_BYTES :], b"link"


async def _until_decided(websocket: WebSocket, house: Pairing, offer: Offer) -> None:
    """Wait for the owner's word, or for the device to go."""
    gone = asyncio.create_task(_gone(websocket))
    try:
        while offer.state == "knocking" and not gone.done():
            left = offer.until - monotonic()
            if left <= 0:
                house.offers.standing(monotonic())
                break
            word = asyncio.create_task(house.decided.wait())
            await asyncio.wait({gone, word}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            word.cancel()
    finally:
        gone.cancel()


async def _gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _message(websocket: WebSocket) -> bytes:
    async with asyncio.timeout(FIRST_WITHIN_S):
        message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    data = message.get("bytes")
    return bytes(data[:_MESSAGE_BYTES_MAX]) if data else b""


def path_of(connection: Any) -> str:
    """How a device came: by which of the gateway's names it asked."""
    host = connection.headers.get("host", "").lower()
    near = host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]")
    return "loopback" if near else str(connection.app.state.path_of(host))


def _register(app: Any, offer: Offer, knock: Knock) -> None:
    made: list[rows.Device] = []

    def edit(book: rows.Book) -> rows.Book:
        book, device = rows.add(
            book, key=knock.key, name=offer.name or knock.name, platform=knock.platform, scopes=offer.scopes,
            path=knock.path, now_s=now_us() // 1_000_000,
        )  # fmt: skip
        made.append(device)
        return book

    app.state.credentials.registry.change(edit)
    offer.device = made[-1].id
    # A channel of the same key from before this pairing has another epoch: it is over.
    app.state.side.review()


def _house(request: Request) -> Pairing:
    house = request.app.state.pairing
    assert isinstance(house, Pairing)  # noqa: S101 - made with the application
    return house


def _offer_json(offer: Offer) -> dict[str, Any]:
    knock = offer.knock
    shown = None if knock is None else {
        "name": printable(knock.name, 60), "platform": printable(knock.platform, 60), "path": knock.path,
        "digits": knock.digits,
    }  # fmt: skip
    return {
        "id": _text(offer.id), "state": offer.state, "reason": offer.reason, "failures": offer.failures,
        "left_s": max(0.0, round(offer.until - monotonic(), 1)), "scopes": sorted(offer.scopes), "knock": shown,
        "device": offer.device,
    }  # fmt: skip


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
