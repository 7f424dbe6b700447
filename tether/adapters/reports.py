"""What a session's worker is told, numbered and kept until it is an event. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from tether.wire.agents import Approval, Asked, Observed, Part
from tether.wire.codec import encode_body

# A worker that does not answer for long: what is oldest goes, but for what decides something.
WAITING_MAX: Final = 4096
# Of a long field, in one event; and of all its events together.
_HEAD_BYTES: Final = 8_000
_PIECE_BYTES: Final = 30_000
FIELD_BYTES_MAX: Final = 500_000
_KEY_BYTES: Final = 20_000
_SEAMS: Final = (b"\n", b" ")


class Reports:
    """One session's, of one run of the adapter."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._n = 0
        self._waiting: deque[Observed] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, event: msgspec.Struct) -> Observed:
        """A report of `event`, whose seq and ts its worker sets."""
        self._n += 1
        report = Observed(self._boot, self._n, encode_body(event))
        self._waiting.append(report)
        return report

    @property
    def newest(self) -> int:
        """The number of the newest report."""
        return self._n

    @property
    def full(self) -> bool:
        """True when nothing that can be done without should be added."""
        return len(self._waiting) >= WAITING_MAX

    def noted(self, boot: str, n: int) -> None:
        """Everything up to `n` is an event."""
        while boot == self._boot and self._waiting and self._waiting[0].n <= n:
            self._waiting.popleft()

    def again(self) -> list[Observed]:
        """What has to be sent again, oldest first."""
        return list(self._waiting)


def asked(record: Approval) -> list[msgspec.Struct]:
    """The events of a new approval: the pieces of its long fields, then what is asked. The pieces of a field come
    before the end of it that stands in `asked`."""
    made: list[msgspec.Struct] = []
    cut = 0
    kept: dict[str, bytes] = {}
    for field, data in (("exact", record.exact), ("diff", record.diff.encode())):
        cut += max(0, len(data) - FIELD_BYTES_MAX)
        data = data[:FIELD_BYTES_MAX]
        head = _seam_behind(data, len(data) - _HEAD_BYTES) if len(data) > _HEAD_BYTES else 0
        made += [Part(0, 0, record.id, field, piece) for piece in _pieces(data[:head])]
        kept[field] = data[head:]
    text = kept["diff"].decode("utf-8", "ignore")
    made.append(Asked(0, 0, msgspec.structs.replace(record, exact=kept["exact"], diff=text, cut=cut)))
    return made


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces that each fit into an event. Each is shown by itself, with what is secret in it hidden: so none
    ends inside a line, nor inside a private key, as long as there is another place."""
    at = 0
    while at < len(data):
        end = at + _PIECE_BYTES
        if end < len(data):
            end = _seam_before(data, at, end)
        yield data[at:end]
        at = end


def _seam_before(data: bytes, at: int, end: int) -> int:
    for mark in _SEAMS:
        found = data.rfind(mark, at, end)
        opening = _opening(data, found + 1)
        if opening >= 0:
            found = data.rfind(mark, at, opening)
        if found > at:
            return found + 1
    return _whole_character(data, end)


def _seam_behind(data: bytes, at: int) -> int:
    for mark in _SEAMS:
        found = data.find(mark, at)
        if found >= 0 and _opening(data, found + 1) >= 0:
            closing = data.find(b"-----END", found)
            found = data.find(mark, closing) if closing >= 0 else -1
        if found >= 0:
            return found + 1
    return _whole_character(data, at)


def _opening(data: bytes, at: int) -> int:
    """Where the private key begins that goes on at `at`; -1 when none does."""
    since = max(0, at - _KEY_BYTES)
    found = data.rfind(b"-----BEGIN", since, at)
    return found if found > data.rfind(b"-----END", since, at) else -1


def _whole_character(data: bytes, at: int) -> int:
    for more in range(4):
        if at + more >= len(data) or data[at + more] & 0xC0 != 0x80:
            return at + more
    return at
