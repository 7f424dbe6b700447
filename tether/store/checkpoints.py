"""Screens kept beside the events, to rebuild later ones from: put, found, thinned, removed.

Each is a `Checkpoint` in its wire form, cut into pieces that LMDB stores well (see `keyspace.piece_key`). They are
derived from the events: losing one costs time and nothing else, so nothing waits for them and none is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tether.store import keyspace
from tether.wire import WireError
from tether.wire.codec import decode_body, encode_body
from tether.wire.storing import Checkpoint

# Output between two checkpoints that are kept. Of those that came closer together the older goes.
APART_BYTES: Final = 8 << 20
_PIECES_MAX: Final = 64


def put(txn: Any, table: Any, sid: bytes, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; the one before it goes when its neighbours are near enough to each other."""
    body = encode_body(checkpoint)
    size = keyspace.PIECE_BYTES
    for piece in range(-(-len(body) // size)):
        txn.put(keyspace.piece_key(sid, checkpoint.seq, piece), body[piece * size : (piece + 1) * size], db=table)
    before = _seq_before(txn, table, sid, checkpoint.seq)
    if before is None:
        return
    older = _seq_before(txn, table, sid, before)
    found = read(txn, table, sid, older) if older is not None else None
    if found is not None and checkpoint.offset - found.offset < APART_BYTES:
        _remove_one(txn, table, sid, before)


def at_or_before(txn: Any, table: Any, sid: bytes, seq: int) -> Checkpoint | None:
    """The newest checkpoint of the session that is not behind event `seq`."""
    found = _seq_before(txn, table, sid, seq + 1)
    return None if found is None else read(txn, table, sid, found)


def read(txn: Any, table: Any, sid: bytes, seq: int) -> Checkpoint | None:
    """The checkpoint at exactly `seq`; None when there is none, or it can't be read."""
    pieces = []
    for piece in range(_PIECES_MAX):
        found = txn.get(keyspace.piece_key(sid, seq, piece), db=table)
        if found is None:
            break
        pieces.append(bytes(found))
    try:
        checkpoint = decode_body(b"".join(pieces))
    except WireError:
        return None
    return checkpoint if isinstance(checkpoint, Checkpoint) and checkpoint.seq == seq else None


def remove(txn: Any, table: Any, sid: bytes, upto: int) -> None:
    """Remove the session's checkpoints up to event `upto`: what was cut from the log is gone from here as well."""
    with txn.cursor(table) as cursor:
        found = cursor.set_range(sid)
        while found:
            owner, seq, _ = keyspace.split_piece_key(cursor.key())
            if owner != sid or seq > upto:
                return
            found = cursor.delete()


def walk(txn: Any, table: Any) -> Iterator[tuple[bytes, int]]:
    """(session, seq) of every checkpoint, in order."""
    last: tuple[bytes, int] | None = None
    with txn.cursor(table) as cursor:
        for key in cursor.iternext(keys=True, values=False):
            owner, seq, _ = keyspace.split_piece_key(key)
            if (owner, seq) != last:
                last = owner, seq
                yield last


def _seq_before(txn: Any, table: Any, sid: bytes, seq: int) -> int | None:
    """The newest checkpoint before event `seq`."""
    with txn.cursor(table) as cursor:
        behind = cursor.set_range(keyspace.piece_key(sid, min(seq, keyspace.SEQ_MAX), 0))
        if not (cursor.prev() if behind else cursor.last()):
            return None
        owner, found, _ = keyspace.split_piece_key(cursor.key())
        return found if owner == sid else None


def _remove_one(txn: Any, table: Any, sid: bytes, seq: int) -> None:
    for piece in range(_PIECES_MAX):
        if not txn.delete(keyspace.piece_key(sid, seq, piece), db=table):
            return
