"""One function for each reader of untrusted bytes. Each may raise the errors that its reader promises, and no other."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Final

import msgspec

from tether import access, audit
from tether.adapters import accounts
from tether.adapters.claude import ClaudeTranslator
from tether.adapters.facts import Decision
from tether.cli import detachkeys
from tether.cli import masking as mask_verb
from tether.devices import rows, scopes
from tether.errors import TetherError, printable
from tether.exposure import assertions
from tether.modes import Modes
from tether.noise import Initiator, KeyPair, NoiseError, Responder, key_pair
from tether.ptyworker.signals import Signals
from tether.redact import hostile
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.stream import Masker
from tether.screen.cutting import Cutter
from tether.screen.queries import without_queries
from tether.screen.unasked import Unasked, without_replies
from tether.web import admission, arrivals, pairing, pairing_api, parcels, permits, wsframes
from tether.web.admission import Asked, Credential, Policy, Refusal
from tether.web.parcels import ParcelError
from tether.web.wsframes import Splitter
from tether.wire.codec import WireError, decode, encode
from tether.wire.framing import FrameReader
from tether.wire.ids import normalise_public

_SID: Final = bytes(range(16))
_ME: Final = b"m" * 16
_RULES: Final = admission.rules(4789, "tether-4789", frozenset({"far.example"}), frozenset({"https://far.example"}))
_KEYS: Final[KeyPair] = key_pair(b"g" * 32)
_DEVICE: Final[KeyPair] = key_pair(b"d" * 32)


def wire(data: bytes) -> None:
    """A frame of the bus. What decodes encodes again."""
    with contextlib.suppress(WireError):
        sid, message = decode(data)
        if isinstance(message, msgspec.Struct):
            decode(encode(sid, message))


def attachment(data: bytes) -> None:
    """A frame of a browser, with what is asked of it."""
    with contextlib.suppress(WireError):
        arrived = arrivals.read(_SID + data, _SID, _ME)
        if isinstance(arrived, arrivals.Arrival):
            for held in (scopes.PHONE, frozenset({"observe"})):
                permits.check(arrived.message, Credential("device", 0, held, "d"), _SID)
    with contextlib.suppress(WireError):
        first = arrivals.read_attach(_SID + data, _SID)
        assert permits.attaching(Credential("device", 0, frozenset({"observe"}), "d"), _SID, first).mode == "observe"


def hooks(data: bytes) -> None:
    """What hooks of an agent say, and what the terminal says beside its screen."""
    signals = Signals((("^x", "working"), ("^y", "idle")))
    translator = ClaudeTranslator(lambda _path: "a file\n")
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = msgspec.json.decode(data)
        for number, event in enumerate(said if isinstance(said, list) else [said]):
            for fact in translator.take((str(number), event), 1):
                accounts.told(fact)
            translator.answer(str(number), Decision("allow", "session"))
    for at in range(0, len(data), 5):
        for signal in signals.feed(data[at : at + 5]):
            translator.take(signal, 1)


def framing(data: bytes) -> None:
    """A byte stream with lengths, in pieces."""
    reader = FrameReader(1 << 16)
    with contextlib.suppress(WireError):
        for at in range(0, len(data), 7):
            reader.feed(data[at : at + 7])


def websocket(data: bytes) -> None:
    """A stream of WebSocket frames in pieces of any size gives the same as in one piece, up to one that is too long."""
    assert _cuts(data, len(data) or 1) == _cuts(data, 5)


def _cuts(data: bytes, step: int) -> list[bytes]:
    splitter, found = Splitter(4096), []
    for at in range(0, len(data), step):
        for cut in splitter.feed(data[at : at + step]):
            body = wsframes._body(cut.frame, 0, len(cut.frame))
            if body is None or body[1] > 4096:
                return found  # the connection ends here
            found.append(cut.message() if cut.start else cut.frame)
    return found


def headers(data: bytes) -> None:
    """A request's head at the gate: without a credential nothing but public things is let in."""
    lines = [tuple(line.partition(b": ")[::2]) for line in data.split(b"\r\n")]
    path = lines[0][1].decode("latin-1") if lines else "/"
    head = admission.without_forwarding([(name.lower(), value) for name, value in lines[1:]])
    for kind, method in (("http", "GET"), ("http", "POST"), ("websocket", "GET")):
        for policy in (*Policy, None):
            verdict = admission.admit(Asked(kind, method, path, head), policy, _RULES, lambda _b, _c: None)
            closed = policy not in (Policy.PUBLIC, Policy.LOGIN, Policy.DEVICE, Policy.CARRIED)
            assert isinstance(verdict, Refusal) or not closed


def parcel(data: bytes) -> None:
    """What a device sends in its channel."""
    for read in (parcels.unpack, parcels.request, parcels.opening):
        with contextlib.suppress(ParcelError):
            read(data)


