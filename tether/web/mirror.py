"""The live sessions as the broker tells them, merged with the records of the log. Pure.

An end is final: a record of the log that says ended wins over any older news that says alive, and
the other way round. Positions in the log come from its record, everything else from the broker.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from tether.wire.views import ENDED, SessionView


@dataclass
class Mirror:
    """The newest view of every session that the broker has told about."""

    views: dict[bytes, SessionView] = field(default_factory=dict)

    def news(self, view: SessionView) -> bool:
        """A view was published. False when it says nothing new."""
        known = self.views.get(view.sid)
        if known == view or (known is not None and known.state in ENDED and view.state not in ENDED):
            return False
        self.views[view.sid] = view
        return True

    def listed(self, views: Iterable[SessionView]) -> list[SessionView]:
        """The broker's whole list. Sessions that are missing in it are forgotten. Returns what is new."""
        found = list(views)
        living = {view.sid for view in found}
        self.views = {sid: view for sid, view in self.views.items() if sid in living or view.state in ENDED}
        return [view for view in found if self.news(view)]

    def get(self, sid: bytes, record: SessionView | None) -> SessionView | None:
        """The session as it is known, from the broker's view and the log's `record` (either may be missing)."""
        return merge(self.views.get(sid), record)

    def all(self, records: Iterable[SessionView]) -> list[SessionView]:
        """Every session, oldest first. Views of ended sessions that the log holds too are forgotten."""
        merged: dict[bytes, SessionView] = {}
        for record in records:
            view = merge(self.views.get(record.sid), record)
            merged[record.sid] = view if view is not None else record
            if record.state in ENDED:
                self.views.pop(record.sid, None)
        for sid, view in self.views.items():
            merged.setdefault(sid, view)
        return sorted(merged.values(), key=lambda view: (view.created, view.sid))

    def find(self, prefix: str, records: Iterable[SessionView]) -> list[SessionView]:
        """The sessions whose public id begins with `prefix`, of these `records` of the log and of what lives; one whose
        id equals it wins alone."""
        found = {view.sid: view for view in self.views.values() if view.id.startswith(prefix)}
        for record in records:
            found[record.sid] = self.get(record.sid, record) or record
        return [view for view in found.values() if view.id == prefix] or list(found.values())


def merge(live: SessionView | None, record: SessionView | None) -> SessionView | None:
    """One view of a session from the broker's and the log's."""
    if live is None or record is None:
        return live or record
    if record.state in ENDED:
        return record
    return msgspec.structs.replace(
        live,
        seq=max(live.seq, record.seq),
        offset=max(live.offset, record.offset),
        first_seq=max(live.first_seq, record.first_seq),
        cut_bytes=max(live.cut_bytes, record.cut_bytes),
        log_bytes=max(live.log_bytes, record.log_bytes),
    )
