"""Events with what is secret in their output hidden: once for a session, for all who watch it. Pure but for the log
that it is given.

An event is passed on when the whole of its output may be shown: numbers and offsets stay as they were. What waits is
passed on, hidden, when the session has been silent for a moment.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec

from tether.masking import SILENCE_S, Mask, event_masked
from tether.web.attachment import Piece, Recent, logged, take_bytes
from tether.wire.codec import WireError, decode_body, encode, encode_body
from tether.wire.events import Created, Output, Resized
from tether.wire.limits import SID_BYTES

# Of what came before an event, this much is looked at again.
BEFORE_BYTES: Final = 8 * 1024
_ADVANCE_BYTES: Final = 16 * 1024
_BEFORE_EVENTS: Final = (256, 16, 2)
_BEFORE_READ: Final = 1 << 20
_FLOWS_MAX: Final = 64
_outputs: Final = msgspec.msgpack.Decoder(Output)
_KEPT_BYTES: Final = 4 << 20

Row = tuple[int, bytes]


class Log(Protocol):
    """What is needed of `tether.store.reader.LogReader`."""

    def events(self, sid: bytes, after: int, limit: int = ..., max_bytes: int = ...) -> list[Row]: ...


class Flow:
    """The events of one session, one after the other. `before` is the output that came before the first of them."""

    def __init__(self, mask: Mask, cols: int, before: bytes = b"") -> None:
        self._mask = mask
        self._masker = mask.stream(cols)
        self._cols = 0
        self._queue: deque[tuple[Piece, bytes]] = deque()  # and its output as it came
        self._shown = b""
        shown = self._masker.feed(before) + self._masker.silent()
        self._owed = len(before) - len(shown)  # an unfinished sequence, which was passed on by others

    @property
    def waiting(self) -> bool:
        """Something waits for silence, or for more."""
        return bool(self._queue)

    @property
    def first(self) -> int:
        """The oldest event that waits; 0 when none does."""
        return self._queue[0][0].seq if self._queue else 0

    def take(self, piece: Piece) -> list[Piece]:
        """The next event; what may be passed on by now."""
        data = b""
        if piece.offset < 0:
            piece = self._other(piece)
        else:
            data = _output(piece).data
            self._show(self._masker.feed(data, cols=self._cols))
        self._queue.append((piece, data))
        return self._ready()

    def silent(self) -> list[Piece]:
        """The session has fallen silent: what waits, hidden. An unfinished sequence is passed on as it is."""
        self._show(self._masker.silent())
        ready = self._ready()
        if self._queue:
            # Only the beginning of a sequence is missing: it goes with its event, and is left out of what follows.
            missing = sum(max(piece.size, 0) for piece, _ in self._queue) - len(self._shown)
            rest = self._masker.unfinished()
            if len(rest) == missing + self._owed:
                self._shown += rest[self._owed :]
                self._owed = len(rest)
                ready += self._ready()
        return ready

    def _show(self, shown: bytes) -> None:
        owed = min(self._owed, len(shown))
        self._owed -= owed
        self._shown += shown[owed:]

    def _ready(self) -> list[Piece]:
        ready: list[Piece] = []
        while self._queue and self._queue[0][0].size <= len(self._shown):
            piece, data = self._queue.popleft()
            if piece.offset >= 0:
                shown, self._shown = self._shown[: piece.size], self._shown[piece.size :]
                if shown != data:
                    piece = _with_output(piece, shown)
            ready.append(piece)
        return ready

    def _other(self, piece: Piece) -> Piece:
        message = decode_body(memoryview(piece.frame)[SID_BYTES:])
        if isinstance(message, Resized | Created):
            self._cols = message.cols
        hidden = event_masked(message, self._mask)
        return piece if hidden is message else Piece(piece.seq, encode(piece.frame[:SID_BYTES], hidden))


class MaskedLog:
    """Rows of the log as they may be shown. `cols` tells a session's width; `clock` is monotonic seconds."""

    def __init__(self, log: Log, mask: Mask, cols: Callable[[bytes], int], clock: Callable[[], float]) -> None:
        self._log = log
        self._mask = mask
        self._cols = cols
        self._clock = clock
        self._flows: OrderedDict[tuple[bytes, int], _Reading] = OrderedDict()
        self._kept: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._kept_bytes = 0

    def events(self, sid: bytes, after: int, limit: int = 64, max_bytes: int = 1 << 20) -> list[Row]:
        """As the log's own: events behind `after`. Fewer than there are while something waits for silence."""
        rows = self._again(sid, after, limit, max_bytes)
        if rows:
            return rows
        reading = self._flows.pop((sid, after), None) or self.reading(sid, after)
        new = self._log.events(sid, reading.read, limit=limit, max_bytes=max_bytes)
        pieces: list[Piece] = []
        for piece in logged(sid, new):
            pieces += reading.flow.take(piece)
        if new:
            reading.read, reading.at = new[-1][0], self._clock()
        elif reading.flow.waiting and self._clock() - reading.at >= SILENCE_S:
            pieces = reading.flow.silent()
        self._flows[(sid, pieces[-1].seq if pieces else after)] = reading
        if len(self._flows) > _FLOWS_MAX:
            self._flows.popitem(last=False)
        rows = [(piece.seq, piece.frame[SID_BYTES:]) for piece in pieces]
        self._keep(sid, rows)
        return rows

    def all_of(self, sid: bytes, after: int, limit: int = 64, max_bytes: int = 1 << 20) -> list[Row]:
        """As `events`, but what waits at the log's end is there too, hidden: for who does not come again."""
        while True:
            rows = self.events(sid, after, limit, max_bytes)
            reading = self._flows.get((sid, after))
            if rows or reading is None or not reading.flow.waiting:
                return rows
            read = reading.read
            rows = self.events(sid, after, limit, max_bytes)
            if not rows and reading.read == read:
                reading.at = float("-inf")
                return self.events(sid, after, limit, max_bytes)
            if rows:
                return rows

    def reading(self, sid: bytes, after: int) -> _Reading:
        """A flow that begins behind the event `after`."""
        return _Reading(Flow(self._mask, *before(self._log, sid, after, self._cols(sid))), after, self._clock())

    def _again(self, sid: bytes, after: int, limit: int, max_bytes: int) -> list[Row]:
        """What was hidden before, for another client."""
        rows: list[Row] = []
        size = 0
        while len(rows) < limit and (body := self._kept.get((sid, after + 1))) is not None:
            size += len(body)
            if rows and size > max_bytes:
                break
            after += 1
            rows.append((after, body))
        return rows

    def _keep(self, sid: bytes, rows: Iterable[Row]) -> None:
        for seq, body in rows:
            self._kept[(sid, seq)] = body
            self._kept_bytes += len(body)
        while self._kept_bytes > _KEPT_BYTES:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])


