"""Which version an agent's program has, and whether its side channel was tried with it."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Final

from tether.providers import Provider

_LIMIT_S: Final = 4.0
_known: dict[tuple[str, int, int], str] = {}


def number(text: str) -> tuple[int, ...]:
    """The first version number in a text; () without one."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def too_old(provider: Provider, version: str) -> str:
    """Why this version gets no side channel, for people; "" when it does."""
    if number(version) and number(version) < number(provider.oldest):
        return f"{provider.name} {version} is older than {provider.oldest}, the first that can be spoken with"
    return ""


async def version_of(program: str, env: dict[str, str], cwd: str) -> str:
    """What `program --version` says, asked once for each file. "" when it can't be had."""
    try:
        found = os.stat(program)
    except OSError:
        return ""
    mark = (program, found.st_mtime_ns, found.st_size)
    if mark not in _known:
        _known[mark] = await _ask(program, env, cwd)
    return _known[mark]


async def _ask(program: str, env: dict[str, str], cwd: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            program, "--version", env=env, cwd=cwd, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return ""
    try:
        async with asyncio.timeout(_LIMIT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    version = number(said.decode("utf-8", "replace"))
    return ".".join(str(part) for part in version)
