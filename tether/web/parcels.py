"""What goes through a device's channel: requests and their answers, attachments, and news. Pure.

A parcel is one message of the channel: its kind (1 byte), a number of the device's (4 bytes, big-endian)
and what it carries. An attachment is a stream of frames, each with its length before it, as on the
plain-HTTP transport; a parcel holds a stretch of that stream, cut anywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from tether.errors import printable

REQUEST: Final = 1  # device: {"method", "path", "body"}
ANSWER: Final = 2  # gateway: last (1 byte), status (2 bytes), a part of the body
OPEN: Final = 3  # device: {"session"}: an attachment begins
DATA: Final = 4  # both: a stretch of the attachment's frames
CLOSE: Final = 5  # both: code (2 bytes), reason
NEWS: Final = 6  # gateway, number 0: {"kind", "text"}
PING: Final = 7  # device, answered by PING
KINDS: Final = frozenset({REQUEST, ANSWER, OPEN, DATA, CLOSE, NEWS, PING})

# Noise's own limit is 65,535 with its tag; a stretch this long leaves room and keeps keys from waiting long.
STRETCH_BYTES: Final = 32 * 1024
_HEAD: Final = struct.Struct(">BI")
_ANSWER: Final = struct.Struct(">BH")
_CLOSE: Final = struct.Struct(">H")
_METHODS: Final = frozenset({"GET", "POST"})


class ParcelError(ValueError):
    """The device broke the rules of the channel."""


class Parcel(NamedTuple):
    """See the module."""

    kind: int
    number: int
    body: bytes


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """What a REQUEST holds; `path` with its query, `body` as JSON."""

    method: str
    path: str
    body: msgspec.Raw = msgspec.Raw(b"null")


class Open(msgspec.Struct, forbid_unknown_fields=True):
    """What an OPEN holds: a session's public id."""

    session: str


def pack(kind: int, number: int, body: bytes = b"") -> bytes:
    """One parcel."""
    return _HEAD.pack(kind, number) + body


def unpack(message: bytes) -> Parcel:
    """ParcelError when it is none."""
    if len(message) < _HEAD.size:
        raise ParcelError("a parcel that is too short")
    kind, number = _HEAD.unpack_from(message)
    if kind not in KINDS:
        raise ParcelError(f"a parcel of kind {kind}")
    return Parcel(kind, number, message[_HEAD.size :])


def request(body: bytes) -> Request:
    """What a REQUEST asks. ParcelError when it is none."""
    try:
        found = msgspec.json.decode(body, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParcelError(f"a request that does not fit: {error}") from None
    if found.method not in _METHODS or not found.path.startswith("/") or not found.path.isascii():
        raise ParcelError(f"a request for {printable(found.method, 10)} {printable(found.path, 60)!r}")
    return found


def opening(body: bytes) -> str:
    """The session that an OPEN names. ParcelError when it is none."""
    try:
        return msgspec.json.decode(body, type=Open).session
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParcelError(f"an opening that does not fit: {error}") from None


def answer(number: int, status: int, body: bytes, *, last: bool) -> bytes:
    """A part of an answer."""
    return pack(ANSWER, number, _ANSWER.pack(last, status) + body)


def close(number: int, code: int, reason: str) -> bytes:
    """The end of an attachment."""
    return pack(CLOSE, number, _CLOSE.pack(code) + reason.encode()[:200])


def stretches(data: bytes) -> Iterator[bytes]:
    """`data` in pieces that each fit into a parcel."""
    view = memoryview(data)
    for start in range(0, len(data), STRETCH_BYTES):
        yield bytes(view[start : start + STRETCH_BYTES])