def noise(data: bytes) -> None:
    """A first message and an answer: nobody without the keys gets through."""
    for psk in (b"", b"p" * 32):
        with contextlib.suppress(NoiseError):
            Responder(_KEYS, b"fuzz", psk).read(data)
            raise AssertionError("a first message of nobody was read")
    device = Initiator(_DEVICE, _KEYS.public, b"fuzz")
    device.write()
    with contextlib.suppress(NoiseError):
        device.read(data)
        raise AssertionError("an answer of nobody was read")


def knock(data: bytes) -> None:
    """The first message of a pairing, and what a device says of itself."""
    offers = pairing.Offers()
    offers.make(b"i" * 8, b"s" * 16, "ABCDEFGH", scopes.PHONE, "", 0.0)
    pairing_api._asked(offers, data)
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        about = msgspec.json.decode(data, type=pairing_api.About)
        assert rows.clean(about.name, "x").isprintable()
        assert len(rows.clean(about.platform, "")) <= rows.NAME_CHARS_MAX
    pairing.plain_code(data.decode("utf-8", "replace"))


def secrets(data: bytes) -> None:
    """Tickets, cookies, tokens and names as strangers write them."""
    text = data.decode("utf-8", "surrogateescape")
    assert not access.check_bearer("a" * 64, text) or text == "a" * 64
    access.cookie_digest("a" * 64, text)
    assert not access.Tickets().redeem(text, 0.0)
    normalise_public(text)
    assert printable(text).isprintable()


def registry(data: bytes) -> None:
    """The file of devices, as somebody may have left it."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        book = msgspec.json.decode(data, type=rows.Book)
        for one in book.devices:
            rows.seen(book, one.id, "lan", 5)
            rows.remove(book, [one.id])
        rows.find(book, "a")


def assertion(data: bytes) -> None:
    """A JWT of Cloudflare Access, and its team's keys."""
    text = data.decode("latin-1")
    with contextlib.suppress(assertions.BadAssertion):
        assertions.verify(text, {"k": (3233, 17)}, "team", "aud", 0)
        raise AssertionError("an assertion of nobody was believed")
    head = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"k"}').rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    with contextlib.suppress(assertions.BadAssertion):
        assertions.verify(f"{head}.{body}.{body[:8]}", {"k": (3233, 17)}, "team", "aud", 0)
    with contextlib.suppress(ValueError, RecursionError):
        assertions.keys_of(json.loads(text))


def trail(data: bytes) -> None:
    """A line of an exported audit log, and a row of one."""
    with contextlib.suppress(ValueError, TetherError):
        audit.decode(data)
    with contextlib.suppress(ValueError, RecursionError):
        line = json.loads(data)
        if isinstance(line, dict):
            with contextlib.suppress(ValueError, TetherError, KeyError, TypeError):
                audit.imported(line)


_FINDER: Final = Finder(shipped())
_POLICIES: Final = (None, hostile.Policy(), hostile.Policy(clipboard=True))


def masking(data: bytes) -> None:
    """A terminal's output on its way out, in pieces, with silence between: nothing is lost, added or moved."""
    step, cols = 1 + data[0] % 61 if data else 1, 20 + data[-1] % 100 if data else 80
    for policy in _POLICIES:
        masker, shown = Masker(_FINDER, cols, policy), b""
        for number, at in enumerate(range(0, len(data), step)):
            shown += masker.feed(data[at : at + step])
            if number % 7 == 6:
                shown += masker.silent()
        shown += masker.flush()
        assert len(shown) == len(data)
        if policy is None and b"\x1b]" not in data and b"\xc2\x9d" not in data:
            assert all(a == b or (b == 42 and 33 <= a <= 126) for a, b in zip(data, shown, strict=True))


def chunks(data: bytes) -> None:
    """A line of `tether mask --chunks`."""
    with contextlib.suppress(TetherError):
        json.loads(mask_verb.row(data, _FINDER))


def output(data: bytes) -> None:
    """A terminal's output as the screen, a client that attaches and a loan of a terminal read it."""
    without_queries(data)
    without_replies(data)
    cutter, unasked, modes = Cutter(), Unasked(), Modes()
    for at in range(0, len(data), 9):
        piece = data[at : at + 9]
        cutter.too_long(cutter.rest(piece), ground=False)
        modes.feed(piece)
        unasked.feed(piece)
    Modes().feed(modes.restore() + modes.told())


def typing(data: bytes) -> None:
    """Typing, in which the keys that detach are looked for: without them everything passes."""
    for keys in (detachkeys.parse("ctrl-\\ d"), detachkeys.parse("none")):
        parser, passed = detachkeys.Parser(keys), b""
        for at in range(0, len(data), 3):
            passed += b"".join(act.data for act in parser.feed(data[at : at + 3], at / 100))
        passed += b"".join(act.data for act in parser.expire(1e9))
        assert keys is not None or passed == data


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    one.__name__: one
    for one in (
        wire,
        attachment,
        framing,
        hooks,
        websocket,
        headers,
        parcel,
        noise,
        knock,
        secrets,
        registry,
        assertion,
        trail,
        masking,
        chunks,
        output,
        typing,
    )
}
