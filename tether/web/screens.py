"""Sessions' screens for clients that attach, fall behind, or ask: the worker's word, else made from the log.

Clients that want the same at the same time get the same. What is made from the log is made in slices, so that a
long log keeps nobody waiting but who asked.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

import msgspec

from tether import rewind
from tether.bus.uplink import BrokerAway, Uplink
from tether.masking import Mask, snapshot_masked
from tether.screen import ScreenUnavailable
from tether.screen.tail import tail_snapshot
from tether.store.reader import LogReader, LogUnavailable
from tether.web.turns import turn
from tether.wire.control import Snapshot, SnapshotQuery
from tether.wire.limits import TAIL_BYTES_MAX
from tether.wire.views import ENDED, SessionView

# A worker answers within some milliseconds. One that is being replaced, or none, is not waited for: the log has it all.
ANSWER_S: Final = 0.7


class Screens:
    """Asks over `uplink`, reads with `reader`; what is secret is hidden with `mask`."""

    def __init__(self, uplink: Uplink, reader: LogReader, mask: Mask | None = None) -> None:
        self._uplink = uplink
        self._mask = mask
        self._reader = reader
        self._client = os.urandom(16)
        self._made: dict[tuple[bytes, int], asyncio.Task[Snapshot | None]] = {}

    def close(self) -> None:
        """Nobody waits any more."""
        for task in self._made.values():
            task.cancel()

    async def of(self, view: SessionView, history: int = 0) -> Snapshot | None:
        """The session's screen with at most `history` lines of what scrolled off; None while it can't be had."""
        key = (view.sid, history)
        task = self._made.get(key)
        if task is None:
            task = self._made[key] = asyncio.get_running_loop().create_task(self._make(view, history))
            task.add_done_callback(lambda _: self._made.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, view: SessionView, history: int) -> Snapshot | None:
        found = await self._find(view, history)
        return found if found is None or self._mask is None else snapshot_masked(found, self._mask)

    async def _find(self, view: SessionView, history: int) -> Snapshot | None:
        if view.state not in ENDED:
            found = await self._of_worker(view.sid, history)
            if found is not None:
                return found
        try:
            return await self._of_log(view, history)
        except LogUnavailable:
            return None

    async def _of_worker(self, sid: bytes, history: int) -> Snapshot | None:
        try:
            answer = await self._uplink.ask(sid, SnapshotQuery(0, self._client, history), ANSWER_S)
        except BrokerAway:
            return None
        return msgspec.structs.replace(answer, req=0, client=b"") if isinstance(answer, Snapshot) else None

    async def _of_log(self, view: SessionView, history: int) -> Snapshot:
        record = self._reader.session(view.sid)
        if record is None or not record.seq:
            # The broker's view may be ahead of the log: what is not in the log yet comes as events.
            return tail_snapshot((), TAIL_BYTES_MAX, msgspec.structs.replace(view, seq=0, offset=0))
        # How a session ended is told as an event, also to whoever comes after its end.
        upto = record.seq - 1 if record.state in ENDED else None
        try:
            for made in rewind.steps(self._reader, record, upto):  # noqa: B007 - the last one is the screen
                await turn()
        except ScreenUnavailable:
            return self._tail(record, upto)
        try:
            return made.snapshot(history)
        finally:
            made.close()

    def _tail(self, record: SessionView, upto: int | None) -> Snapshot:
        rows = self._reader.tail(record.sid, TAIL_BYTES_MAX)
        return tail_snapshot([row for row in rows if upto is None or row[0] <= upto], TAIL_BYTES_MAX, record)
