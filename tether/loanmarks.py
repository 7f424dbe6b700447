"""The ring's marks about a terminal on loan: what it shows, and what was read of it and not yet noted.

The holder of the lease may lend its terminal to the worker (docs/adr/0013). A worker that is killed leaves two
questions: how much of the session did the terminal show, and was something typed that the kernel had handed over and
the worker had not noted? Both are answered from here. Words of eight aligned bytes are written in one stroke; what is
typed is read straight into the ring's input area, onto ground that was filled with 0xFF before, as output is.

The marks stay when the terminal is given back: should the word of it be lost, a successor says it again.

Layout, all little-endian: u64 one more than the position where typing may be read to (0: nowhere), u64 number of the
loan (0: none), 16 bytes client, u64 seq, u64 offset, u64 certainty. Pure but for the mapping.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import Final

from tether.wire.limits import CLIENT_ID_BYTES, INPUT_QUEUE_BYTES

SIZE: Final = 64
TYPED_READ_MAX: Final = 4096  # a terminal in raw mode gives no more
_FILL: Final = b"\xff"
_WORD: Final = struct.Struct("<Q")
_SHOWN: Final = struct.Struct("<QQ")
_LOAN: Final = struct.Struct("<Q16s")
_TYPED_AT: Final = 0
_OFFER_AT: Final = 8
_SHOWN_AT: Final = 32
_SURE_AT: Final = 48
_SURE: Final = 1


@dataclass(frozen=True)
class Loan:
    """A terminal on loan as a successor finds it: `sure` when it shows exactly the output before `offset`, which no
    event up to `seq` exceeds."""

    offer: int
    client: bytes
    seq: int
    offset: int
    sure: bool


class LoanMarks:
    """The marks at `at` of the mapping; the input area begins at `input_at`."""

    def __init__(self, mapping: mmap.mmap, at: int, input_at: int) -> None:
        self._map = mapping
        self._view = memoryview(mapping)
        self._at = at
        self._input_at = input_at
        self._filled = 0  # position up to which the ground is laid
        self._clean = False  # nothing was read to the ground but what was taken

    def release(self) -> None:
        """Let go of the mapping."""
        self._view.release()

    # -- what it shows

    def begin(self, offer: int, client: bytes, seq: int, offset: int) -> None:
        """The loan `offer` of `client` begins; what the terminal shows is not sure until `shown`."""
        self.doubt()
        self.withdraw()
        self._clean = False
        _WORD.pack_into(self._map, self._at + _OFFER_AT, 0)
        _SHOWN.pack_into(self._map, self._at + _SHOWN_AT, seq, offset)
        self._map[self._at + _OFFER_AT + 8 : self._at + _OFFER_AT + 8 + CLIENT_ID_BYTES] = client
        _WORD.pack_into(self._map, self._at + _OFFER_AT, offer)

    def doubt(self) -> None:
        """About to write to the terminal."""
        _WORD.pack_into(self._map, self._at + _SURE_AT, 0)

    def shown(self, seq: int, offset: int) -> None:
        """The terminal shows the output before `offset`; no event up to `seq` goes beyond it."""
        _SHOWN.pack_into(self._map, self._at + _SHOWN_AT, seq, offset)
        _WORD.pack_into(self._map, self._at + _SURE_AT, _SURE)

    def loan(self) -> Loan | None:
        """The newest loan; None when there was none."""
        offer, client = _LOAN.unpack_from(self._map, self._at + _OFFER_AT)
        if not offer:
            return None
        seq, offset = _SHOWN.unpack_from(self._map, self._at + _SHOWN_AT)
        sure = _WORD.unpack_from(self._map, self._at + _SURE_AT)[0] == _SURE
        return Loan(offer, client, seq, offset, sure)

    # -- what is typed

    def ground(self, position: int) -> memoryview:
        """The place for the next read of typing when the input queue ends at `position`: filled with 0xFF, never empty.

        There must be room for `TYPED_READ_MAX` bytes of input.
        """
        at = position % INPUT_QUEUE_BYTES
        size = min(TYPED_READ_MAX, INPUT_QUEUE_BYTES - at)
        filled = max(self._filled, position) if self._clean else position
        place = self._input_at + at
        if position + size > filled:
            self._map[place + filled - position : place + size] = _FILL * (position + size - filled)
            filled = position + size
        self._filled, self._clean = filled, True
        _WORD.pack_into(self._map, self._at + _TYPED_AT, position + 1)
        return self._view[place : place + size]

    def withdraw(self) -> None:
        """No read of typing is under way."""
        _WORD.pack_into(self._map, self._at + _TYPED_AT, 0)

    def found(self, position: int) -> bytes:
        """What was read of the terminal and not taken, when the input queue ends at `position`."""
        if _WORD.unpack_from(self._map, self._at + _TYPED_AT)[0] != position + 1:
            return b""
        at = position % INPUT_QUEUE_BYTES
        place = self._input_at + at
        return self._map[place : place + min(TYPED_READ_MAX, INPUT_QUEUE_BYTES - at)].rstrip(_FILL)
