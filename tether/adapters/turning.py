"""What sessions' directories hold when a turn begins and ends, kept one after the other, in a thread: an agent's
repository may be large, and others' agents ask meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from tether.adapters.facts import Fact, Turn
from tether.errors import TetherError
from tether.wire.ids import public_id
from tether.worktree import turns

log = logging.getLogger("tether")

_WAITING_MAX = 256


class Turning:
    """`home` is where beginnings are kept."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._waiting: asyncio.Queue[tuple[bytes, str, Turn, int]] = asyncio.Queue(_WAITING_MAX)

    def take(self, sid: bytes, directory: str, said: Iterable[Fact], now: int) -> None:
        """What a translator had to say at `now` (microseconds): its turns are kept soon."""
        for fact in said:
            if isinstance(fact, Turn) and fact.key and directory and not self._waiting.full():
                self._waiting.put_nowait((sid, directory, fact, now))

    async def run(self) -> None:
        """Keep them, until cancelled."""
        while True:
            sid, directory, turn, now = await self._waiting.get()
            try:
                await asyncio.to_thread(turns.note, self._home, sid, directory, turn.key, turn.phase, turn.prompt, now)
            except (TetherError, OSError) as error:
                log.info("event=no-turn session=%s error=%r", public_id(sid), str(error))
            except Exception:  # whatever an agent said of its turn: the others' are kept
                log.exception("event=bug in=turns session=%s", public_id(sid))
