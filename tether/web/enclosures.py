"""Pictures for agents, off the event loop: taken in pieces, and removed with their sessions."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tether import enclosures
from tether.enclosures import Taken


class Enclosures:
    """The pictures of all sessions, below `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._turns = asyncio.Lock()
        self._sweeping: asyncio.Task[None] | None = None

    async def take(self, sid: bytes, upload: str, offset: int, size: int, data: bytes) -> Taken:
        """A piece of a picture (`enclosures.take`). TetherError, OSError."""
        async with self._turns:
            return await asyncio.to_thread(enclosures.take, self._home, sid, upload, offset, size, data, time.time())

    def sweep(self, keep: set[bytes]) -> None:
        """Remove the pictures of sessions that are no more, once in this process's life. `keep` are all that are."""
        if self._sweeping is None and keep:
            self._sweeping = asyncio.get_running_loop().create_task(self._forget(keep))

    def close(self) -> None:
        """Nothing is removed any more."""
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _forget(self, keep: set[bytes]) -> None:
        async with self._turns:
            await asyncio.to_thread(enclosures.forget, self._home, keep)
