"""What a ring file must hold, in plain Python, and the operations on both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tether.ring import FILL, Ring
from tether.wire.codec import encode_body
from tether.wire.events import Output
from tether.wire.limits import OUTPUT_BYTES_MAX


@dataclass
class Event:
    seq: int
    output: bool
    ts: int
    offset: int
    data: bytes


@dataclass
class Model:
    """The ring as a list of events, some bytes that are no event yet, and a queue of input."""

    events: list[Event] = field(default_factory=list)
    seq: int = 0
    offset: int = 0
    pending: bytes = b""
    pending_ts: int = 0
    acked: int = 0
    queue: bytes = b""
    writing: int = 0
    taken: tuple[bytes, int] = (bytes(16), 0)
    state: bytes = b""

    def read(self, data: bytes, ts: int) -> None:
        if not self.pending:
            self.pending_ts = ts
        self.pending += data

    def seal(self) -> None:
        if self.pending:
            self.seq += 1
            self.events.append(Event(self.seq, True, self.pending_ts, self.offset, self.pending))
            self.offset += len(self.pending)
            self.pending = b""

    def append(self, body: bytes, ts: int) -> None:
        self.seq += 1
        self.events.append(Event(self.seq, False, ts, self.offset, body))

    def release(self, count: int) -> None:
        self.acked = self.events[count - 1].seq
        del self.events[:count]


def read(ring: Ring, data: bytes, ts: int) -> bytes:
    """As a worker reads: into the ground, then noted. What of `data` fitted."""
    ground = ring.ground()
    assert bytes(ground) == FILL * len(ground)
    taken = data[: len(ground)]
    ground[: len(taken)] = taken
    ring.note(len(taken), ts)
    return taken


def release(ring: Ring, count: int) -> None:
    """As a worker does when the store has acknowledged the oldest `count` events."""
    record = list(ring.records())[count - 1]
    ring.release(record.seq, record.end)


def reopened(ring: Ring, path: Path) -> Ring:
    """The ring as another process finds it after this one's death."""
    ring.close()
    return Ring.open_existing(path)


def events_of(ring: Ring) -> list[Event]:
    return [Event(r.seq, r.output, r.ts, r.offset, bytes(r.data)) for r in ring.records()]


def agree(ring: Ring, model: Model) -> None:
    """AssertionError where the ring says anything else than the model."""
    header = ring.header
    assert events_of(ring) == model.events
    assert header.next_seq == model.seq + 1
    assert header.tail_seq == header.acked + 1 == model.acked + 1
    assert (header.offset, header.pending) == (model.offset, len(model.pending))
    assert len(model.pending) <= OUTPUT_BYTES_MAX
    assert (header.last_client, header.last_n) == model.taken
    assert header.input_writing == model.writing
    assert header.input_head - header.input_tail == len(model.queue)
    assert ring.read_state() == model.state
    for record, event in zip(ring.records(), model.events, strict=True):
        wire = encode_body(Output(event.seq, event.ts, event.offset, event.data)) if event.output else event.data
        assert ring.body(record) == wire
