"""What a client sends on its attachment, checked before anything acts on it. Pure.

The web process rewrites nothing; it refuses what is not the sender's to send: another client's id,
another session, sizes beyond the protocol's, and every message that is not a browser's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tether.errors import printable
from tether.wire.codec import WireError, decode
from tether.wire.control import (
    Attach,
    Credit,
    Detach,
    HistoryQuery,
    Input,
    Ping,
    Refused,
    Release,
    Resize,
    Seen,
    SnapshotQuery,
    Take,
)
from tether.wire.events import Unknown
from tether.wire.ids import NO_SESSION, is_client_id
from tether.wire.limits import (
    COLS_MAX,
    HISTORY_LINES_MAX,
    INPUT_BYTES_MAX,
    ROWS_MAX,
    SID_BYTES,
    TITLE_CHARS_MAX,
    WEBSOCKET_FRAME_BYTES_MAX,
)

MODES: Final = frozenset({"control", "observe"})
KINDS: Final = frozenset({"web", "api"})
_OFFSET_MAX: Final = 1 << 62
_TAG: Final = slice(SID_BYTES + 1, SID_BYTES + 7)
_INPUT_TAG: Final = b"\xa5input"
_input: Final = msgspec.msgpack.Decoder(Input)


@dataclass(frozen=True)
class Arrival:
    """A frame that may be acted upon; `frame` is the very bytes that came."""

    message: Any
    frame: bytes


def read(frame: bytes, sid: bytes, client: bytes) -> Arrival | Refused | None:
    """The message in `frame` from the attachment of `client` to `sid`, a refusal to send back, or None for a message of
    a newer protocol, which is skipped. WireError when it is no frame at all."""
    if frame[_TAG] == _INPUT_TAG and frame.startswith(sid) and len(frame) <= INPUT_BYTES_MAX:
        # A key waits for this: the shortest way to the same verdict.
        typed = _typed(frame)
        if typed is not None and typed.client == client and typed.n >= 1:
            return Arrival(typed, frame)
    if len(frame) > WEBSOCKET_FRAME_BYTES_MAX:
        raise WireError(f"a frame of {len(frame)} bytes is over the limit of {WEBSOCKET_FRAME_BYTES_MAX}")
    about, message = decode(frame)
    if isinstance(message, Unknown):
        return None
    problem = _problem(message)
    if problem is None and about != sid:
        problem = ("bad-message", "This attachment is for another session")
    if problem is None and getattr(message, "client", client) != client:
        problem = ("not-attached", "This attachment belongs to another client id")
    if problem is None:
        return Arrival(message, frame)
    code, text = problem
    return Refused(_number(message), code, text, client=client)


def _typed(frame: bytes) -> Input | None:
    try:
        return _input.decode(memoryview(frame)[SID_BYTES:])
    except (msgspec.DecodeError, ValueError):
        return None


def read_attach(frame: bytes, sid: bytes) -> Attach:
    """The Attach that opens an attachment to `sid`. WireError, with a sentence for the client, when it is not one.

    The null session id stands for the session in the URL, for a client that knows only its public id.
    """
    about, message = decode(frame)
    if not isinstance(message, Attach):
        raise WireError("the first message must be Attach")
    if about not in (sid, NO_SESSION):
        raise WireError("the Attach is for another session than the URL")
    return check_attach(message, KINDS)


def check_attach(message: Attach, kinds: frozenset[str]) -> Attach:
    """`message` itself. WireError, naming the field, when one does not fit."""
    checks = (
        (is_client_id(message.client) and any(message.client), "client: 16 random bytes"),
        (message.kind in kinds, f"kind: one of {', '.join(sorted(kinds))}"),
        (message.mode in MODES, "mode: control or observe"),
        (0 <= message.cols <= COLS_MAX and 0 <= message.rows <= ROWS_MAX, f"cols and rows: 0 to {COLS_MAX}"),
        (0 <= message.after <= _OFFSET_MAX, "after: 0 or the number of an event"),
        (0 <= message.epoch <= _OFFSET_MAX, "epoch: 0 or more"),
        (-_OFFSET_MAX <= message.req <= _OFFSET_MAX, "req: a number"),
        (len(message.name) <= TITLE_CHARS_MAX, f"name: at most {TITLE_CHARS_MAX} characters"),
        (len(message.device) <= TITLE_CHARS_MAX, f"device: at most {TITLE_CHARS_MAX} characters"),
        (message.name.isprintable(), f"name: printable characters, not {printable(message.name, 60)!r}"),
        (message.device.isprintable(), f"device: printable characters, not {printable(message.device, 60)!r}"),
    )
    for fits, rule in checks:
        if not fits:
            raise WireError(f"an Attach that does not fit: {rule}")
    return message


def _problem(message: Any) -> tuple[str, str] | None:
    match message:
        case Input(data=data, n=n):
            if len(data) > INPUT_BYTES_MAX:
                return "size", f"An input has at most {INPUT_BYTES_MAX} bytes, not {len(data)}: send it in parts"
            return None if n >= 1 else ("bad-message", "Inputs are numbered from 1")
        case Resize(cols=cols, rows=rows):
            fits = 1 <= cols <= COLS_MAX and 1 <= rows <= ROWS_MAX
            return None if fits else ("size", f"A terminal has 1 to {COLS_MAX} columns and rows, not {cols}x{rows}")
        case Seen(seq=seq, offset=offset) | Credit(seq=seq, offset=offset):
            skip = message.skip if isinstance(message, Credit) else 0
            fits = min(seq, offset, skip) >= 0 and max(seq, offset, skip) <= _OFFSET_MAX
            return None if fits else ("bad-message", "Positions are not negative")
        case SnapshotQuery(history=history):
            fits = 0 <= history <= HISTORY_LINES_MAX
            return None if fits else ("bad-message", f"A snapshot has 0 to {HISTORY_LINES_MAX} lines of history")
        case HistoryQuery(skip=skip, count=count):
            fits = 0 <= skip <= _OFFSET_MAX and 1 <= count <= HISTORY_LINES_MAX
            return None if fits else ("bad-message", f"A page of history has 1 to {HISTORY_LINES_MAX} lines")
        case Take() | Release() | Detach() | Ping():
            return None
        case Attach():
            return "bad-message", "This attachment stands already: use take or release"
        case _:
            return "bad-message", "A browser can't send that"


def _number(message: Any) -> int:
    number = getattr(message, "req", 0)
    return number if isinstance(number, int) else 0
