"""Where agents' hooks report: one Unix socket for all sessions. A hook shows its session's token, says one event and
waits for the answer. A token may report and ask, for its own session; nothing more can be said here."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from tether import ancestry

log = logging.getLogger("tether")

# One event: a file that is written whole is in it.
_LINE_BYTES_MAX: Final = 8 << 20
_LINE_S: Final = 5.0


class Hooked(Protocol):
    """A session that hooks report to."""

    token: str

    def agent_pid(self) -> int:
        """The agent's process; 0 when it is not known yet."""
        ...

    def hook(self, name: str, event: dict[str, Any], answer: Callable[[Any], None]) -> bool:
        """One event; `answer` is called with what the hook prints. False: it is answered with nothing, at once."""
        ...

    def hook_gone(self, name: str) -> None:
        """A hook that waited has ended."""
        ...


class HookSocket:
    """The listening socket and whoever waits at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._by_token: dict[str, Hooked] = {}
        self.refused: Callable[[str, int], None] = lambda _what, _pid: None

    async def start(self) -> None:
        """Listen; another one of this gateway can't be there, for the service holds its lock."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=_LINE_BYTES_MAX)
        os.chmod(self._path, 0o600)

    def close(self) -> None:
        """Listen no more. Hooks that wait ask the next one."""
        if self._server is not None:
            self._server.close()

    def add(self, session: Hooked) -> None:
        """Take reports of this session from now on."""
        self._by_token[session.token] = session

    def remove(self, session: Hooked) -> None:
        """Take none any more."""
        self._by_token.pop(session.token, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_LINE_S):
                line = await reader.readline()
            said = msgspec.json.decode(line)
            session = self._session(said, writer)
            if session is not None:
                await self._event(session, str(said["id"])[:64], said["event"], reader, writer)
        except (TimeoutError, OSError, ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            log.info("event=bad-hook error=%r", str(error)[:200])
        finally:
            writer.close()

    def _session(self, said: Any, writer: asyncio.StreamWriter) -> Hooked | None:
        token = str(said.get("token", ""))
        session = next((one for known, one in self._by_token.items() if hmac.compare_digest(known, token)), None)
        pid = _peer(writer.get_extra_info("socket"))
        if session is None:
            self.refused("a hook with a token of no session", pid)
            return None
        agent = session.agent_pid()
        if pid and agent and agent not in ancestry.ancestors(pid):
            # Another session's token: it may speak for its own alone.
            self.refused("a hook with the token of another session", pid)
            return None
        return session

    async def _event(
        self, session: Hooked, name: str, event: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answer(out: Any) -> None:
            if not answered.done():
                answered.set_result(out)

        if not session.hook(name, event, answer):
            answer(None)
        if not answered.done():
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait({answered, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not answered.done():
                if self._server is not None and self._server.is_serving():
                    session.hook_gone(name)
                return
        out = answered.result()
        writer.write((b"" if out is None else msgspec.json.encode(out)) + b"\n")
        await writer.drain()


def _peer(sock: Any) -> int:
    if not hasattr(socket, "SO_PEERCRED"):
        return 0
    try:
        return int(
            struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]
        )
    except OSError:
        return 0
