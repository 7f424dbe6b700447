"""The audit log's writer: numbers and chains what the broker sends, and commits it in groups of its own.

The chain (`tether.audit`) is pure; here it meets the disk. Behind each commit the newest head is written to a file
beside the log, so that a log whose end was cut off does not look whole.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Final

from tether import audit, secret_files
from tether.store.log import EventLog, LogFault
from tether.wire.auditing import AuditEntry

log = logging.getLogger("tether")

# Deeds come in bursts (a client attaches, takes control, fits its size): one flush for all of a burst.
COMMIT_S: Final = 0.05
RETRY_S: Final = 0.5
# What may wait for a disk that is full; the broker keeps the rest.
WAITING_MAX: Final = 1024


class Trail:
    """The chain of one log. `head_file` keeps its head for `tether audit --verify`."""

    def __init__(self, events: EventLog, head_file: Path) -> None:
        self._log = events
        self._head_file = head_file
        last = events.last_audit()
        self._head = audit.Head(last[0], audit.digest(last[1])) if last is not None else audit.Head()
        self._taken: list[AuditEntry] = []
        self._due = 0.0
        # How far each run of the broker is known here; the newest run alone matters.
        row = audit.decode(last[1]) if last is not None else None
        self._boot, self._n = (row.boot, row.n) if row is not None else ("", 0)

    def take(self, entry: AuditEntry, now: float) -> bool:
        """Keep an entry for the next commit. False when it can't be kept now, or does not follow the one before: the
        broker sends again from what was acknowledged last."""
        if entry.boot == self._boot and entry.n <= self._n:
            return True  # known, on disk or about to be
        if len(self._taken) >= WAITING_MAX or (entry.boot == self._boot and entry.n != self._n + 1):
            return False
        self._boot, self._n = entry.boot, entry.n
        if not self._taken:
            self._due = now + COMMIT_S
        self._taken.append(entry)
        return True

    def wait_s(self, now: float) -> float | None:
        """Seconds until `commit` is due; None when there is nothing to commit."""
        return max(0.0, self._due - now) if self._taken else None

    @property
    def durable(self) -> tuple[str, int]:
        """The broker's run and how far its entries are on disk."""
        return (self._boot, self._n - len(self._taken))

    def commit(self, now: float) -> bool:
        """Write what was taken; False when it can't be written now."""
        rows: list[tuple[int, bytes]] = []
        head = self._head
        for entry in self._taken:
            body, head = audit.append(
                head, entry.ts, entry.kind, entry.actor, entry.session, entry.facts, boot=entry.boot, n=entry.n
            )
            rows.append((head.seq, body))
        try:
            self._log.write_audit(rows)
        except LogFault as fault:
            self._due = now + RETRY_S
            log.warning("event=audit-waits entries=%d reason=%r", len(rows), str(fault))
            return False
        self._taken.clear()
        self._head = head
        # A head that is older than the log is no lie: it is met on the way.
        with contextlib.suppress(OSError):
            secret_files.write(self._head_file, f"{head}\n")
        return True
