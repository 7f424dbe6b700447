"""The records of what agents asked, kept beside the events that they are the fold of (`tether.asking`).

Key: session id ‖ approval id, so that a session's lie together, and sessions by age. A record holds what its `asked`
held; the pieces of a long one stay in their events, whose numbers it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tether import asking
from tether.wire.agents import Approval, Asked, Part, Settled
from tether.wire.events import Exited, Lost
from tether.wire.limits import SID_BYTES

KEPT: Final = (Asked, Part, Settled, Exited, Lost)
"""The events that change a record."""
_ID_BYTES_MAX: Final = 64
# Pieces of one record: what is beyond was said to be cut by who asked.
PARTS_MAX: Final = 64

_decoder: Final = msgspec.msgpack.Decoder(Approval)


def key_of(sid: bytes, approval: str) -> bytes:
    """The key of a record."""
    return sid + approval.encode()[:_ID_BYTES_MAX]


def load(value: bytes | memoryview) -> Approval:
    """A record from what stands in the log."""
    return _decoder.decode(value)


def apply(txn: Any, table: Any, sid: bytes, event: Any) -> None:
    """Bring the records of a session to what `event` says."""
    if isinstance(event, Exited | Lost):
        for one in list(of_session(txn, table, sid)):
            if one.state in ("", asking.PENDING):
                _put(txn, table, asking.ended(one, event.ts))
        return
    name = event.approval.id if isinstance(event, Asked) else event.id
    found = txn.get(key_of(sid, name), db=table)
    record: Approval | None = None if found is None else load(found)
    changed: Approval | None = None
    if isinstance(event, Part):
        if record is None or len(record.parts) < PARTS_MAX:
            changed = asking.part(record, event, sid)
    elif isinstance(event, Asked):
        changed = asking.asked(record, event, sid)
    elif isinstance(event, Settled) and record is not None:
        changed = asking.settled(record, event)
    if changed is not None:
        _put(txn, table, changed)


def of_session(txn: Any, table: Any, sid: bytes) -> Iterator[Approval]:
    """The records of one session."""
    with txn.cursor(table) as cursor:
        found = cursor.set_range(sid)
        while found and bytes(cursor.key()[:SID_BYTES]) == sid:
            yield load(cursor.value())
            found = cursor.next()


def named(txn: Any, table: Any, prefix: str) -> list[Approval]:
    """The records whose id begins with `prefix`, the oldest session's first."""
    wanted = prefix.encode()
    with txn.cursor(table) as cursor:
        return [load(value) for key, value in cursor.iternext() if bytes(key[SID_BYTES:]).startswith(wanted)]


def newest_first(txn: Any, table: Any) -> Iterator[Approval]:
    """Every record, the newest session's first."""
    with txn.cursor(table) as cursor:
        found = cursor.last()
        while found:
            yield load(cursor.value())
            found = cursor.prev()


def _put(txn: Any, table: Any, record: Approval) -> None:
    txn.put(key_of(record.sid, record.id), msgspec.msgpack.encode(record), db=table)
