"""How far one client has been served, and where its next events come from. Pure.

The cursor is the number of the newest event that was handed to the client. Live events are only a
hint (they may have gaps); the log is the truth. There is no queue per client: a client that is slow
reads the log later, at its own pace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from tether.web.flow import Flow
from tether.wire.codec import WireError, decode_body
from tether.wire.limits import SID_BYTES

LIVE_BYTES_MAX: Final = 1 << 20
LIVE_EVENTS_MAX: Final = 4096
# One visit to the log: about a millisecond warm, and no client waits long behind another.
READ_EVENTS: Final = 64
READ_BYTES: Final = 256 * 1024

_OUTPUT_TAG: Final = b"\xa3out"


class _OutputHead(msgspec.Struct, frozen=True, array_like=True, tag="out"):
    seq: int
    ts: int
    offset: int
    data: msgspec.Raw


_head: Final = msgspec.msgpack.Decoder(_OutputHead)


@dataclass(frozen=True, slots=True)
class Piece:
    """One event, ready to send. `offset` is -1 for what is no output."""

    seq: int
    frame: bytes
    offset: int = -1
    size: int = 0


def output_extent(body: bytes | memoryview) -> tuple[int, int] | None:
    """(offset, size) of an output event without copying its bytes; None for every other message.

    WireError when it does not fit.
    """
    head = _output_head(body)
    return None if head is None else head[1:]


def logged(sid: bytes, rows: Iterable[tuple[int, bytes]]) -> list[Piece]:
    """Rows of the log as pieces. A row that can't be read is passed on: its reader knows best what to do with it."""
    return [_logged_piece(seq, sid + body) for seq, body in rows]


def live_piece(frame: bytes) -> Piece | None:
    """A frame from a worker's live socket, or None when it is no event. WireError when it does not fit."""
    body = memoryview(frame)[SID_BYTES:]
    head = _output_head(body)
    if head is not None:
        seq, offset, size = head
        return Piece(seq, frame, offset, size)
    seq = getattr(decode_body(body), "seq", 0)
    return Piece(seq, frame) if seq > 0 else None


def _logged_piece(seq: int, frame: bytes) -> Piece:
    try:
        extent = output_extent(memoryview(frame)[SID_BYTES:])
    except WireError:
        extent = None
    return Piece(seq, frame) if extent is None else Piece(seq, frame, *extent)


def _output_head(body: bytes | memoryview) -> tuple[int, int, int] | None:
    """(seq, offset, size) of an output event."""
    if bytes(body[1:5]) != _OUTPUT_TAG:
        return None
    try:
        head = _head.decode(body)
    except msgspec.DecodeError as error:
        raise WireError(f"an 'out' message that does not fit: {error}") from None
    raw = memoryview(head.data)
    # bin 8, 16 and 32 have a header of 2, 3 and 5 bytes.
    header = {0xC4: 2, 0xC5: 3, 0xC6: 5}.get(raw[0])
    if header is None:
        raise WireError("an 'out' message without bytes")
    return head.seq, head.offset, len(raw) - header


@dataclass
class Recent:
    """The newest live events of one session: dense, bounded in bytes, shared by its clients."""

    bytes_max: int = LIVE_BYTES_MAX
    events_max: int = LIVE_EVENTS_MAX
    first: int = 0  # the oldest event here; 0 when there is none
    last: int = 0  # the newest
    _pieces: dict[int, Piece] = field(default_factory=dict)
    _bytes: int = 0

    def add(self, piece: Piece) -> bool:
        """Take a live event in. False when it is not news. After a gap only what follows it is kept."""
        if piece.seq <= self.last:
            return False
        if piece.seq != self.last + 1 or not self._pieces:
            self._pieces.clear()
            self._bytes, self.first = 0, piece.seq
        self._pieces[piece.seq] = piece
        self.last = piece.seq
        self._bytes += len(piece.frame)
        while self._bytes > self.bytes_max or len(self._pieces) > self.events_max:
            self._bytes -= len(self._pieces.pop(self.first).frame)
            self.first += 1
        return True

    @property
    def newest(self) -> Piece | None:
        """The event `last`."""
        return self._pieces.get(self.last)

    def after(self, seq: int) -> Iterator[Piece]:
        """The events that follow `seq`, which must be here (see `Attachment.source`)."""
        return map(self._pieces.__getitem__, range(seq + 1, self.last + 1))


@dataclass
class Attachment:
    """One client's place in a session."""

    cursor: int = 0
    flow: Flow = field(default_factory=Flow)

    def source(self, recent: Recent, newest: int) -> Literal["live", "log", "wait"]:
        """Where the event after the cursor is to be had; `newest` is the newest one that is known to exist."""
        if not self.wants():
            return "wait"
        if recent.first <= self.cursor + 1 <= recent.last:
            return "live"
        return "log" if self.cursor < newest else "wait"

    def wants(self) -> bool:
        """True while the client's credit leaves room for more."""
        room = self.flow.room()
        return room is None or room > 0

    def read_bytes(self) -> int:
        """How much of the log is worth reading now, in bytes."""
        room = self.flow.room()
        return READ_BYTES if room is None else min(READ_BYTES, room + 1)

    def batch(self, recent: Recent) -> list[Piece]:
        """The next live events, as many as one turn sends."""
        return take_bytes(recent.after(self.cursor), self.read_bytes())

    def next(self, recent: Recent) -> list[Piece] | None:
        """The newest live event when it is the only one that the client lacks, as a key's echo is, and its credit
        covers it; it counts as handed over. None: see `source`."""
        if recent.last != self.cursor + 1 or recent.last < recent.first:
            return None
        piece = recent.newest
        if piece is None or not self.admits(piece):
            return None
        self.sent(piece)
        return [piece]

    def admits(self, piece: Piece) -> bool:
        """True when the client's credit covers `piece`."""
        return piece.offset < 0 or self.flow.admits(piece.size)

    def take(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Those of the next `pieces` that the client's credit covers; they count as handed over."""
        taken: list[Piece] = []
        for piece in pieces:
            if not self.admits(piece):
                break
            self.sent(piece)
            taken.append(piece)
        return taken

    def sent(self, piece: Piece) -> None:
        """`piece` was handed over. A cut carries the last number of what it replaces, so the cursor jumps over it."""
        self.cursor = max(self.cursor, piece.seq)
        if piece.offset >= 0:
            self.flow.output(piece.offset, piece.size)


def take_bytes(pieces: Iterable[Piece], bytes_max: int) -> list[Piece]:
    """The first pieces up to `READ_EVENTS` and `bytes_max` bytes together; at least one, when there is one."""
    taken: list[Piece] = []
    total = 0
    for piece in pieces:
        total += len(piece.frame)
        if taken and (total > bytes_max or len(taken) >= READ_EVENTS):
            break
        taken.append(piece)
    return taken
