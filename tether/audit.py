"""The audit log's chain, as pure rules: each row carries the hash of the one before it.

A row's hash is SHA-256 over its bytes as they are kept, the hash of its predecessor among them. Change a byte, take a
row out of the middle or swap two, and the chain does not close behind that place. That rows are missing from the
*end* only somebody can tell who has kept a later `Head`: the gateway keeps the newest beside the log, and
`tether audit --verify --head` takes one that was written down elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

START: Final = bytes(32)
"""What the first row has in place of its predecessor's hash."""

_KIND_CHARS: Final = 32
_TEXT_CHARS: Final = 200
_FACTS_MAX: Final = 16
PROBLEMS_MAX: Final = 100


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One row: dense `seq` from 1, `ts` in microseconds since 1970, the deed, and the predecessor's hash. `boot` and
    `n` name it in the broker that sent it."""

    seq: int
    ts: int
    kind: str
    actor: str
    session: str
    facts: dict[str, str]
    prev: bytes
    boot: str = ""
    n: int = 0


@dataclass(frozen=True)
class Head:
    """The newest row and its hash; `Head()` is the empty log's."""

    seq: int = 0
    hash: bytes = START

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


_decoder: Final = msgspec.msgpack.Decoder(Row)
_encoder: Final = msgspec.msgpack.Encoder()


def parse_head(text: str) -> Head | None:
    """The head that `str(head)` wrote; None when it is none."""
    seq, _, digest = text.strip().partition(":")
    try:
        found = Head(int(seq), bytes.fromhex(digest))
    except ValueError:
        return None
    return found if found.seq >= 0 and len(found.hash) == len(START) else None


def digest(body: bytes) -> bytes:
    """The hash of a row as it is kept."""
    return hashlib.sha256(body).digest()


def encode(row: Row) -> bytes:
    """A row as it is kept."""
    return _encoder.encode(row)


def decode(body: bytes) -> Row:
    """A kept row. ValueError when it is none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it does not decode: {error}") from None


def append(head: Head, ts: int, kind: str, actor: str, session: str, facts: dict[str, str], *, boot: str = "",
           n: int = 0) -> tuple[bytes, Head]:  # fmt: skip
    """The next row behind `head`, as it is kept, and the new head. Texts are cut to what a row may hold."""
    kept = {_short(name, _KIND_CHARS): _short(text) for name, text in list(facts.items())[:_FACTS_MAX]}
    row = Row(head.seq + 1, ts, _short(kind, _KIND_CHARS), _short(actor), _short(session), kept, head.hash, boot, n)
    body = encode(row)
    return body, Head(row.seq, digest(body))


@dataclass
class Verification:
    """Follows the chain over rows that are fed in order; `problems` has a line for each break, at most 100.

    `anchors` are heads kept elsewhere: each must be met on the way.
    """

    anchors: Iterable[tuple[str, Head]] = ()
    head: Head = Head()
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = {(name, anchor) for name, anchor in self.anchors if anchor.seq}

    @property
    def ok(self) -> bool:
        """True when nothing was wrong so far."""
        return not self.problems

    def row(self, key: int, body: bytes) -> None:
        """The next row, kept under `key`."""
        try:
            row = decode(body)
        except ValueError as error:
            self._wrong(f"row {key}: {error}")
            self.head = Head(key, digest(body))
            return
        if key != self.head.seq + 1:
            self._wrong(f"rows {self.head.seq + 1} to {key - 1} are missing")
        elif row.seq != key:
            self._wrong(f"row {key} says that it is row {row.seq}")
        elif row.prev != self.head.hash:
            self._wrong(f"row {key} does not follow row {self.head.seq} as it stands here: one of the two was changed")
        self.head = Head(key, digest(body))
        self._meet()

    def finish(self) -> None:
        """There are no more rows."""
        for name, anchor in sorted(self._waiting, key=lambda one: (one[1].seq, one[0])):
            self._wrong(
                f"the log ends with row {self.head.seq}, but {name} knows row {anchor.seq}: its end was cut off"
            )
        self._waiting.clear()

    def _meet(self) -> None:
        for name, anchor in [one for one in self._waiting if one[1].seq <= self.head.seq]:
            self._waiting.discard((name, anchor))
            if anchor != self.head:
                self._wrong(f"row {self.head.seq} is another than the one that {name} knows")

    def _wrong(self, text: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(text)


class Repeats:
    """The same thing again and again is said once, and then how often it came: a flood of refusals is one row and a
    count. Keys are tuples of short texts; times are monotonic seconds."""

    WINDOW_S: Final = 10.0
    KEYS_MAX: Final = 1024

    def __init__(self) -> None:
        self._began: dict[tuple[str, ...], float] = {}
        self._times: dict[tuple[str, ...], int] = {}

    def first(self, key: tuple[str, ...], now: float) -> bool:
        """True when `key` is to be said now; else it is counted."""
        if key in self._began:
            self._times[key] = self._times.get(key, 0) + 1
            return False
        if len(self._began) >= self.KEYS_MAX:
            # Who varies what is refused must not fill the log either.
            key = ("refused", "several", "", "too many kinds")
            if key in self._began:
                self._times[key] = self._times.get(key, 0) + 1
                return False
        self._began[key] = now
        return True

    def over(self, now: float) -> list[tuple[tuple[str, ...], int]]:
        """The keys whose window is over and how often they came again, those that did not left out."""
        ended = [key for key, began in self._began.items() if now - began >= self.WINDOW_S]
        for key in ended:
            del self._began[key]
        return [(key, times) for key in ended if (times := self._times.pop(key, 0))]


def exported(body: bytes) -> dict[str, Any]:
    """A row for people and programs, with its own hash: `imported` makes the same row of it again."""
    row = decode(body)
    made: dict[str, Any] = msgspec.structs.asdict(row)
    return {**made, "prev": row.prev.hex(), "hash": digest(body).hex()}


def imported(line: dict[str, Any]) -> tuple[int, bytes]:
    """(seq, body) of an exported row. ValueError when it is none, or its hash is not its own."""
    try:
        values = {name: line[name] for name in Row.__struct_fields__}
        body = encode(Row(**{**values, "prev": bytes.fromhex(values["prev"])}))
        decode(body)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is no row of an audit log: {error}") from None
    if digest(body).hex() != line.get("hash"):
        raise ValueError("its hash is not the hash of what it says")
    return int(values["seq"]), body


def _short(text: str, limit: int = _TEXT_CHARS) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
