"""`tether debug --fsck`: is the log what it says it is? Reads only, also while the store writes.

Per session: numbers are dense (a `Cut` stands for its range), output offsets follow each other, every body decodes
under its own number, and the record agrees with the events. Checkpoints are of known sessions, of events that are
there, and can be inflated. Whether LMDB's pages are sound is another question, which
`python -m lmdb verify` answers.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Final

from tether.paths import Paths
from tether.store import keyspace, projection, readonly
from tether.wire import WireError
from tether.wire.codec import decode_body
from tether.wire.events import Created, Cut, Event, Exited, Lost, Output, Unknown
from tether.wire.ids import public_id
from tether.wire.storing import Checkpoint
from tether.wire.views import SessionView

# A transaction holds old pages back: a long session is walked in steps.
_ROWS_PER_STEP: Final = 1024
_PROBLEMS_MAX: Final = 100
_EVENTS: Final = (*Event.__args__, Unknown)
# What a cut may have taken with it.
_FROM_START: Final = ("provider", "title", "cwd", "cols", "rows", "owner", "machine", "created", "started", "agent_pid")


@dataclass
class Report:
    """What was walked and what is wrong with it, one line a problem, at most 100; `ok` when nothing is."""

    sessions: int = 0
    events: int = 0
    output_bytes: int = 0
    log_bytes: int = 0
    cuts: int = 0
    unknown: int = 0
    checkpoints: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


class Walk:
    """The rules for one session's rows, fed in order. Pure."""

    def __init__(self, sid: bytes) -> None:
        self.problems: list[str] = []
        self.view = projection.blank(sid)
        self.events = self.output_bytes = self.cuts = self.unknown = 0
        self.next = 1
        self._offset = 0
        self._may_jump = False
        self._ended_at = 0
        # Wrong, unless rows behind us were cut while we walked.
        self._overlaps: list[tuple[int, str]] = []
        self._name = public_id(sid)

    def row(self, seq: int, body: bytes | memoryview) -> None:
        """The next row of the session."""
        try:
            event = decode_body(body)
        except WireError as error:
            self._wrong(seq, f"does not decode: {error}")
            self.next = seq + 1
            return
        if not isinstance(event, _EVENTS):
            self._wrong(seq, f"is a {type(event).__name__}, which is no event")
        elif event.seq != seq:
            self._wrong(seq, f"says that it is event {event.seq}")
        else:
            self._number(seq, event)
            self._content(seq, event)
            self.view = projection.fold(self.view, [(event, keyspace.row_bytes(len(body)))])
        self.next = seq + 1
        self.events += 1

    def _number(self, seq: int, event: Event | Unknown) -> None:
        first = event.from_seq if isinstance(event, Cut) else seq
        if isinstance(event, Cut) and first > seq:
            self._wrong(seq, f"cuts from {first}, which comes after it")
        elif first > self.next:
            self._wrong(seq, f"follows event {self.next - 1}: {first - self.next} are missing")
        elif first < self.next:
            self._overlaps.append((seq, f"cuts from {first}, but event {self.next - 1} is there"))
        if seq == 1 and not isinstance(event, (Created, Cut, Unknown)):
            self._wrong(seq, f"is the session's first and a {type(event).__name__}")

    def _content(self, seq: int, event: Event | Unknown) -> None:
        if isinstance(event, Output):
            if event.offset < self._offset or (event.offset > self._offset and not self._may_jump):
                self._wrong(seq, f"has output from byte {event.offset}, but {self._offset} came before")
            self._offset = event.offset + len(event.data)
            self._may_jump = False
            self.output_bytes += len(event.data)
        elif isinstance(event, Cut):
            if event.to_offset < event.from_offset or event.to_offset < self._offset:
                self._wrong(seq, f"cuts bytes {event.from_offset} to {event.to_offset}, but stands at {self._offset}")
            self._offset = max(self._offset, event.to_offset)
            self._may_jump = event.reason == projection.REASON_MISSING
            self.cuts += 1
        elif isinstance(event, Unknown):
            self.unknown += 1
        elif isinstance(event, (Exited, Lost)):
            if self._ended_at and isinstance(event, Lost):
                self._wrong(seq, f"is an end, but the session ended with event {self._ended_at}")
            self._ended_at = self._ended_at or seq

    def record(self, record: SessionView, *, at_rest: bool) -> None:
        """Compare with the session's record; `at_rest` when nothing was cut during the walk."""
        if record.seq != self.view.seq:
            self._wrong(record.seq, f"is the newest in the record, {self.view.seq} in the log")
        names = ["offset", "state", "exit_code", "exit_signal", "stopped_by"]
        if at_rest:
            names += ["log_bytes", "cut_bytes"]
            for seq, what in self._overlaps:
                self._wrong(seq, what)
        if at_rest and record.first_seq == 1:
            names += _FROM_START
        for name in names:
            said, found = getattr(record, name), getattr(self.view, name)
            if said != found:
                self._wrong(record.seq, f"leaves {name} at {found!r}, the record says {said!r}")

    def _wrong(self, seq: int, what: str) -> None:
        self.problems.append(f"session {self._name}: event {seq} {what}")


