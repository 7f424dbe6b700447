"""What is installed of a provider: where its program is, its version, and what of it can be used. Asks the program."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from tether.errors import TetherError
from tether.providers.loading import Provider, resolve_argv

_VERSION = re.compile(r"\d+(?:\.\d+)+")
# A person waits for the start meanwhile; a version that is not told in time is no reason against it.
_PROBE_S = 4.0


@dataclass(frozen=True)
class Found:
    """`program` is "" when there is none, `version` when it does not tell; `degraded` says why its side channel is not
    used, or what is not certain about it, for people."""

    program: str
    version: str
    degraded: str


def look(provider: Provider, env: dict[str, str]) -> Found:
    """Find the provider's program on the PATH of `env` and ask it for its version."""
    try:
        program, _argv = resolve_argv(provider, [], env)
    except TetherError as error:
        return Found("", "", error.message)
    if provider.login_shell:
        return Found(program, "", "")
    version = version_of(program, env) if provider.channel else ""
    return Found(program, version, degraded(provider, version))


def degraded(provider: Provider, version: str) -> str:
    """Why a program of this version is run as a plain terminal; "" when its side channel is used."""
    if provider.channel and version and provider.oldest and older(version, provider.oldest):
        return f"{provider.name} {version} is older than {provider.oldest}, the oldest whose side channel is known"
    return ""


def version_of(program: str, env: dict[str, str]) -> str:
    """The version that `program --version` tells; "" when it tells none. Told once for each file."""
    try:
        stat = os.stat(program)
    except OSError:
        return ""
    key = (program, stat.st_ino, stat.st_mtime_ns, stat.st_size)
    if key not in _told:
        try:
            done = subprocess.run(
                [program, "--version"], env=env, capture_output=True, text=True, timeout=_PROBE_S, check=False,
                stdin=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError, ValueError):
            return ""
        found = _VERSION.search(done.stdout)
        _told[key] = found[0] if found else ""
    return _told[key]


_told: dict[tuple[str, int, int, int], str] = {}


def older(version: str, than: str) -> bool:
    """True when `version` comes before `than`, number by number."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
