"""A session's ring file: everything of a worker's that must survive its death, in one memory-mapped file.

It holds the events that are not yet durable, the input that the agent has not read yet, and the
state with which another worker carries on. A page written by a process that is killed stays in the
page cache, so only a crash of the machine loses it.

Layout (little-endian): two header slots of 512 bytes, written alternately, each with a generation
and a checksum, so that a write cut short leaves the other one valid; two state slots of 64 KiB with
the same rule; the input area; the output area. Output records are `u32 size, u32 kind, u64 seq,
u64 ts, u64 offset` and `size` bytes: kind 1 is terminal output, kind 2 a finished event as it goes
on the wire. Kind 3 says: continue at the area's start.

Bytes are read from the terminal straight into the output area, behind the last record, on ground
that was filled with 0xFF before. A worker that dies between the kernel's copy and its own note of
how much that was leaves the ground changed, and the length can be read off it: output in flight is
recovered exactly unless it ends in 0xFF bytes, which UTF-8 text never holds.

A terminal on loan to the worker has marks of its own here: see `tether.loanmarks`.

The worker writes; the store reads it to salvage a lost session. Pure but for the mapping.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tether.loanmarks import LoanMarks
from tether.wire.codec import encode_body
from tether.wire.events import Output
from tether.wire.limits import CLIENT_ID_BYTES, INPUT_QUEUE_BYTES, OUTPUT_BYTES_MAX

MAGIC: Final = b"TETHRING"
VERSION: Final = 1
READ_MAX: Final = 16 * 1024  # what is read between two notes; one read(2) from a terminal gives about 4 KiB
_SLOT: Final = 512
_STATE_SLOT: Final = 64 * 1024
_MARK_AT: Final = 2 * _SLOT
_WRITTEN_AT: Final = 2 * _SLOT + 32
_LOAN_AT: Final = 2 * _SLOT + 64
_STATE_AT: Final = 4096
_INPUT_AT: Final = _STATE_AT + 2 * _STATE_SLOT
_OUTPUT_AT: Final = _INPUT_AT + INPUT_QUEUE_BYTES
_RECORD: Final = struct.Struct("<IIQQQ")
_HEAD: Final = struct.Struct("<8sII16Q16x16s")  # 16 bytes are free for later
_STATE: Final = struct.Struct("<QII")
_MARK: Final = struct.Struct("<Q")
_FEEDING_AT: Final = _MARK_AT + 8
_KIND_OUTPUT: Final = 1
_KIND_EVENT: Final = 2
_KIND_WRAP: Final = 3
RECORD_MAX: Final = _RECORD.size + OUTPUT_BYTES_MAX + READ_MAX
FILL: Final = b"\xff"
_PAGE: Final = 4096
_WRITTEN_SOON: Final = (
    (0, _PAGE), (_STATE_AT, _PAGE), (_STATE_AT + _STATE_SLOT, _PAGE), (_INPUT_AT, _PAGE), (_OUTPUT_AT, 2 * READ_MAX),
)  # fmt: skip


# Made once, before workers are forked: each would hold its own pages of them.
_ZEROS: Final = memoryview(bytes(max(size for _, size in _WRITTEN_SOON)))
_LAID: Final = memoryview(FILL * READ_MAX)


class RingError(Exception):
    """The file is not a ring of this version, or damaged beyond its double headers."""


@dataclass
class Header:
    """The counters. Positions are absolute and grow for ever; modulo the area's size they are places in it."""

    generation: int = 0
    area: int = 0  # bytes of the output area
    tail: int = 0  # first record that is not acknowledged
    head: int = 0  # behind the last finished record
    tail_seq: int = 1  # seq of the record at tail
    next_seq: int = 1
    offset: int = 0  # output bytes in finished records, ever
    pending: int = 0  # bytes noted behind head that are no record yet
    pending_ts: int = 0
    acked: int = 0  # newest durable seq
    input_head: int = 0
    input_tail: int = 0
    input_writing: int = 0  # bytes handed to the terminal by a write that may not have returned
    epoch: int = 0
    last_n: int = 0  # newest input taken from last_client
    state_generation: int = 0
    last_client: bytes = bytes(CLIENT_ID_BYTES)


@dataclass(frozen=True)
class Record:
    """One event in the ring that is not yet acknowledged."""

    seq: int
    end: int  # position behind it
    output: bool
    ts: int
    offset: int
    data: memoryview


