"""The log on disk: one LMDB environment, written by one process.

Every write is one transaction, flushed to disk before it returns (full sync, no writemap). What goes wrong with the
disk is `LogFault`: nothing of that write is in the log, and it may be tried again.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lmdb
import msgspec

from tether.errors import TetherError
from tether.store import approvals, checkpoints, keyspace
from tether.store.retention import ROWS_PER_STEP, Removal
from tether.wire.codec import decode_body, encode_body
from tether.wire.events import Created
from tether.wire.storing import Checkpoint
from tether.wire.views import SessionView

log = logging.getLogger("tether")

MAP_BYTES_MIN: Final = 64 << 30
# Less free space than this, and a write that failed is called a full disk.
_FULL_BELOW_BYTES: Final = 4 << 20
# What the `Cut` takes that is left in place of what goes: else a step might swap one cut for another, and free nothing.
_CUT_ROW_BYTES: Final = keyspace.row_bytes(64)


class LogFault(Exception):
    """The log can't be written now; the text says why, for people. `full`: the disk has no space, `map_full`: the
    map has none."""

    def __init__(self, reason: str, *, full: bool = False, map_full: bool = False) -> None:
        super().__init__(reason)
        self.full = full
        self.map_full = map_full


@dataclass(frozen=True)
class CutStep:
    """One step of a cut: the bytes it freed and the session's new record. `more` is False when nothing is left."""

    freed: int
    view: SessionView
    more: bool


