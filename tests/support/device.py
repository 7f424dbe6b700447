"""A paired device, played by a test: pairing, the channel, requests and attachments through it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.gateway import Gateway
from tests.support.screen import Screen
from tests.support.waiting import wait_until
from tether import noise
from tether.noise import Channel, Initiator, KeyPair, key_pair
from tether.web import channel as channel_module
from tether.web import pairing_api, parcels
from tether.wire import decode, encode
from tether.wire.control import Attach
from tether.wire.framing import FrameReader, framed
from tether.wire.ids import NO_SESSION


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_OPENED: list[ClientConnection | Posts] = []


class Ended(Exception):
    """The gateway closed a channel that has no WebSocket, with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Way:
    """How a device comes in from elsewhere: what its page's origin is, where its connection goes, and whom it trusts
    there (None: whoever stands there speaks TLS for it)."""

    origin: str
    address: tuple[str, int]
    tls: ssl.SSLContext | None = None


def socket_to(gateway: Gateway, path: str, port: int = 0, *, at: int = 0, way: Way | None = None) -> ClientConnection:
    """A WebSocket of our own page, without a credential; closed by `close_all` at the latest. `port` leads to the
    gateway, `at` is another web part of it, `way` comes from elsewhere."""
    if way is not None:
        host = way.origin.partition("://")[2]
        dialled = connect(
            f"{'wss' if way.tls else 'ws'}://{host}/api/v1/{path}", sock=socket.create_connection(way.address),
            ssl=way.tls, max_size=None, proxy=None, compression=None, additional_headers={"Origin": way.origin},
            open_timeout=20, close_timeout=2,
        )  # fmt: skip
        _OPENED.append(opened := dialled.__enter__())
        return opened
    through = socket.create_connection(("127.0.0.1", port or at or gateway.port))
    dialled = connect(
        f"ws://127.0.0.1:{at or gateway.port}/api/v1/{path}", sock=through, max_size=None, proxy=None, compression=None,
        additional_headers={"Origin": f"http://127.0.0.1:{at or gateway.port}"}, open_timeout=20, close_timeout=2,
    )  # fmt: skip
    _OPENED.append(opened := dialled.__enter__())
    return opened


def close_all() -> None:
    """Close what tests left open."""
    while _OPENED:
        _OPENED.pop().close()


def close_code(line: ClientConnection) -> int:
    """Read until the gateway closes; its close code."""
    try:
        while True:
            line.recv(timeout=20)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd is not None else 1006


