"""Which sessions have changed, for lists that want to be told: a number that grows, and who waits for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

_SESSIONS_MAX: Final = 4096


class Changes:
    """The newest change of each session. Numbers begin at a time, so that those of another run are older."""

    def __init__(self, start: int) -> None:
        self._start = self._newest = start
        self._by_sid: OrderedDict[bytes, int] = OrderedDict()
        self._waiters: set[asyncio.Event] = set()

    def note(self, sid: bytes) -> None:
        """The session has changed: tell who waits."""
        self._newest += 1
        self._by_sid[sid] = self._newest
        self._by_sid.move_to_end(sid)
        if len(self._by_sid) > _SESSIONS_MAX:
            self._start = self._by_sid.popitem(last=False)[1]
        self.wake()

    def wake(self) -> None:
        """Whoever waits gets an answer now: there is news, or this process is about to end."""
        for waiter in self._waiters:
            waiter.set()

    def since(self, after: int) -> tuple[int, frozenset[bytes] | None]:
        """The newest number, and the sessions that changed after `after`; None: too long ago to tell, take all."""
        if not self._start <= after <= self._newest:
            return self._newest, None
        return self._newest, frozenset(sid for sid, at in self._by_sid.items() if at > after)

    async def wait(self, after: int, seconds: float) -> None:
        """Wait for a change behind `after`, not longer than `seconds`."""
        if after != self._newest:
            return
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.wait()
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)
