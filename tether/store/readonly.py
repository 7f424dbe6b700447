"""The log opened to read, beside its writer: once per process, in short transactions.

LMDB refuses a second opening in one process, so all readers of one log share it. A transaction holds old pages back
from being used again: it lives for one call, never longer.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lmdb

from tether.errors import TetherError
from tether.paths import Paths
from tether.store import approvals, checkpoints, keyspace
from tether.store.gate import Gate
from tether.wire.agents import Approval
from tether.wire.storing import Checkpoint

_GATE_WAIT_S: Final = 3.0
Body = bytes | memoryview


class LogUnavailable(TetherError):
    """The log can't be read now: there is none yet, or the store is just opening it."""

    def __init__(self, reason: str, hint: str = "Start the gateway: tether start") -> None:
        super().__init__(f"The log can't be read: {reason}", hint=hint, code="no-log")


@dataclass
class _Opened:
    env: lmdb.Environment
    events: Any  # LMDB's handles of the databases
    sessions: Any
    checkpoints: Any  # None in a log that never had any
    audit: Any  # None in a log that an older version made and no newer one has opened yet
    approvals: Any  # the same
    gate: Gate
    number: int


class SharedLog:
    """One log, opened when it is first needed and whenever it had to be let go. For any thread; calls take turns."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock = threading.RLock()
        self._opened: _Opened | None = None
        self.users = 0

    def let_go(self) -> None:
        """Close it; the next use opens it again."""
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None:
                opened.env.close()
                opened.gate.close()

    @contextlib.contextmanager
    def read(self) -> Iterator[Rows]:
        """A read transaction. LogUnavailable when there is no log, or when it can't be read."""
        with self._lock:
            try:
                txn, opened = self._begin()
            except lmdb.Error as error:
                self.let_go()
                raise LogUnavailable(str(error), "Try again; look at the log with: tether debug --fsck") from None
            try:
                with txn:
                    yield Rows(txn, opened)
            except lmdb.Error as error:
                self.let_go()
                raise LogUnavailable(str(error), "Look at the log with: tether debug --fsck") from None

    def _begin(self) -> tuple[lmdb.Transaction, _Opened]:
        opened = self._opened
        if opened is not None and opened.gate.number() != opened.number:
            self.let_go()  # a store that starts asked for it
            opened = None
        for _ in range(3):
            if opened is None:
                opened = self._opened = self._open()
            try:
                return opened.env.begin(buffers=True), opened
            except lmdb.MapResizedError:
                opened.env.set_mapsize(0)  # the writer grew the map: adopt its size
            except (lmdb.BadRslotError, lmdb.InvalidError, lmdb.PanicError):
                self.let_go()
                opened = None
        raise LogUnavailable("it does not hold still", "Try again")

    def _open(self) -> _Opened:
        if not Path(self._paths.log_db, "data.mdb").exists():
            raise LogUnavailable("there is none yet")
        try:
            gate = Gate(self._paths.log_gate)
        except OSError as error:
            raise LogUnavailable(f"{self._paths.log_gate}: {error.strerror}") from None
        env: lmdb.Environment | None = None
        try:
            if not gate.share(_GATE_WAIT_S):
                raise LogUnavailable("the store is opening it", "Try again in a moment")
            number = gate.number()
            env = lmdb.open(
                os.fspath(self._paths.log_db), map_size=0, readonly=True, create=False, max_dbs=8,
                max_readers=keyspace.READERS_MAX, lib_version=keyspace.LIB_VERSION, max_spare_txns=1,
            )  # fmt: skip
            self._check_schema(env)
            events = env.open_db(keyspace.EVENTS, create=False)
            sessions = env.open_db(keyspace.SESSIONS, create=False)
            return _Opened(
                env,
                events,
                sessions,
                _later(env, keyspace.CHECKPOINTS),
                _later(env, keyspace.AUDIT),
                _later(env, keyspace.APPROVALS),
                gate,
                number,
            )
        except BaseException as error:
            if env is not None:
                env.close()
            gate.close()
            if isinstance(error, lmdb.NotFoundError):
                raise LogUnavailable("there is nothing in it yet") from None
            if isinstance(error, MemoryError):
                raise LogUnavailable(
                    "there is no address space for it", "Raise the limit on virtual memory (ulimit -v)"
                ) from None
            raise

    def _check_schema(self, env: lmdb.Environment) -> None:
        meta = env.open_db(keyspace.META, create=False)
        with env.begin() as txn:
            schema = txn.get(keyspace.SCHEMA_KEY, db=meta)
        if schema != keyspace.SCHEMA:
            shown = bytes(schema or b"none").decode(errors="replace")
            raise LogUnavailable(
                f"it has layout {shown}, this version of Tether knows {keyspace.SCHEMA.decode()}",
                "Use the version of Tether that runs the gateway",
            )


