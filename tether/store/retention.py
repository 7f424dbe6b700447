"""What to remove when the log is over its quota. Pure.

Oldest ended sessions go first, each but for its first and last events. Then the live sessions give of their oldest
output, the largest before the smaller ones: a flood in one session must not push the history of a quiet one out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tether.wire.events import Cut, Event, Exited, Lost, Output, Unknown
from tether.wire.limits import TAIL_BYTES_MAX

REASON_QUOTA: Final = "quota"

# What stays of an ended session: how it began, what was cut, how it ended.
KEEP_ENDED_BYTES: Final = 4096
# What stays of a live one: what a client that attaches is shown.
KEEP_LIVE_BYTES: Final = 2 * TAIL_BYTES_MAX
# Rows removed by one transaction: about 12 ms on a slow disk, during which no event becomes durable.
ROWS_PER_STEP: Final = 256
# Cut this part of the quota more than must be, so that the plan is not made anew for every batch.
_SLACK_DIVISOR: Final = 64


@dataclass(frozen=True)
class Share:
    """What one session takes: `ended` is microseconds since 1970, 0 while it lives."""

    sid: bytes
    ended: int
    log_bytes: int


@dataclass(frozen=True)
class Order:
    """Remove at least `free_bytes` of the oldest events of the session `sid`."""

    sid: bytes
    free_bytes: int


def slack_bytes(quota: int) -> int:
    """How far below the quota a plan goes."""
    return quota // _SLACK_DIVISOR


def plan(shares: Iterable[Share], quota: int) -> list[Order]:
    """What to remove, in order, so that all shares together are a little below `quota` bytes; [] when they are not
    above it. Less is planned when what must stay is more than the quota."""
    everything = list(shares)
    total = sum(share.log_bytes for share in everything)
    if total <= quota:
        return []
    need = total - quota + slack_bytes(quota)
    orders: list[Order] = []
    for share in sorted((s for s in everything if s.ended), key=lambda s: (s.ended, s.sid)):
        if need <= 0:
            return orders
        free = min(need, share.log_bytes - KEEP_ENDED_BYTES)
        if free > 0:
            orders.append(Order(share.sid, free))
            need -= free
    return orders + _level([s for s in everything if not s.ended], need)


def _level(live: list[Share], need: int) -> list[Order]:
    """Take `need` bytes from the largest sessions, down to a level that is the same for all that give."""
    if need <= 0 or not live:
        return []
    sizes = sorted((share.log_bytes for share in live), reverse=True)
    above, level = 0, KEEP_LIVE_BYTES
    for count, size in enumerate(sizes, start=1):
        above += size
        smaller = sizes[count] if count < len(sizes) else 0
        if above - count * smaller >= need:
            level = max(level, (above - need) // count)
            break
    return [
        Order(share.sid, share.log_bytes - level)
        for share in sorted(live, key=lambda s: s.log_bytes, reverse=True)
        if share.log_bytes > level
    ]


class Removal:
    """Gathers the oldest rows of one session, as they are removed, into the `Cut` that takes their place."""

    def __init__(self) -> None:
        self.rows = 0
        self.row_bytes = 0  # what the rows took on disk
        self.output_bytes = 0  # terminal output that was in them
        self._from_seq = 0
        self._seq = 0
        self._offset = 0
        self._reason = REASON_QUOTA

    @staticmethod
    def may_go(seq: int, event: Event | Unknown, newest: int) -> bool:
        """False for what always stays: the newest event and the session's end, behind which nothing is removed."""
        return seq < newest and not isinstance(event, (Exited, Lost))

    def add(self, seq: int, event: Event | Unknown, row_bytes: int) -> None:
        """The row `seq` goes. Rows come in order, without a hole."""
        if not self.rows:
            self._from_seq = event.from_seq if isinstance(event, Cut) else seq
        self.rows += 1
        self.row_bytes += row_bytes
        self._seq = seq
        if isinstance(event, Output):
            self._offset = event.offset + len(event.data)
            self.output_bytes += len(event.data)
            self._reason = REASON_QUOTA
        elif isinstance(event, Cut):
            self._offset = max(self._offset, event.to_offset)
            self._reason = event.reason

    def cut(self, now_us: int) -> Cut:
        """What takes the place of the rows, under the number of the last of them.

        Its reason is the swallowed cut's when no output came behind that: how far it reaches is then not known.
        """
        # Only the first event stays before a cut, so the bytes that it removed begin at 0.
        return Cut(self._seq, now_us, self._from_seq, 0, self._offset, self._reason)
