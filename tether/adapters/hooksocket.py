"""Where agents' hooks report, and where their pipes to Tether's own tools end: one Unix socket for all sessions. Either
shows its session's token first. A hook says one event and waits for the answer. A token may report, ask and read what
its session may, for its own session; nothing more can be said here."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from tether import ancestry, secret_files

log = logging.getLogger("tether")

# One event: a file that is written whole is in it.
_LINE_BYTES_MAX: Final = 8 << 20
_LINE_S: Final = 5.0


class Hooked(Protocol):
    """Who is told of a session's hooks."""

    def hook(self, name: str, event: dict[str, Any], answer: Callable[[Any], None]) -> bool:
        """One event; `answer` is called with what the hook prints. False: it is answered with nothing, at once."""
        ...

    def hook_gone(self, name: str) -> None:
        """A hook that waited has ended."""
        ...


class Badge:
    """One session's token, and the file from which its programs read it. `agent_pid` is the agent's process, 0 while it
    is not known; `hooked` is told of its hooks."""

    def __init__(self, sid: bytes, file: Path, hooks: HookSocket) -> None:
        self.sid, self.file = sid, file
        self.agent_pid = 0
        self.hooked: Hooked | None = None
        self._hooks = hooks
        self.token = secret_files.read(file) or ""
        if self.token:
            hooks.add(self)

    def make(self) -> None:
        """Make a token, once."""
        if not self.token:
            self.token = secrets.token_hex(24)
            secret_files.write(self.file, self.token + "\n")
            self._hooks.add(self)

    def remove(self) -> None:
        """The token is good for nothing from now on."""
        self._hooks.remove(self)
        self.file.unlink(missing_ok=True)


Served = Callable[[bytes, str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class HookSocket:
    """The listening socket and whoever waits at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._by_token: dict[str, Badge] = {}
        self.refused: Callable[[str, int], None] = lambda _what, _pid: None
        # Serves a pipe: its session, its name, its ends.
        self.pipe: Served | None = None

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

    def add(self, badge: Badge) -> None:
        """Take reports of this session from now on."""
        self._by_token[badge.token] = badge

    def remove(self, badge: Badge) -> None:
        """Take none any more."""
        self._by_token.pop(badge.token, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_LINE_S):
                line = await reader.readline()
            said = msgspec.json.decode(line)
            badge = self._badge(said, writer)
            if badge is not None and "tools" in said:
                if self.pipe is not None:
                    await self.pipe(badge.sid, str(said["tools"])[:64], reader, writer)
            elif badge is not None:
                await self._event(badge, str(said["id"])[:64], said["event"], reader, writer)
        except (
            TimeoutError,
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            msgspec.DecodeError,
        ) as error:
            log.info("event=bad-hook error=%r", str(error)[:200])
        finally:
            writer.close()

    def _badge(self, said: Any, writer: asyncio.StreamWriter) -> Badge | None:
        token = str(said.get("token", ""))
        badge = next((one for known, one in self._by_token.items() if hmac.compare_digest(known, token)), None)
        pid = _peer(writer.get_extra_info("socket"))
        if badge is None:
            if not self._is_early(token):
                self.refused("a hook with a token of no session", pid)
            return None
        if pid and badge.agent_pid and badge.agent_pid not in ancestry.ancestors(pid):
            # Another session's token: it may speak for its own alone.
            self.refused("a hook with the token of another session", pid)
            return None
        return badge

    def _is_early(self, token: str) -> bool:
        """Whether it is the token of a session that is not known here yet: this service has just been restarted."""
        files = self._path.parent.glob("*.token")
        return any(hmac.compare_digest(secret_files.read(file) or "", token) for file in files) if token else False

    async def _event(
        self, badge: Badge, name: str, event: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        hooked = badge.hooked
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answer(out: Any) -> None:
            if not answered.done():
                answered.set_result(out)

        if hooked is None or not hooked.hook(name, event, answer):
            answer(None)
        if not answered.done():
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait({answered, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not answered.done():
                if hooked is not None and self._server is not None and self._server.is_serving():
                    hooked.hook_gone(name)
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