def _later(env: lmdb.Environment, name: bytes) -> Any:
    """A database that older versions did not make; None when it is not there."""
    try:
        return env.open_db(name, create=False)
    except lmdb.NotFoundError:
        return None


class Rows:
    """The rows of one transaction. What it returns as a `Body` is valid until the transaction ends."""

    def __init__(self, txn: lmdb.Transaction, opened: _Opened) -> None:
        self._txn = txn
        self._opened = opened

    def record(self, sid: bytes) -> Body | None:
        """The record of a session, as it is stored."""
        return self._txn.get(sid, db=self._opened.sessions)

    def sids(self) -> list[bytes]:
        """Every session that has a record, oldest first."""
        with self._txn.cursor(self._opened.sessions) as cursor:
            return [bytes(key) for key in cursor.iternext(keys=True, values=False)]

    def records(self) -> Iterator[Body]:
        """Every record, oldest session first."""
        with self._txn.cursor(self._opened.sessions) as cursor:
            yield from cursor.iternext(keys=False, values=True)

    def forward(self, sid: bytes, seq: int) -> Iterator[tuple[int, Body]]:
        """The session's events from `seq` on: (seq, body)."""
        if seq > keyspace.SEQ_MAX:
            return
        with self._txn.cursor(self._opened.events) as cursor:
            found = cursor.set_range(keyspace.event_key(sid, max(0, seq)))
            while found:
                owner, at = keyspace.split_key(cursor.key())
                if owner != sid:
                    return
                yield at, cursor.value()
                found = cursor.next()

    def backward(self, sid: bytes) -> Iterator[tuple[int, Body]]:
        """The session's events from the newest back."""
        with self._txn.cursor(self._opened.events) as cursor:
            # Behind the session's last possible key, or at it; then one back.
            found = cursor.set_range(keyspace.last_key(sid))
            found = cursor.prev() if found and bytes(cursor.key()) != keyspace.last_key(sid) else found or cursor.last()
            while found:
                owner, at = keyspace.split_key(cursor.key())
                if owner != sid:
                    return
                yield at, cursor.value()
                found = cursor.prev()

    def checkpoint(self, sid: bytes, seq: int) -> Checkpoint | None:
        """The newest checkpoint of the session that is not behind event `seq`."""
        table = self._opened.checkpoints
        return None if table is None else checkpoints.at_or_before(self._txn, table, sid, seq)

    def checkpoints(self) -> Iterator[tuple[bytes, int]]:
        """(session, seq) of every checkpoint."""
        table = self._opened.checkpoints
        return iter(()) if table is None else checkpoints.walk(self._txn, table)

    def audit(self, seq: int) -> Iterator[tuple[int, Body]]:
        """The audit log's rows from `seq` on."""
        if self._opened.audit is None:
            return
        with self._txn.cursor(self._opened.audit) as cursor:
            found = cursor.set_range(keyspace.audit_key(max(0, seq)))
            while found:
                yield int.from_bytes(cursor.key(), "big"), cursor.value()
                found = cursor.next()

    def audit_last(self) -> int:
        """The newest row of the audit log; 0 when there is none."""
        if self._opened.audit is None:
            return 0
        with self._txn.cursor(self._opened.audit) as cursor:
            return int.from_bytes(cursor.key(), "big") if cursor.last() else 0

    def approvals(self, sid: bytes) -> Iterator[Approval]:
        """What the agent of one session asked; of every session, the newest first, with b""."""
        table = self._opened.approvals
        if table is None:
            return iter(())
        return approvals.of_session(self._txn, table, sid) if sid else approvals.newest_first(self._txn, table)

    def approvals_named(self, prefix: str) -> list[Approval]:
        """The approvals whose id begins with `prefix`."""
        table = self._opened.approvals
        return [] if table is None else approvals.named(self._txn, table, prefix)

    def next_session(self, after: bytes) -> bytes | None:
        """The first session behind `after` (b"" is before all) that has events; None when there is none."""
        with self._txn.cursor(self._opened.events) as cursor:
            if not cursor.set_range(keyspace.last_key(after) if after else b"\0"):
                return None
            if after and bytes(cursor.key()) == keyspace.last_key(after) and not cursor.next():
                return None
            return keyspace.split_key(cursor.key())[0]


_shared: dict[str, SharedLog] = {}
_shared_lock = threading.Lock()


def acquire(paths: Paths) -> SharedLog:
    """This process's one opening of the log; give it back with `release`."""
    key = os.path.realpath(paths.log_db)
    with _shared_lock:
        shared = _shared.setdefault(key, SharedLog(paths))
        shared.users += 1
        return shared


def release(shared: SharedLog) -> None:
    """The last user closes it."""
    with _shared_lock:
        shared.users -= 1
        if shared.users:
            return
        for key in [key for key, value in _shared.items() if value is shared]:
            del _shared[key]
    shared.let_go()
