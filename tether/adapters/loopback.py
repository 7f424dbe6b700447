"""HTTP to a program on this machine: one request, or a stream of server-sent events. On 127.0.0.1 and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

_BODY_BYTES_MAX: Final = 16 << 20
_LINE_BYTES_MAX: Final = 4 << 20
_HEADERS_MAX: Final = 100
_ANSWER_S: Final = 10.0
_LISTENS: Final = "0A"


class Unreachable(Exception):
    """Nobody of ours listens there, or what came was no answer."""


@dataclass(frozen=True, slots=True)
class Door:
    """A port of 127.0.0.1 and the password for it."""

    port: int
    user: str
    password: str

    def header(self) -> str:
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


async def ask(door: Door, method: str, path: str, body: Any = None, timeout_s: float = _ANSWER_S) -> tuple[int, Any]:
    """Status and decoded JSON (None when there is none) of one request. Unreachable."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer, status, headers = await _request(door, method, path, body)
            try:
                data = b"".join([piece async for piece in _body(reader, headers)])
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, EOFError) as error:
        raise Unreachable(type(error).__name__) from None
    try:
        return status, msgspec.json.decode(data) if data else None
    except msgspec.DecodeError:
        return status, None


async def events(door: Door, path: str, silence_s: float) -> AsyncIterator[Any]:
    """The JSON of each event of a stream, until it ends or says nothing for `silence_s`. Unreachable when there is no
    stream to be had."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer, status, headers = await _request(door, "GET", path, None)
    except (OSError, TimeoutError, ValueError, EOFError) as error:
        raise Unreachable(type(error).__name__) from None
    try:
        if status != 200:
            raise Unreachable(f"status {status}")
        left = b""
        pieces = _body(reader, headers)
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    left += await anext(pieces)
            except (OSError, TimeoutError, ValueError, EOFError, StopAsyncIteration):
                return
            *lines, left = left.split(b"\n")
            if len(left) > _LINE_BYTES_MAX:
                return
            for line in lines:
                if line.startswith(b"data:"):
                    with contextlib.suppress(msgspec.DecodeError):
                        yield msgspec.json.decode(line[5:])
    finally:
        writer.close()


async def _request(
    door: Door, method: str, path: str, body: Any
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int, dict[str, str]]:
    # Whoever listens is told the password: it must be a program of this user.
    if not is_ours(door.port):
        raise OSError("nobody of ours listens")
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=_LINE_BYTES_MAX)
    try:
        data = b"" if body is None else msgspec.json.encode(body)
        head = [
            f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{door.port}", f"Authorization: {door.header()}",
            "Connection: close", "Accept: */*", "Content-Type: application/json", f"Content-Length: {len(data)}",
        ]  # fmt: skip
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        headers: dict[str, str] = {}
        while (line := (await reader.readline()).strip()) and len(headers) < _HEADERS_MAX:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip().lower()
    except (IndexError, ValueError):
        writer.close()
        raise ValueError("no HTTP") from None
    except BaseException:
        writer.close()
        raise
    return reader, writer, status, headers


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> AsyncIterator[bytes]:
    left = _BODY_BYTES_MAX
    if headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0] or b"0", 16):
            if size > _BODY_BYTES_MAX:
                raise ValueError("a chunk is too large")
            yield await reader.readexactly(size)
            await reader.readexactly(2)
    elif "content-length" in headers:
        if (size := int(headers["content-length"])) > left:
            raise ValueError("the body is too large")
        yield await reader.readexactly(size)
    else:
        while piece := await reader.read(65536):
            left -= len(piece)
            if left < 0:
                raise ValueError("the body is too large")
            yield piece


def is_ours(port: int) -> bool:
    """Whether a program of this user listens on `port` of this machine. True where that can't be known."""
    if not sys.platform.startswith("linux"):
        return True
    addresses = {f"0100007F:{port:04X}", f"00000000:{port:04X}"}
    try:
        rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return True
    owners = [fields[7] for row in rows if (fields := row.split())[1] in addresses and fields[3] == _LISTENS]
    return bool(owners) and all(owner == str(os.geteuid()) for owner in owners)
