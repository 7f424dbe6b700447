"""The log as web and command see it: read-only, beside the writer, in short calls.

The only module of this room that other rooms import. Rows are `(seq, body)`: the number of the event and its wire
body. A row that holds a `Cut` stands for all the numbers from its `from_seq` on, so that numbering stays dense.
"""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple

from tether.asking import PENDING, whole
from tether.paths import Paths
from tether.store import readonly
from tether.store.readonly import LogUnavailable
from tether.wire.agents import Approval, Part
from tether.wire.codec import decode_body, peek_tag
from tether.wire.events import Output
from tether.wire.ids import PUBLIC_CHARS, normalise_public, public_id
from tether.wire.storing import Checkpoint
from tether.wire.views import ENDED, SessionView

__all__ = ["LogReader", "LogUnavailable", "Totals"]

# A tail of one-byte events would be millions of rows.
_TAIL_ROWS_MAX: Final = 32_768


class Totals(NamedTuple):
    """What the log holds: sessions, those of them without an end, and bytes on disk."""

    sessions: int
    live: int
    log_bytes: int


class LogReader:
    """Reads one gateway's log. Opened at the first call; every call may raise `LogUnavailable`.

    Survives the store's restarts and the map's growth. Safe in threads; not across a fork.
    """

    def __init__(self, paths: Paths) -> None:
        self._shared: readonly.SharedLog | None = readonly.acquire(paths)

    def close(self) -> None:
        """Give the log back. Idempotent; the reader can't be used afterwards."""
        if self._shared is not None:
            readonly.release(self._shared)
            self._shared = None

    def let_go(self) -> None:
        """Close the log until the next call: for a `StoreHealth` with state `opening`."""
        self._log().let_go()

    def session(self, sid: bytes) -> SessionView | None:
        """The record of one session; None when the log does not know it."""
        with self._log().read() as rows:
            record = rows.record(sid)
            return None if record is None else decode_body(record)

    def sessions(self) -> list[SessionView]:
        """Every session's record, oldest first."""
        with self._log().read() as rows:
            return [decode_body(record) for record in rows.records()]

    def find(self, prefix: str) -> list[SessionView]:
        """The sessions whose public id begins with `prefix`, or whose title is exactly that, oldest first.

        A whole public id finds that session alone.
        """
        wanted = normalise_public(prefix)
        if not prefix:
            return []
        with self._log().read() as rows:
            by_id = [sid for sid in rows.sids() if wanted is not None and public_id(sid).startswith(wanted)]
            if wanted is not None and len(wanted) == PUBLIC_CHARS and len(by_id) == 1:
                return [decode_body(record) for sid in by_id if (record := rows.record(sid)) is not None]
            chosen = set(by_id)
            views: list[SessionView] = [decode_body(record) for record in rows.records()]
        return [view for view in views if view.sid in chosen or view.title == prefix]

    def events(self, sid: bytes, after: int, limit: int = 64, max_bytes: int = 1 << 20) -> list[tuple[int, bytes]]:
        """The next rows behind `after`, at most `limit` of them and, but for the first, at most `max_bytes` of
        bodies; [] when there are none yet."""
        found: list[tuple[int, bytes]] = []
        size = 0
        with self._log().read() as rows:
            for seq, body in rows.forward(sid, after + 1):
                size += len(body)
                if found and size > max_bytes:
                    break
                found.append((seq, bytes(body)))
                if len(found) >= limit:
                    break
        return found

    def last_seq(self, sid: bytes) -> int:
        """The newest event of the session; 0 when there is none."""
        with self._log().read() as rows:
            return next((seq for seq, _ in rows.backward(sid)), 0)

    def tail(self, sid: bytes, max_bytes: int) -> list[tuple[int, bytes]]:
        """The newest rows, oldest of them first, that hold at least the newest `max_bytes` of output, or all there is.

        The first row may hold more than is wanted; nothing from before a `Cut` is among them.
        """
        found: list[tuple[int, bytes]] = []
        size = 0
        with self._log().read() as rows:
            for seq, view in rows.backward(sid):
                body = bytes(view)
                found.append((seq, body))
                tag = peek_tag(body)
                if tag == "out":
                    event = decode_body(body)
                    size += len(event.data) if isinstance(event, Output) else 0
                if size >= max_bytes or tag == "cut" or len(found) >= _TAIL_ROWS_MAX:
                    break
        return found[::-1]

    def checkpoint_at_or_before(self, sid: bytes, seq: int) -> Checkpoint | None:
        """The newest checkpoint of the session's screen that is not behind event `seq`; None when there is none."""
        with self._log().read() as rows:
            return rows.checkpoint(sid, seq)

    def audit(self, after: int, limit: int = 256) -> list[tuple[int, bytes]]:
        """The audit log's next rows behind `after`, at most `limit`: (seq, body), see `tether.audit`."""
        found: list[tuple[int, bytes]] = []
        with self._log().read() as rows:
            for seq, body in rows.audit(after + 1):
                found.append((seq, bytes(body)))
                if len(found) >= limit:
                    break
        return found

    def audit_last(self) -> int:
        """The number of the audit log's newest row; 0 when there is none."""
        with self._log().read() as rows:
            return rows.audit_last()

    def approvals(self, *, pending: bool = False, sid: bytes = b"", limit: int = 1000) -> list[Approval]:
        """What agents asked, without the pieces of long ones: of one session, or of all, the newest sessions first;
        at most `limit`, oldest first where they are of one session."""
        with self._log().read() as rows:
            if sid:
                own = [one for one in rows.approvals(sid) if one.state and (not pending or one.state == PENDING)]
                return sorted(own, key=lambda one: one.created)[-limit:]
            if not pending:
                return list(itertools.islice((one for one in rows.approvals(b"") if one.state), limit))
            asking = [view for record in rows.records() if (view := decode_body(record)).approvals]
            records = [one for view in asking for one in rows.approvals(view.sid) if one.state == PENDING]
        return sorted(records, key=lambda one: one.created)[:limit]

    def approval(self, prefix: str) -> list[Approval]:
        """The approvals whose id begins with `prefix`. A single one is whole, with its pieces."""
        with self._log().read() as rows:
            found = [one for one in rows.approvals_named(prefix) if one.state]
            if len(found) != 1 or not found[0].parts:
                return found
            bodies = [next(rows.forward(found[0].sid, seq), None) for seq in found[0].parts]
            parts = [decode_body(bytes(body)) for at, body in filter(None, bodies)]
        return [whole(found[0], [part for part in parts if isinstance(part, Part)])]

    def totals(self) -> Totals:
        """What the log holds."""
        views = self.sessions()
        live = sum(1 for view in views if view.state not in ENDED)
        return Totals(len(views), live, sum(view.log_bytes for view in views))

    def _log(self) -> readonly.SharedLog:
        if self._shared is None:
            raise AssertionError("a reader that was closed")
        return self._shared
