"""A session's events out of the log, one after the other, and on as they come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from tether.bus import Bus, Poller
from tether.clock import monotonic
from tether.paths import Paths
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.codec import decode_body
from tether.wire.events import Event, Exited, Lost, Output, Unknown
from tether.wire.views import ENDED

_ROWS: Final = 256
_BYTES: Final = 1 << 20
# The log is asked at least this often while following, should a notice of the store be lost.
_POLL_S: Final = 1.0
# A gateway that is being restarted has its log back well within this.
_PATIENCE_S: Final = 10.0


def read(log: LogReader, sid: bytes, after: int = 0) -> Iterator[Event]:
    """Every event behind `after` that is in the log now."""
    while rows := log.events(sid, after, _ROWS, _BYTES):
        after = rows[-1][0]
        for _, body in rows:
            event = decode_body(body)
            if not isinstance(event, Unknown):
                yield event


def follow(paths: Paths, log: LogReader, sid: bytes, after: int = 0, limit_s: float | None = None) -> Iterator[Event]:
    """As `read`, and then whatever comes, to the session's end or for `limit_s` seconds."""
    deadline = None if limit_s is None else monotonic() + limit_s
    with contextlib.closing(Bus()) as bus:
        notices = bus.subscriber(paths.store_pub, sid)
        poller = Poller()
        poller.add(notices)
        unavailable_since = 0.0
        while True:
            try:
                for event in read(log, sid, after):
                    after = event.seq
                    yield event
                    if isinstance(event, Exited | Lost):
                        return
                unavailable_since = 0.0
                record = log.session(sid)
                if record is not None and record.state in ENDED and record.seq <= after:
                    return
            except LogUnavailable:
                unavailable_since = unavailable_since or monotonic()
                if monotonic() - unavailable_since > _PATIENCE_S:
                    raise
            left = _POLL_S if deadline is None else min(_POLL_S, deadline - monotonic())
            if left <= 0:
                return
            poller.wait(left)
            while notices.receive() is not None:
                pass


def tail_start(log: LogReader, sid: bytes, output_bytes: int) -> int:
    """The event behind which at least the newest `output_bytes` of output follow; 0 when that is everything."""
    rows = log.tail(sid, output_bytes)
    return rows[0][0] - 1 if rows else 0


def output_size(events: list[Event]) -> int:
    """How much output is in `events`."""
    return sum(len(event.data) for event in events if isinstance(event, Output))