class Live:
    """The newest events of one session, `raw` as they came, `recent` as far as somebody wanted them. `begin` makes the
    flow that begins behind an event."""

    def __init__(self, raw: Recent, begin: Callable[[int], Flow]) -> None:
        self.recent = Recent()
        self._raw = raw
        self._begin = begin
        self._flow: Flow | None = None
        self._read = 0

    @property
    def waiting(self) -> bool:
        """Something waits for silence, or for more."""
        return self._flow is not None and self._flow.waiting

    def awaits(self, cursor: int) -> bool:
        """Does the event behind `cursor` wait?"""
        return self._flow is not None and 0 < self._flow.first <= cursor + 1

    @property
    def more(self) -> bool:
        """There are events that nobody wanted yet."""
        return self._read < self._raw.last

    def advance(self, cursor: int) -> None:
        """Somebody at `cursor` wants what follows. What is only in the log by now is not had from here."""
        if not self.more or cursor < self.recent.last:
            return
        if self._flow is None or not self._raw.first <= self._read + 1 <= self._raw.last:
            self._flow = None
            if cursor + 1 < self._raw.first:
                return
            self._read = max(self._raw.first - 1, min(cursor, self._raw.last - 1))
            self._flow = self._begin(self._read)
        # One event of a flood at a time: hiding takes a millisecond for each, and others wait for the loop.
        for piece in take_bytes(self._raw.after(self._read), _ADVANCE_BYTES):
            self._read = piece.seq
            self._pass_on(self._flow.take(piece))

    def silent(self) -> None:
        """The session has been silent for a moment."""
        if self._flow is not None and not self.more:
            self._pass_on(self._flow.silent())

    def _pass_on(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self.recent.add(piece)


class _Reading:
    def __init__(self, flow: Flow, read: int, at: float) -> None:
        self.flow, self.read, self.at = flow, read, at


def before(log: Log, sid: bytes, after: int, cols: int) -> tuple[int, bytes]:
    """The width and the newest output before the event behind `after`: (columns, output)."""
    for count in _BEFORE_EVENTS:
        rows = log.events(sid, max(0, after - count), limit=count, max_bytes=_BEFORE_READ) if after else []
        if not rows or rows[-1][0] < after:
            continue
        data = b""
        for _, body in rows:
            event = decode_body(body)
            if isinstance(event, Output):
                data += event.data
            elif isinstance(event, Resized | Created):
                cols = event.cols
        return cols, data[-BEFORE_BYTES:]
    return cols, b""


def _output(piece: Piece) -> Output:
    try:
        return _outputs.decode(memoryview(piece.frame)[SID_BYTES:])
    except msgspec.DecodeError as error:
        raise WireError(f"no output event: {error}") from None


def _with_output(piece: Piece, data: bytes) -> Piece:
    frame = piece.frame[:SID_BYTES] + encode_body(msgspec.structs.replace(_output(piece), data=data))
    return Piece(piece.seq, frame, piece.offset, piece.size)