def fsck(paths: Paths) -> Report:
    """Walk the whole log. LogUnavailable when there is none."""
    report = Report()
    shared = readonly.acquire(paths)
    try:
        with shared.read() as rows:
            records = [bytes(record) for record in rows.records()]
        known = {}
        for body in records:
            view = _record(body, report)
            if view is not None:
                known[view.sid] = view
                _session(shared, view, report)
        _orphans(shared, known, report)
        _checkpoints(shared, report)
    finally:
        readonly.release(shared)
    del report.problems[_PROBLEMS_MAX:]
    return report


def _record(body: bytes, report: Report) -> SessionView | None:
    try:
        view = decode_body(body)
    except WireError as error:
        report.problems.append(f"a session's record does not decode: {error}")
        return None
    if not isinstance(view, SessionView):
        report.problems.append(f"a session's record is a {type(view).__name__}")
        return None
    return view


def _session(shared: readonly.SharedLog, record: SessionView, report: Report) -> None:
    walk = Walk(record.sid)
    while walk.next <= record.seq:
        with shared.read() as rows:
            before = walk.next
            for count, (seq, body) in enumerate(rows.forward(record.sid, walk.next)):
                if count >= _ROWS_PER_STEP or seq > record.seq:
                    break
                walk.row(seq, body)
        if walk.next == before:
            break
    with shared.read() as rows:
        body_now = rows.record(record.sid)
        now = decode_body(body_now) if body_now is not None else record
        newest = next((seq for seq, _ in rows.backward(record.sid)), 0)
        if newest > now.seq:
            report.problems.append(f"session {record.id}: the log goes on to event {newest}, the record to {now.seq}")
    untouched = (record.first_seq, record.cut_bytes) == (now.first_seq, now.cut_bytes)
    walk.record(record, at_rest=untouched)
    report.sessions += 1
    report.events += walk.events
    report.output_bytes += walk.output_bytes
    report.log_bytes += now.log_bytes
    report.cuts += walk.cuts
    report.unknown += walk.unknown
    report.problems += walk.problems


def _orphans(shared: readonly.SharedLog, known: dict[bytes, SessionView], report: Report) -> None:
    sid: bytes | None = b""
    while sid is not None:
        with shared.read() as rows:
            sid = rows.next_session(sid)
            if sid is not None and sid not in known and rows.record(sid) is None:
                report.problems.append(f"session {public_id(sid)} has events and no record")


def _checkpoints(shared: readonly.SharedLog, report: Report) -> None:
    with shared.read() as rows:
        found = list(rows.checkpoints())
    for sid, seq in found:
        with shared.read() as rows:
            checkpoint = rows.checkpoint(sid, seq)
            if checkpoint is None and (sid, seq) not in rows.checkpoints():
                continue  # thinned out while we walked
            record = rows.record(sid)
        report.checkpoints += 1
        wrong = _checkpoint_problem(checkpoint, None if record is None else decode_body(record), seq)
        if wrong:
            report.problems.append(f"session {public_id(sid)}: checkpoint {seq} {wrong}")


def _checkpoint_problem(checkpoint: Checkpoint | None, record: SessionView | None, seq: int) -> str:
    if checkpoint is None:
        return "does not decode"
    if record is None:
        return "is of no session"
    if not record.first_seq <= seq + 1 <= record.seq + 1:
        return f"is not of the events {record.first_seq} to {record.seq}"
    try:
        zlib.decompress(checkpoint.data)
    except zlib.error as error:
        return f"can't be inflated: {error}"
    return ""