class EventLog:
    """The open log. `map_bytes` is the address space it may fill. LogFault when it can't be opened, TetherError when
    it is of another layout."""

    def __init__(self, path: Path, map_bytes: int) -> None:
        self._path = path
        self._map_bytes = map_bytes
        self._open()

    def close(self) -> None:
        self._env.close()

    def check_readers(self) -> int:
        """Free the slots of readers that died; they would keep old pages from being used again. Returns how many."""
        return int(self._env.reader_check())

    def views(self) -> Iterator[SessionView]:
        """The record of every session, oldest session first."""
        with self._env.begin(buffers=True) as txn, txn.cursor(self._sessions) as cursor:
            for value in cursor.iternext(keys=False, values=True):
                yield decode_body(value)

    def view(self, sid: bytes) -> SessionView | None:
        """The record of one session."""
        with self._env.begin() as txn:
            value = txn.get(sid, db=self._sessions)
        return None if value is None else decode_body(value)

    def write(
        self,
        rows: Sequence[tuple[bytes, bytes]],
        views: Iterable[SessionView],
        screens: Sequence[tuple[bytes, Checkpoint]] = (),
        asked: Sequence[tuple[bytes, Any]] = (),
    ) -> None:
        """Add rows (key, body), replace records, keep checkpoints (session, checkpoint) and what agents asked (session,
        event): all of it is on disk when this returns; LogFault: none of it."""
        records = [(view.sid, encode_body(view)) for view in views]
        try:
            with self._env.begin(write=True) as txn:
                for key, body in rows:
                    if not txn.put(key, body, db=self._events, overwrite=False):
                        raise AssertionError(f"the log holds the event {key.hex()} already")
                for sid, record in records:
                    txn.put(sid, record, db=self._sessions)
                for sid, checkpoint in screens:
                    checkpoints.put(txn, self._checkpoints, sid, checkpoint)
                for sid, event in asked:
                    approvals.apply(txn, self._approvals, sid, event)
        except lmdb.Error as error:
            raise self._fault(error) from None

    def last_audit(self) -> tuple[int, bytes] | None:
        """The newest row of the audit log: (seq, body)."""
        with self._env.begin() as txn, txn.cursor(self._audit) as cursor:
            return (int.from_bytes(cursor.key(), "big"), cursor.value()) if cursor.last() else None

    def write_audit(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Add rows (seq, body) to the audit log: on disk when this returns; LogFault: none of them."""
        try:
            with self._env.begin(write=True) as txn:
                for seq, body in rows:
                    if not txn.put(keyspace.audit_key(seq), body, db=self._audit, overwrite=False):
                        raise AssertionError(f"the audit log holds row {seq} already")
        except lmdb.Error as error:
            raise self._fault(error) from None

    def cut(self, view: SessionView, free_bytes: int, now_us: int) -> CutStep:
        """Remove the oldest events of a session but for its first, at most 256 rows, and leave one `Cut` for them.

        Stops before the session's end and its newest event. LogFault: nothing was removed.
        """
        try:
            with self._env.begin(write=True, buffers=True) as txn:
                removal, more = self._remove(txn, view, free_bytes)
                if not removal.rows:
                    return CutStep(0, view, more=False)
                event = removal.cut(now_us)
                body = encode_body(event)
                txn.put(keyspace.event_key(view.sid, event.seq), body, db=self._events)
                freed = removal.row_bytes - keyspace.row_bytes(len(body))
                changed = msgspec.structs.replace(
                    view, first_seq=event.seq + 1, cut_bytes=view.cut_bytes + removal.output_bytes,
                    log_bytes=view.log_bytes - freed,
                )  # fmt: skip
                txn.put(view.sid, encode_body(changed), db=self._sessions)
                checkpoints.remove(txn, self._checkpoints, view.sid, event.seq)
                return CutStep(freed, changed, more)
        except lmdb.Error as error:
            raise self._fault(error) from None

    def recall(self, sid: bytes, after: int, upto: int, max_bytes: int) -> tuple[Checkpoint | None, list[bytes], int]:
        """Events behind `after` up to `upto`, about `max_bytes` of bodies, and the number of the last (0: none).
        With `after` 0 they begin behind the newest checkpoint, which comes with them if there is one."""
        bodies: list[bytes] = []
        size = last = 0
        with self._env.begin(buffers=True) as txn, txn.cursor(self._events) as cursor:
            checkpoint = None if after else checkpoints.at_or_before(txn, self._checkpoints, sid, upto)
            if checkpoint is not None:
                after, last, size = checkpoint.seq, checkpoint.seq, len(checkpoint.data)
            found = cursor.set_range(keyspace.event_key(sid, after + 1))
            while found:
                owner, seq = keyspace.split_key(cursor.key())
                body = bytes(cursor.value())
                size += len(body)
                if owner != sid or seq > upto or (last and size > max_bytes):
                    break
                bodies.append(body)
                last = seq
                found = cursor.next()
        return checkpoint, bodies, last

    def grow(self) -> None:
        """Double the map. LogFault when there is no address space for it."""
        try:
            self._env.set_mapsize(self._map_bytes * 2)
        except (lmdb.Error, MemoryError) as error:
            raise LogFault(f"the log's map can't grow beyond {self._map_bytes} bytes: {error}") from None
        self._map_bytes *= 2
        log.warning("event=map-grown bytes=%d", self._map_bytes)

    def _remove(self, txn: lmdb.Transaction, view: SessionView, free_bytes: int) -> tuple[Removal, bool]:
        removal = Removal()
        with txn.cursor(self._events) as cursor:
            found = cursor.set_range(keyspace.first_key(view.sid))
            while found:
                sid, seq = keyspace.split_key(cursor.key())
                body = cursor.value()
                if sid != view.sid:
                    break
                event = decode_body(body)
                if seq == 1 and isinstance(event, Created):
                    found = cursor.next()
                    continue
                if not removal.may_go(seq, event, view.seq):
                    break
                if removal.rows >= ROWS_PER_STEP or removal.row_bytes - _CUT_ROW_BYTES >= free_bytes:
                    return removal, True
                removal.add(seq, event, keyspace.row_bytes(len(body)))
                # Deleting moves the cursor on; the newest event always stands behind.
                found = cursor.delete()
        return removal, False

    def _open(self) -> None:
        try:
            self._env = lmdb.open(
                os.fspath(self._path), map_size=self._map_bytes, mode=0o700, max_dbs=8,
                max_readers=keyspace.READERS_MAX, lib_version=keyspace.LIB_VERSION,
                writemap=False, sync=True, metasync=True, max_spare_txns=0,
            )  # fmt: skip
            self._events = self._env.open_db(keyspace.EVENTS)
            self._sessions = self._env.open_db(keyspace.SESSIONS)
            self._checkpoints = self._env.open_db(keyspace.CHECKPOINTS)
            self._audit = self._env.open_db(keyspace.AUDIT)
            self._approvals = self._env.open_db(keyspace.APPROVALS)
            meta = self._env.open_db(keyspace.META)
            with self._env.begin() as txn:
                schema = txn.get(keyspace.SCHEMA_KEY, db=meta)
            if schema is None:
                with self._env.begin(write=True) as txn:
                    txn.put(keyspace.SCHEMA_KEY, keyspace.SCHEMA, db=meta)
        except (lmdb.Error, OSError, MemoryError) as error:
            # ENOMEM arrives as lmdb.MemoryError or as a plain lmdb.Error, by where it happens.
            no_room = isinstance(error, (MemoryError, lmdb.MemoryError)) or "Cannot allocate memory" in str(error)
            raise LogFault(f"{self._path}: {error}", full=self._is_full(), map_full=no_room) from None
        if schema not in (None, keyspace.SCHEMA):
            self._env.close()
            raise TetherError(
                f"The log {self._path} has layout {schema.decode(errors='replace')}, "
                f"this version of Tether knows {keyspace.SCHEMA.decode()}",
                hint="Run the version of Tether that wrote it, or move the log away",
                code="schema",
            )

    def _fault(self, error: lmdb.Error) -> LogFault:
        if isinstance(error, lmdb.PanicError):
            # The meta page could not be written: LMDB refuses everything from here on. A new process, started by the
            # supervisor, finds the log as it was; workers still hold what was not acknowledged.
            raise error
        if isinstance(error, lmdb.MapFullError):
            return LogFault("the log fills its map", map_full=True)
        if isinstance(error, lmdb.DiskError) or self._is_full():
            return LogFault(f"the disk of {self._path.parent} is full", full=True)
        return LogFault(f"the log can't be written: {error}")

    def _is_full(self) -> bool:
        try:
            return shutil.disk_usage(self._path.parent).free < _FULL_BELOW_BYTES
        except OSError:
            return False
