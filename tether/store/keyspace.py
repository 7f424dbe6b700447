"""Keys of the log, and what a row costs on disk. Pure.

Database `ev`: session id (16 bytes) ‖ seq (8 bytes, big-endian) -> the event's wire body. Keys sort as bytes, so a
session's events lie in order and sessions lie by age. Database `sess`: session id -> `SessionView`, the record of
every session. Database `snap`: session id ‖ seq ‖ piece (2 bytes, big-endian) -> a part of that session's checkpoint
at `seq`. Database `audit`: seq (8 bytes, big-endian) -> the row of the audit log (`tether.audit`). Database `ask`:
session id ‖ approval id -> the record of what an agent asked. Database `meta`: `schema` -> the layout's number.
"""

from __future__ import annotations

from typing import Final

from tether.wire.ids import SessionId
from tether.wire.limits import SID_BYTES

SCHEMA: Final = b"1"
EVENTS: Final = b"ev"
SESSIONS: Final = b"sess"
CHECKPOINTS: Final = b"snap"
META: Final = b"meta"
AUDIT: Final = b"audit"
APPROVALS: Final = b"ask"
SCHEMA_KEY: Final = b"schema"
# The engine whose files every release of the lmdb package can read. Never left to the package's default.
LIB_VERSION: Final = 0
# Whoever opens the log first sets it, so writer and readers say the same.
READERS_MAX: Final = 1024
KEY_BYTES: Final = SID_BYTES + 8
SEQ_MAX: Final = (1 << 64) - 1
# A checkpoint is kept in pieces of this size: LMDB wants adjoining pages for a value, and finds a few more easily.
PIECE_BYTES: Final = 32_000

_PAGE: Final = 4096
_PAGE_HEADER: Final = 16
# LMDB moves a value to pages of its own when fewer than two of its nodes would fit on a page.
_NODE_MAX: Final = 2038
_NODE_HEADER: Final = 10  # the node's header and its slot in the page's index
# What B-tree pages of small rows hold on average when the keys of several sessions grow at once (measured: 1.44).
_FILL_NUMERATOR, _FILL_DENOMINATOR = 13, 9


def event_key(sid: bytes, seq: int) -> bytes:
    """The key of event `seq` of the session. OverflowError beyond 64 bits."""
    return sid + seq.to_bytes(8, "big")


def first_key(sid: bytes) -> bytes:
    """The smallest key that an event of the session can have."""
    return sid + bytes(8)


def last_key(sid: bytes) -> bytes:
    """The largest key that an event of the session can have."""
    return sid + b"\xff" * 8


def audit_key(seq: int) -> bytes:
    """The key of row `seq` of the audit log. OverflowError beyond 64 bits."""
    return seq.to_bytes(8, "big")


def split_key(key: bytes | memoryview) -> tuple[SessionId, int]:
    """Session and seq of a key of `ev`. ValueError when it is none."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes is not an event's")
    return SessionId(bytes(key[:SID_BYTES])), int.from_bytes(key[SID_BYTES:], "big")


def piece_key(sid: bytes, seq: int, piece: int) -> bytes:
    """The key of a piece of the session's checkpoint at `seq`."""
    return sid + seq.to_bytes(8, "big") + piece.to_bytes(2, "big")


def split_piece_key(key: bytes | memoryview) -> tuple[SessionId, int, int]:
    """Session, seq and piece of a key of `snap`. ValueError when it is none."""
    if len(key) != KEY_BYTES + 2:
        raise ValueError(f"a key of {len(key)} bytes is not a checkpoint's")
    numbers = bytes(key[SID_BYTES:])
    return SessionId(bytes(key[:SID_BYTES])), int.from_bytes(numbers[:8], "big"), int.from_bytes(numbers[8:], "big")


def row_bytes(body_bytes: int) -> int:
    """The bytes that a row with a body of this size takes on disk: whole pages of its own, or its share of one."""
    node = KEY_BYTES + _NODE_HEADER
    if node + body_bytes > _NODE_MAX:
        pages = -(-(_PAGE_HEADER + body_bytes) // _PAGE)
        return pages * _PAGE + (node + 8) * _FILL_NUMERATOR // _FILL_DENOMINATOR
    return (node + body_bytes) * _FILL_NUMERATOR // _FILL_DENOMINATOR