def _document(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body


class Offer:
    """`with Offer(gateway) as offer:` runs `tether pair` on a terminal and reads its link and code."""

    def __init__(self, gateway: Gateway, *args: str) -> None:
        self.gateway = gateway
        self.screen: Screen = gateway.screen("pair", "--no-qr", *args, cols=200)
        found = self.screen.expect(r"(https?://[^\s/]+)(/pair#v=1&g=([\w-]+)&k=([\w-]+)&p=([\w-]+))")
        self.base, self.link = found[1].decode(), found[2].decode()
        self.gateway_key, self.secret, self.id = b64(found[3].decode()), b64(found[4].decode()), b64(found[5].decode())
        self.code = self.screen.expect(r"code  (\w{4}-\w{4})")[1].decode().replace("-", "")

    def __enter__(self) -> Offer:
        return self

    def __exit__(self, *_rest: object) -> None:
        self.screen.close()

    def digits(self) -> str:
        """The digits that the terminal shows, as soon as a device has knocked."""
        return self.screen.expect(r"these digits:  (\d{3} \d{3})")[1].decode().replace(" ", "")

    def answer(self, word: str = "y") -> None:
        """What the owner types."""
        self.screen.expect(r"\[y/N\] ")
        self.screen.type(word + "\r")


class Knocking:
    """A device at the door."""

    def __init__(
        self, gateway: Gateway, offer: Offer, keys: KeyPair | None = None, *, name: str = "phone", port: int = 0,
        secret: bytes = b"", code: str = "", id: bytes = b"", about: dict[str, Any] | None = None,
        way: Way | None = None,
    ) -> None:  # fmt: skip
        self.keys = keys or key_pair()
        self.line = socket_to(gateway, "pair", port, way=way)
        prologue = pairing_api.PROLOGUE
        if code:
            self.line.send(b"\3")
            public = self.line.recv(timeout=20)
            assert isinstance(public, bytes)
            psk, head = noise.psk_of(code.encode(), b"code"), b"\2"
        else:
            id = id or offer.id
            public, psk, head = offer.gateway_key, noise.psk_of(secret or offer.secret, b"link"), b"\1" + id
            prologue += id
        self._initiator = Initiator(self.keys, public, prologue, psk)
        said = about if about is not None else {"name": name, "platform": "iOS 19"}
        self.line.send(head + self._initiator.write(json.dumps(said).encode()))

    def heard(self) -> Channel:
        """The gateway's answer: the secret was right."""
        message = self.line.recv(timeout=20)
        assert isinstance(message, bytes)
        _, self.secured = self._initiator.read(message)
        return self.secured

    def verdict(self) -> dict[str, Any]:
        message = self.line.recv(timeout=20)
        assert isinstance(message, bytes)
        found: dict[str, Any] = json.loads(self.secured.open(message))
        return found

    def close(self) -> None:
        self.line.close()


def pair(gateway: Gateway, *args: str, name: str = "phone", way: Way | None = None) -> Device:
    """The whole way, with an owner who says yes."""
    with Offer(gateway, *args) as offer:
        assert way is None or offer.base == way.origin
        knocking = Knocking(gateway, offer, name=name, way=way)
        channel = knocking.heard()
        assert offer.digits() == noise.digits(channel.hash)
        offer.answer("y")
        verdict = knocking.verdict()
        knocking.close()
        assert verdict["paired"], verdict
        offer.screen.expect("Paired")
    return Device(gateway, knocking.keys, offer.gateway_key, str(verdict["device"]))


class Device:
    """A device that was paired. `with device.dial() as line:` opens its channel."""

    def __init__(self, gateway: Gateway, keys: KeyPair, gateway_key: bytes, id: str) -> None:
        self.gateway = gateway
        self.keys = keys
        self.gateway_key = gateway_key
        self.id = id

    def dial(self, *, at: int = 0, way: Way | None = None, posts: bool = False) -> Line:
        """`posts`: without a WebSocket."""
        return Line(self, at, way, posts=posts)


class Posts:
    """A channel without a WebSocket, to be used like one: messages come as one long answer and go as posts."""

    def __init__(self, port: int, way: Way | None = None) -> None:
        self._port = port
        self._way = way
        self._answer: http.client.HTTPResponse | None = None
        self._frames = FrameReader(65535)
        self._read: list[bytes] = []
        self._down, self._up = self._connection(), self._connection()
        self.name = ""
        _OPENED.append(self)

    def _connection(self) -> http.client.HTTPConnection:
        way = self._way
        self._origin = way.origin if way is not None else f"http://127.0.0.1:{self._port}"
        host = self._origin.partition("://")[2]
        made = http.client.HTTPConnection(host, timeout=20)
        made.sock = socket.create_connection(way.address if way is not None else ("127.0.0.1", self._port), 20)
        if way is not None and way.tls is not None:
            made.sock = way.tls.wrap_socket(made.sock, server_hostname=host.partition(":")[0])
        return made

    def post(self, path: str, body: bytes, on: http.client.HTTPConnection | None = None) -> http.client.HTTPResponse:
        headers = {"Origin": self._origin, "X-Tether": "1", "Content-Type": "application/octet-stream"}
        line = on or self._up
        line.request("POST", f"/api/v1/channel{path}", body, headers)
        return line.getresponse()

    def send(self, message: bytes) -> None:
        """The first message opens the channel; ConnectionError with the status when it is not let in."""
        if self._answer is None:
            self._answer = self.post("", message, self._down)
            if self._answer.status != 200:
                raise ConnectionError(self._answer.status)
            return
        answer = self.post(f"/{self.name}", framed(message))
        answer.read()
        if answer.status != 200:
            raise ConnectionError(answer.status)

    def recv(self, timeout: float = 20) -> bytes:
        """EOFError at the answer's end."""
        assert self._answer is not None
        while not self._read:
            if self._down.sock is not None:
                self._down.sock.settimeout(timeout)
            part = self._answer.read1(65536)
            if not part:
                raise EOFError
            self._read += self._frames.feed(part)
        return self._read.pop(0)

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
        for line in (self._down, self._up):
            line.close()


class Line:
    """One open channel."""

    def __init__(self, device: Device, at: int = 0, way: Way | None = None, *, posts: bool = False) -> None:
        self.socket: Any = (
            Posts(at or device.gateway.port, way) if posts else socket_to(device.gateway, "channel", at=at, way=way)
        )
        initiator = Initiator(device.keys, device.gateway_key, channel_module.PROLOGUE)
        self.first = initiator.write(b"")
        self.socket.send(self.first)
        message = self.socket.recv(timeout=20)
        assert isinstance(message, bytes)
        payload, self.secured = initiator.read(message)
        if posts:
            self.socket.name = json.loads(payload)["channel"]
        self._number = 0
        self._streams: dict[int, FrameReader] = {}
        self.frames: dict[int, list[Any]] = {}
        self.closed: dict[int, int] = {}
        self.news: list[Any] = []
        self.sid = NO_SESSION
        self._parts: dict[int, bytes] = {}
        self._answers: dict[int, tuple[int, Any]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_rest: object) -> None:
        self.socket.close()

    def send(self, kind: int, number: int, body: bytes = b"") -> None:
        self.socket.send(self.secured.seal(parcels.pack(kind, number, body)))

    def read(self, timeout: float = 20) -> None:
        """Take one message in."""
        message = self.socket.recv(timeout=timeout)
        assert isinstance(message, bytes)
        kind, number, body = parcels.unpack(self.secured.open(message))
        if kind == parcels.ANSWER:
            last, status = struct.unpack_from(">BH", body)
            self._parts[number] = self._parts.get(number, b"") + body[3:]
            if last:
                self._answers[number] = status, _document(self._parts.pop(number))
        elif kind == parcels.DATA:
            for frame in self._streams[number].feed(body):
                self.sid, decoded = decode(frame)
                self.frames[number].append(decoded)
        elif kind == parcels.CLOSE and number == 0:
            raise Ended(struct.unpack_from(">H", body)[0])
        elif kind == parcels.CLOSE:
            self.closed[number] = struct.unpack_from(">H", body)[0]
        elif kind == parcels.NEWS:
            self.news.append(json.loads(body))

    def end(self) -> int:
        """Read until the gateway closes the channel; its close code, 1006 without one."""
        try:
            while True:
                self.read()
        except Ended as ended:
            return ended.code
        except ConnectionClosed as ended:
            return ended.rcvd.code if ended.rcvd is not None else 1006
        except EOFError:
            return 1006

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """(status, document) of a request through the channel."""
        self._number += 1
        number = self._number
        asked = {"method": method, "path": path, **({"body": body} if body is not None else {})}
        self.send(parcels.REQUEST, number, json.dumps(asked).encode())
        while number not in self._answers:
            self.read()
        return self._answers.pop(number)

    def attach(self, session: str, mode: str = "control", client: bytes = b"", after: int = 0) -> int:
        """Open an attachment; its number."""
        self._number += 1
        number = self._number
        self._streams[number], self.frames[number] = FrameReader(1 << 20), []
        self.send(parcels.OPEN, number, json.dumps({"session": session}).encode())
        self.me = client or os.urandom(16)
        attach = Attach(1, self.me, "named by itself", "web", mode, 80, 24, mode == "control", after, device="made up")
        self.send(parcels.DATA, number, framed(encode(NO_SESSION, attach)))
        return number

    def tell(self, number: int, message: Any) -> None:
        self.send(parcels.DATA, number, framed(encode(self.sid, message)))

    def expect(self, number: int, kind: type, where: Any = lambda _message: True) -> Any:
        """The oldest message of this kind (that fits) on the attachment, taken out."""

        def look() -> Any:
            for index, message in enumerate(self.frames[number]):
                if isinstance(message, kind) and where(message):
                    return self.frames[number].pop(index)
            self.read()
            return None

        return wait_until(f"a {kind.__name__}", look, 20)
