"""The envelope: one ZeroMQ frame (or one WebSocket message) is `sid(16) ‖ msgpack`.

The msgpack part is an array whose first item is the tag of one struct. Fields are added at the end
with defaults, never removed and never given another type; a tag that is not known decodes to
`Unknown`, so that a newer peer is no error. Everything else that does not fit is `WireError`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tether.wire import agents, auditing, control, events, storing, views
from tether.wire.ids import SessionId
from tether.wire.limits import FRAME_BYTES_MAX, SID_BYTES

_STRUCTS: Final = (
    *events.Event.__args__,
    *storing.ToStore.__args__,
    *storing.FromStore.__args__,
    *storing.StoreNotice.__args__,
    *control.ToBroker.__args__,
    *control.FromBroker.__args__,
    *control.OnLane.__args__,
    *control.ToBrowser.__args__,
    *control.FromBrowser.__args__,
    *auditing.ToBrokerAudit.__args__,
    *auditing.Auditing.__args__,
    *agents.ToAdapters.__args__,
    *agents.FromAdapters.__args__,
    views.SessionView,
)
MESSAGES: Final[tuple[type[msgspec.Struct], ...]] = tuple(dict.fromkeys(_STRUCTS))
TAGS: Final[dict[str, type[msgspec.Struct]]] = {str(s.__struct_config__.tag): s for s in MESSAGES}

if len(TAGS) != len(MESSAGES):
    raise AssertionError("two messages share a tag")

Message = Any
"""One of `MESSAGES`, or `Unknown`. Receivers `match` on it."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoders: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    tag: msgspec.msgpack.Decoder(struct) for tag, struct in TAGS.items()
}
_any: Final = msgspec.msgpack.Decoder()


class WireError(ValueError):
    """The peer broke the protocol: a frame too short, too long, or not what its tag says."""


def encode(sid: bytes, message: msgspec.Struct) -> bytes:
    """One frame for `message` about the session `sid` (16 bytes)."""
    return sid + _encoder.encode(message)


def encode_body(message: msgspec.Struct) -> bytes:
    """`message` without its envelope, as the log keeps it."""
    return _encoder.encode(message)


def envelope_sid(frame: bytes) -> SessionId:
    """The session a frame is about. WireError when the frame is too short to have one."""
    if len(frame) <= SID_BYTES:
        raise WireError(f"a frame of {len(frame)} bytes is too short")
    return SessionId(bytes(frame[:SID_BYTES]))


def decode(frame: bytes) -> tuple[SessionId, Message]:
    """Split and decode one frame. WireError when it does not fit; `Unknown` when its tag is from the future."""
    if len(frame) > FRAME_BYTES_MAX:
        raise WireError(f"a frame of {len(frame)} bytes is over the limit of {FRAME_BYTES_MAX}")
    return envelope_sid(frame), decode_body(memoryview(frame)[SID_BYTES:])


def decode_body(body: bytes | memoryview) -> Message:
    """Decode one message without its envelope, as the log keeps it. Errors as for `decode`."""
    tag = peek_tag(body)
    decoder = _decoders.get(tag)
    try:
        if decoder is not None:
            return decoder.decode(body)
        fields = _any.decode(body)
    except (ValueError, RecursionError) as error:  # ValueError: msgspec's own, and text that is not UTF-8
        raise WireError(f"a {tag!r} message that does not fit: {error}") from None
    seq = fields[1] if len(fields) > 1 and type(fields[1]) is int else 0
    return events.Unknown(tag, seq)


def peek_tag(body: bytes | memoryview) -> str:
    """The tag of a message, read from its first bytes: an array whose first item is a short string."""
    view = memoryview(body)
    try:
        head = view[0]
        start = 1 if 0x90 <= head <= 0x9F else 3 if head == 0xDC else -1
        length = view[start] - 0xA0 if start > 0 else -1
        if not 0 < length <= 31 or len(view) < start + 1 + length:
            raise WireError("a frame that is not a tagged message")
        return bytes(view[start + 1 : start + 1 + length]).decode("ascii")
    except (IndexError, UnicodeDecodeError):
        raise WireError("a frame that is not a tagged message") from None
