"""Sessions' directories for those who look at them: git and files in threads, so that nobody's keys wait.

Nothing happens here while nobody asks, but that the beginning of a new session is kept. Those who ask for the same at
the same time get the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from tether.errors import TetherError
from tether.masking import Mask
from tether.wire.views import ENDED, SessionView
from tether.worktree import beginnings, changes, confined, content, shown, turns

# Two looks at once: a machine's disks and processors are the agents'.
_AT_ONCE: Final = 2
# A session that is first heard of later than this after its start has done something: that is no beginning.
_FRESH_US: Final = 5_000_000

log = logging.getLogger("tether")

Document = dict[str, Any]


class Worktrees:
    """`home` is where beginnings are kept, `clock` gives microseconds since 1970."""

    def __init__(self, home: Path, mask: Mask | None, clock: Callable[[], int]) -> None:
        self._home = home
        self._mask = mask
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._asked: dict[tuple[object, ...], asyncio.Task[Document]] = {}
        self._seen: set[bytes] = set()
        self._swept = False
        self._kept: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Nobody waits any more."""
        for task in (*self._asked.values(), *self._kept):
            task.cancel()

    def notice(self, view: SessionView) -> None:
        """A session is there: keep what its directory holds, if it has just begun."""
        if view.sid in self._seen or view.state in ENDED or not view.created:
            return
        self._seen.add(view.sid)
        if self._clock() - view.created < _FRESH_US and not beginnings.place_of(self._home, view.sid).exists():
            self._spawn(self._keep(view))

    def sweep(self, keep: set[bytes]) -> None:
        """Remove what was kept of sessions that are no more, once in this process's life. `keep` are all that are."""
        if not self._swept and keep:
            self._swept = True
            self._spawn(self._forget(keep))

    async def _forget(self, keep: set[bytes]) -> None:
        async with self._turns:
            await asyncio.to_thread(beginnings.forget, self._home, keep)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def changes(self, view: SessionView, base: str, path: bytes, have: str, turn: int = 0) -> Document:
        """What changed in the session's directory; `have` is the digest of what whoever asks knows."""

        def look() -> Document:
            asked = changes.Asked(view.cwd, view.sid, view.created, self._home, turn)
            found = changes.look(asked, base, (path,) if path else ())
            if have and found.changes.digest == have:
                return {"same": True, "digest": have}
            return {**shown.changes(changes.read(found), self._mask), **_places(view), "same": False}

        return await self._once(("changes", view.sid, base, path, have, turn), look)

    async def turns(self, view: SessionView) -> Document:
        """The turns of the session's agent, oldest first."""

        def look() -> Document:
            return {"turns": [shown.turn(one, self._mask) for one in turns.listed(self._home, view.sid)]}

        return await self._once(("turns", view.sid), look)

    async def files(self, view: SessionView, parts: list[bytes]) -> Document:
        """What is in a directory below the session's."""

        def look() -> Document:
            found, whole = confined.entries(view.cwd, parts)
            above = b"".join(part + b"/" for part in parts)
            ignored = changes.ignored(view.cwd, [above + one.name for one in found])
            document = shown.listing(parts, found, whole, ignored, changes.marks(view.cwd), self._mask)
            return {**document, **_places(view)}

        return await self._once(("files", view.sid, *parts), look)

    async def content(self, view: SessionView, parts: list[bytes]) -> Document:
        """A file below the session's directory."""

        def look() -> Document:
            return shown.file(parts, confined.read(view.cwd, parts, content.IMAGE_BYTES_MAX), self._mask)

        return await self._once(("content", view.sid, *parts), look)

    async def _once(self, key: tuple[object, ...], look: Callable[[], Document]) -> Document:
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.get_running_loop().create_task(self._aside(look))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)

    async def _aside(self, look: Callable[[], Document]) -> Document:
        async with self._turns:
            return await asyncio.to_thread(look)

    async def _keep(self, view: SessionView) -> None:
        try:
            async with self._turns:
                await asyncio.to_thread(beginnings.record, self._home, view.sid, view.cwd, self._clock())
        except (TetherError, OSError) as error:
            log.info("event=no-beginning session=%s error=%r", view.id, str(error))


def _places(view: SessionView) -> Document:
    """Where the session was started, and where its agent is now, if that can be known. The latter is only told."""
    now = ""
    if view.agent_pid > 1 and view.state not in ENDED and sys.platform == "linux":
        try:
            now = os.readlink(f"/proc/{view.agent_pid}/cwd")
        except OSError:
            now = ""
    return {"cwd": view.cwd, "agent_cwd": now}
