"""Identifiers and their grammar.

A session id is 16 bytes: 6 bytes of creation time in milliseconds, big-endian, so that the log's
keys sort by age; 5 random bytes; 5 bytes that name the machine. People see the random part alone,
as 8 characters of Crockford's base 32 in lower case ("k3v9x0pq"); any unique prefix of it names the
session. A client id is 16 random bytes made by the browser or the command, kept over reconnects.
"""

from typing import Final, NewType

from tether.wire.limits import CLIENT_ID_BYTES, SID_BYTES

SessionId = NewType("SessionId", bytes)
ClientId = NewType("ClientId", bytes)

NO_SESSION: Final = SessionId(bytes(SID_BYTES))

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM: Final = slice(6, 11)
PUBLIC_CHARS: Final = 8


def base32(data: bytes) -> str:
    """Crockford base 32 in lower case, most significant digit first; `data` is 5 bytes long each 8 characters."""
    number = int.from_bytes(data, "big")
    digits = [_ALPHABET[(number >> shift) & 31] for shift in range(len(data) * 8 - 5, -1, -5)]
    return "".join(digits)


def make_session_id(now_ms: int, random: bytes, machine: bytes) -> SessionId:
    """Build an id from the time in milliseconds, 5 random bytes and the machine's 5 bytes."""
    if len(random) != 5 or len(machine) != 5:
        raise ValueError("a session id takes 5 random bytes and 5 machine bytes")
    return SessionId(now_ms.to_bytes(6, "big") + random + machine)


def public_id(sid: bytes) -> str:
    """The 8 characters by which people and URLs name the session `sid` (16 bytes)."""
    return base32(sid[_RANDOM])


def machine_id(sid: bytes) -> str:
    """The 8 characters that name the machine on which the session `sid` was made."""
    return base32(sid[11:16])


def created_ms(sid: bytes) -> int:
    """The session's creation time in milliseconds since 1970, as its id holds it."""
    return int.from_bytes(sid[:6], "big")


def normalise_public(text: str) -> str | None:
    """`text` as a (prefix of a) public id, or None when it can't be one. I, L, O are read as Crockford does."""
    lowered = text.strip().lower().translate(str.maketrans("ilo", "110"))
    if not 1 <= len(lowered) <= PUBLIC_CHARS or any(c not in _ALPHABET for c in lowered):
        return None
    return lowered


def is_session_id(data: bytes) -> bool:
    """True when `data` has the length of a session id and is not the null id."""
    return len(data) == SID_BYTES and data != NO_SESSION


def is_client_id(data: bytes) -> bool:
    """True when `data` has the length of a client id."""
    return len(data) == CLIENT_ID_BYTES