class Ring:
    """An open ring file. `create` makes one, `open_existing` continues one; both leave `header` ready for use."""

    def __init__(self, file: int, mapping: mmap.mmap) -> None:
        self.fd = file
        self._map = mapping
        self.header = Header()
        self._view = memoryview(mapping)
        self.loan = LoanMarks(mapping, _LOAN_AT, _INPUT_AT)
        self._filled = 0  # absolute position up to which the ground ahead is FILL

    @classmethod
    def create(cls, path: Path | str, area: int) -> Ring:
        """Make the ring file `path` with an output area of `area` bytes. OSError when it exists or the disk is full."""
        area = max(area, 4 * RECORD_MAX)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.ftruncate(fd, _OUTPUT_AT + area)
        # The places that every session writes soon. Some file systems take a millisecond for a file's first write into
        # a hole through a mapping, and microseconds for the same through a call.
        for at, size in _WRITTEN_SOON:
            os.pwrite(fd, _ZEROS[:size], at)
        ring = cls(fd, mmap.mmap(fd, _OUTPUT_AT + area))
        ring.header.area = area
        ring.commit()
        return ring

    @classmethod
    def open_existing(cls, path: Path | str) -> Ring:
        """Open the ring `path`. RingError when it is not one."""
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            size = os.fstat(fd).st_size
            if size <= _OUTPUT_AT:
                raise RingError(f"{path} is too short to be a ring")
            ring = cls(fd, mmap.mmap(fd, size))
        except BaseException:
            os.close(fd)
            raise
        header = ring._newest_header()
        if header is None or header.area != size - _OUTPUT_AT:
            ring.close()
            raise RingError(f"{path} has no valid header")
        ring.header = header
        ring._writing()
        return ring

    def close(self) -> None:
        """Close; the file stays. The mapping goes when the last record handed out is forgotten."""
        os.close(self.fd)
        with contextlib.suppress(BufferError):
            self._view.release()
            self.loan.release()
            self._map.close()

    # -- header and state

    def commit(self) -> None:
        """Make the counters as they stand now the ones that survive."""
        header = self.header
        header.generation += 1
        h = header
        # Spelled out: this runs several times per keystroke and per read.
        body = _HEAD.pack(
            MAGIC, VERSION, 0, h.generation, h.area, h.tail, h.head, h.tail_seq, h.next_seq, h.offset, h.pending,
            h.pending_ts, h.acked, h.input_head, h.input_tail, h.input_writing, h.epoch, h.last_n, h.state_generation,
            h.last_client,
        )  # fmt: skip
        at = _SLOT * (header.generation & 1)
        self._map[at : at + 4] = b"\0\0\0\0"
        self._map[at + 4 : at + 4 + len(body)] = body
        self._map[at : at + 4] = zlib.crc32(body).to_bytes(4, "little")

    def write_state(self, state: bytes) -> None:
        """Keep `state` (at most 64 KiB less a few bytes) for the next worker. ValueError when it is too long."""
        if len(state) > _STATE_SLOT - _STATE.size:
            raise ValueError(f"a worker's state of {len(state)} bytes is too long")
        generation = self.header.state_generation + 1
        at = _STATE_AT + _STATE_SLOT * (generation & 1)
        self._map[at : at + _STATE.size] = _STATE.pack(generation, len(state), zlib.crc32(state))
        self._map[at + _STATE.size : at + _STATE.size + len(state)] = state
        self.header.state_generation = generation
        self.commit()

    def read_state(self) -> bytes:
        """The newest state that was written; b"" when there is none. RingError when it is damaged."""
        generation = self.header.state_generation
        if not generation:
            return b""
        at = _STATE_AT + _STATE_SLOT * (generation & 1)
        found, size, crc = _STATE.unpack_from(self._map, at)
        state = self._map[at + _STATE.size : at + _STATE.size + min(size, _STATE_SLOT)]
        if found != generation or zlib.crc32(state) != crc:
            raise RingError("the worker's state in the ring is damaged")
        return state

    # -- output

    def room(self, size: int = OUTPUT_BYTES_MAX + READ_MAX) -> bool:
        """True when a record of `size` bytes fits; without `size`, the largest one: False means stop reading."""
        header = self.header
        used = header.head + header.pending - header.tail
        # The record's own head, and up to RECORD_MAX bytes that a wrap may leave unused.
        return header.area - used >= RECORD_MAX + _RECORD.size + size

    def ground(self) -> memoryview:
        """The place for the next read from the terminal, filled with 0xFF; never empty while less than 32,000 bytes
        are pending.

        Call `note` with the number of bytes read before asking again. Needs `room`.
        """
        header = self.header
        if not header.pending:
            self._wrap()
        start = header.head + _RECORD.size + header.pending
        place = _OUTPUT_AT + start % header.area
        self._filled = max(self._filled, start)
        if start + READ_MAX > self._filled:
            self._map[place + self._filled - start : place + READ_MAX] = _LAID[: start + READ_MAX - self._filled]
            self._filled = start + READ_MAX
        # Says, for `recover`, that the ground at `start` is laid. Eight aligned bytes are written in one stroke.
        _MARK.pack_into(self._map, _MARK_AT, start)
        return self._view[place : place + min(READ_MAX, OUTPUT_BYTES_MAX - header.pending)]

    def note(self, size: int, ts: int) -> None:
        """`size` bytes were read into `ground` at time `ts` (microseconds)."""
        header = self.header
        if not header.pending:
            header.pending_ts = ts
        header.pending += size
        self.commit()

    def seal(self) -> Record | None:
        """Finish what was read since the last record as one event; None when there is nothing."""
        header = self.header
        if not header.pending:
            return None
        at = header.head
        _RECORD.pack_into(
            self._map, _OUTPUT_AT + at % header.area,
            header.pending, _KIND_OUTPUT, header.next_seq, header.pending_ts, header.offset,
        )  # fmt: skip
        record = self._record(at)
        header.head = record.end
        header.next_seq += 1
        header.offset += header.pending
        header.pending = 0
        self.commit()
        return record

    def append(self, body: bytes, ts: int) -> Record:
        """Add a finished event (its wire body) under `header.next_seq`. Needs `room`, and nothing pending."""
        header = self.header
        if header.pending:
            raise AssertionError("seal what was read before another event")
        if len(body) > OUTPUT_BYTES_MAX:
            raise ValueError(f"an event of {len(body)} bytes is too long")
        self._wrap()
        at, seq = header.head, header.next_seq
        place = _OUTPUT_AT + at % header.area
        # The event is written on ground that a read may have been offered: what stands there is no output in flight.
        _MARK.pack_into(self._map, _MARK_AT, 0)
        _RECORD.pack_into(self._map, place, len(body), _KIND_EVENT, seq, ts, header.offset)
        self._map[place + _RECORD.size : place + _RECORD.size + len(body)] = body
        record = self._record(at)
        header.head = record.end
        header.next_seq = seq + 1
        self.commit()
        return record

    def release(self, upto: int, position: int) -> None:
        """Forget the records up to seq `upto`, which ends at `position`: they are durable."""
        header = self.header
        header.tail, header.tail_seq, header.acked = position, upto + 1, upto
        self.commit()

    def records(self) -> Iterator[Record]:
        """The records from tail to head, oldest first. RingError when they are damaged."""
        header = self.header
        at = header.tail
        seq = header.tail_seq
        while at < header.head:
            kind = _RECORD.unpack_from(self._map, _OUTPUT_AT + at % header.area)[1]
            if kind == _KIND_WRAP:
                at += header.area - at % header.area
                continue
            record = self._record(at)
            if record.seq != seq:
                raise RingError(f"the ring's record {seq} says it is {record.seq}")
            yield record
            at, seq = record.end, seq + 1

    def recover(self, now_us: int) -> int:
        """After a worker's death: find bytes that were read but not noted, and note them. Returns how many.

        Only sound on a ring that no living worker writes.
        """
        header = self.header
        start = header.head + _RECORD.size + header.pending
        if _MARK.unpack_from(self._map, _MARK_AT)[0] != start:
            return 0  # no read was under way here
        place = _OUTPUT_AT + start % header.area
        found = len(self._map[place : place + READ_MAX].rstrip(FILL))
        if found:
            self.note(found, now_us)
        return found

    def body(self, record: Record) -> bytes:
        """The wire body of a record's event."""
        if record.output:
            return encode_body(Output(record.seq, record.ts, record.offset, bytes(record.data)))
        return bytes(record.data)

    def mark_feeding(self, offset: int | None) -> None:
        """The terminal emulator works on the output at `offset` now; None: it is done."""
        _MARK.pack_into(self._map, _FEEDING_AT, 0 if offset is None else offset + 1)

    def feeding(self) -> int | None:
        """Where the emulator was when the worker died; None when it was not at work."""
        found = int(_MARK.unpack_from(self._map, _FEEDING_AT)[0])
        return found - 1 if found else None

    # -- input

    def input_room(self) -> int:
        """How many bytes of input may be queued."""
        return INPUT_QUEUE_BYTES - (self.header.input_head - self.header.input_tail)

    def queue_input(self, data: bytes, client: bytes, n: int) -> None:
        """Queue `data` (no longer than `input_room`) and note in the same stroke that `n` of `client` is taken."""
        header = self.header
        self.loan.withdraw()  # what is written here was not read of a terminal
        at = header.input_head % INPUT_QUEUE_BYTES
        first = data[: INPUT_QUEUE_BYTES - at]
        self._map[_INPUT_AT + at : _INPUT_AT + at + len(first)] = first
        rest = data[len(first) :]
        self._map[_INPUT_AT : _INPUT_AT + len(rest)] = rest
        header.input_head += len(data)
        header.last_client, header.last_n = client, n
        self.commit()

    def typed_ground(self) -> memoryview:
        """The place for the next read of a terminal on loan. Needs `input_room` for `TYPED_READ_MAX` bytes."""
        return self.loan.ground(self.header.input_head)

    def take_typed(self, size: int, client: bytes, n: int) -> None:
        """`size` bytes were read to `typed_ground`: they are queued, as input `n` of `client`."""
        header = self.header
        header.input_head += size
        header.last_client, header.last_n = client, n
        self.commit()

    def typed_found(self) -> bytes:
        """What was read of a terminal on loan and is nobody's yet."""
        return self.loan.found(self.header.input_head)

    def pending_from(self, offset: int) -> memoryview:
        """The output from `offset` on that was noted and is no record yet; nothing older is in it."""
        header = self.header
        place = _OUTPUT_AT + (header.head + _RECORD.size) % header.area
        return self._view[place + max(0, offset - header.offset) : place + header.pending]

    def next_input(self, limit: int) -> memoryview:
        """The next queued bytes, at most `limit`; empty when there are none."""
        header = self.header
        at = header.input_tail % INPUT_QUEUE_BYTES
        size = min(limit, header.input_head - header.input_tail, INPUT_QUEUE_BYTES - at)
        return self._view[_INPUT_AT + at : _INPUT_AT + at + size]

    def queue_reply(self, data: bytes) -> bool:
        """Queue what the terminal itself answers: no client's input, so no number counts it. False without room."""
        header = self.header
        if len(data) > self.input_room():
            return False
        self.queue_input(data, header.last_client, header.last_n)
        return True

    def input_intent(self, size: int) -> None:
        """About to write `size` bytes: a death before `input_done` leaves it uncertain whether they arrived."""
        self.header.input_writing = size
        # One word, and nothing after it: what is uncertain begins and ends as near to the write as can be.
        _MARK.pack_into(self._map, _WRITTEN_AT, 2 * (self.header.input_tail + size) + 1)

    def input_done(self, size: int) -> None:
        """`size` of the queued bytes are in the terminal."""
        _MARK.pack_into(self._map, _WRITTEN_AT, 2 * (self.header.input_tail + size))
        self.header.input_tail += size
        self.header.input_writing = 0
        self.commit()

    def _writing(self) -> None:
        """On a ring that another left: take over what it wrote of the input, and what it may have written."""
        header = self.header
        target, uncertain = divmod(_MARK.unpack_from(self._map, _WRITTEN_AT)[0], 2)
        if not header.input_tail < target <= header.input_head:
            return  # noted, or written by a worker that kept no such mark
        if uncertain:
            header.input_writing = target - header.input_tail
        else:
            header.input_tail = target

    # -- inside

    def _wrap(self) -> None:
        header = self.header
        left = header.area - header.head % header.area
        if left < RECORD_MAX:
            if left >= _RECORD.size:
                _RECORD.pack_into(self._map, _OUTPUT_AT + header.head % header.area, 0, _KIND_WRAP, 0, 0, 0)
            header.head += left
            self.commit()

    def _record(self, at: int) -> Record:
        place = _OUTPUT_AT + at % self.header.area
        size, kind, seq, ts, offset = _RECORD.unpack_from(self._map, place)
        if kind not in (_KIND_OUTPUT, _KIND_EVENT) or size > OUTPUT_BYTES_MAX:
            raise RingError(f"no record at position {at}")
        start = place + _RECORD.size
        return Record(seq, at + _RECORD.size + size, kind == _KIND_OUTPUT, ts, offset, self._view[start : start + size])

    def _newest_header(self) -> Header | None:
        best: Header | None = None
        for slot in (0, 1):
            raw = self._map[_SLOT * slot : _SLOT * slot + 4 + _HEAD.size]
            body = raw[4:]
            if zlib.crc32(body) != int.from_bytes(raw[:4], "little"):
                continue
            magic, version, _, *values = _HEAD.unpack(body)
            if magic != MAGIC or version != VERSION:
                continue
            header = Header(*values)
            if best is None or header.generation > best.generation:
                best = header
        return best
