"""Opening the gateway beyond this machine, and closing it again: what `tether lan` and `tether tunnel` do."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tether import __version__, exposure
from tether.bus import BrokerClient, Bus
from tether.cli import gateway, supervising
from tether.cli.call import note
from tether.cli.username import user_name
from tether.devices import registry
from tether.devices.rows import DEVICE
from tether.errors import FAILED, NOT_ALLOWED, NOT_FOUND, TIMED_OUT, TetherError, printable
from tether.exposure import Exposure, Lan, Tunnel, tunnels
from tether.paths import Paths
from tether.settings import Settings
from tether.wire.auditing import Deed
from tether.wire.control import Ping
from tether.wire.ids import NO_SESSION

ASK_S: Final = 20.0
CHECK_S: Final = 10.0
_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True)
class Found:
    """What a look from outside found: `problems` are wrong, `unknown` could not be looked at."""

    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def require_device(paths: Paths) -> None:
    """Nothing is opened for nobody. TetherError when no device is paired."""
    if not any(one.kind == DEVICE for one in registry.read(paths.devices).devices):
        raise TetherError(
            "No device is paired, so nobody could come in from elsewhere",
            hint="Pair one first: tether pair",
            code="no-device",
            status=NOT_ALLOWED,
        )


def change(paths: Paths, settings: Settings, **sections: Lan | Tunnel | None) -> Exposure:
    """Write a new choice and have the web part obey it. TetherError when it does not fit."""
    chosen = msgspec.structs.replace(exposure.load(paths.exposure), **sections)
    exposure.save(paths.exposure, chosen)
    if gateway.is_up(paths):
        supervising.restart_service(paths, "web")
        gateway.wait_ready(paths, settings, note)
    return chosen


def tell_audit(paths: Paths, kind: str, **facts: str) -> None:
    """A line of the audit log, when there is a gateway to write it."""
    if not gateway.is_up(paths):
        return
    with contextlib.closing(Bus()) as bus, contextlib.suppress(TetherError):
        broker = BrokerClient(bus, paths)
        broker.ask(NO_SESSION, Ping(0))
        broker.send(NO_SESSION, Deed(kind, user_name(), "", facts))
        broker.ask(NO_SESSION, Ping(0))  # answered behind it: what a closed socket has not sent is lost


def located(argv: list[str]) -> list[str]:
    """The argument vector with its program's whole path. TetherError when it is not installed."""
    path = shutil.which(argv[0])
    if path is None:
        raise TetherError(
            f"{argv[0]} is not installed",
            hint=f"Install it, and see that it is on PATH: {_HOMEPAGES.get(argv[0], argv[0])}",
            code="no-program",
            status=NOT_FOUND,
        )
    return [path, *argv[1:]]


def run(argv: list[str]) -> str:
    """Run a tunnel's program to its end; what it printed. TetherError when it is missing or fails."""
    try:
        done = subprocess.run(located(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=ASK_S, check=False)
    except subprocess.TimeoutExpired as late:
        # It may wait for something to be done elsewhere, and has said what.
        said = _said(late.stderr, late.stdout) or "it said nothing"
        raise TetherError(
            f"{' '.join(argv)} did not end within {ASK_S:g} s: {said}",
            hint="Run it by hand and see",
            code="tunnel",
            status=TIMED_OUT,
        ) from None
    except OSError as error:
        raise TetherError(f"{argv[0]} can't be run: {error.strerror}", code="tunnel", status=FAILED) from None
    if done.returncode:
        said = _said(done.stderr, done.stdout)
        raise TetherError(f"{' '.join(argv)} ended with {done.returncode}: {said}", code="tunnel", status=FAILED)
    return done.stdout[:_BYTES_MAX].decode("utf-8", "replace")


def _said(*outputs: bytes | None) -> str:
    return printable(next((text for text in outputs if text), b"").decode("utf-8", "replace").strip(), 400)


def look_from_outside(url: str, *, authority: Path | None = None) -> Found:
    """Ask the gateway by a name of the outside, as a stranger would: it must answer, and refuse.

    `url` is the origin. What can't be reached from here (no route, no DNS) is unknown, not wrong.
    """
    try:
        status, body = _get(url, "/api/v1/health", authority)
        problem = tunnels.health_problem(status, body, __version__)
        if problem:
            return Found((f"{url}: {problem}",))
        status, _ = _get(url, "/api/v1/sessions", authority)
    except (OSError, http.client.HTTPException) as error:
        return Found(unknown=(f"{url} could not be asked from here: {error}",))
    if status not in (401, 403):
        return Found((f"{url} answers a stranger's question for the sessions with {status} instead of refusing it",))
    return Found()


def _get(url: str, path: str, authority: Path | None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=os.fspath(authority) if authority is not None else None)
        connection = http.client.HTTPSConnection(host, port, timeout=CHECK_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=CHECK_S)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(_BYTES_MAX)


def safe_word(text: str, what: str) -> str:
    """A word that goes into an argument vector: never an option. TetherError otherwise."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text) is None:
        raise TetherError(f"{printable(text, 60)!r} is no {what}", code="usage", status=2)
    return text


_HOMEPAGES: Final = {
    "tailscale": "https://tailscale.com/download",
    "cloudflared": "https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/downloads/",
}
