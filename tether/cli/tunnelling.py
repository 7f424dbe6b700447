"""Tailscale's and Cloudflare's programs: started, looked at and ended for `tether tunnel`.

Nothing is open by a program alone: the gateway answers to a tunnel's name only once that is written down, which is the
last step of `up` and the first of `down`. What a command that was killed half-way left running is seen by `status` and
ended by `down`.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tether.cli import exposing, supervising
from tether.cli.call import line
from tether.cli.exposing import Found
from tether.clock import monotonic
from tether.errors import FAILED, TIMED_OUT, USAGE, TetherError, printable
from tether.exposure import Tunnel, tunnels
from tether.exposure.hosts import is_host
from tether.paths import Paths

PROGRAM: Final = "tunnel"
NAMED_S: Final = 30.0
LOOK_S: Final = 0.1
_BYTES_MAX: Final = 64 * 1024
_FAILED: Final = frozenset({"backoff", "exited", "fatal"})
_AWAY: Final = _FAILED | {"stopped", "unknown"}


def up_tailscale(port: int) -> Tunnel:
    """Have tailscale serve the gateway in its tailnet. TetherError when it can't."""
    host = tunnels.tailscale_name(exposing.run(["tailscale", "status", "--json"]))
    if not host:
        raise TetherError(
            "Tailscale is not connected", hint="Connect it first: tailscale up", code="tunnel", status=FAILED
        )
    exposing.run(tunnels.tailscale_up(port))
    return Tunnel("tailscale", [host])


def up_cloudflare(paths: Paths, port: int, name: str, host: str, team: str, audience: str) -> Tunnel:
    """Run cloudflared beside the services, until it is connected under a name. TetherError when it can't; then it does
    not run."""
    check_words(name, host, team, audience)
    exposing.run(["cloudflared", "--version"])
    argv = exposing.located(tunnels.cloudflared_named(port, name) if name else tunnels.cloudflared_quick(port))
    log = paths.service_log(PROGRAM)
    since = log.stat().st_size if log.exists() else 0
    try:
        # A random name is another one with each start: such a tunnel ends with the gateway.
        supervising.add_program(paths, PROGRAM, argv, again=bool(name))
        hosts = [wait_for_name(log, since, lambda: state(paths), host.lower())]
    except BaseException:
        with contextlib.suppress(TetherError):
            supervising.remove_program(paths, PROGRAM)
        raise
    return Tunnel("cloudflare", hosts, team, audience)


def check_words(name: str, host: str, team: str, audience: str) -> None:
    """TetherError when what was said of Cloudflare does not fit, or could be an option of its program."""
    if bool(name) != bool(host):
        raise TetherError("--name and --host belong together", hint="See: tether tunnel --help", status=USAGE)
    if host and not is_host(host.lower()):
        raise TetherError(f"{line(host, 80)!r} is no host name", code="usage", status=USAGE)
    if bool(team) != bool(audience):
        raise TetherError("--access-team and --access-audience belong together", code="usage", status=USAGE)
    for word, what in ((name, "name of a tunnel"), (team, "team"), (audience, "audience tag")):
        if word:
            exposing.safe_word(word, what)


def wait_for_name(log: Path, since: int, look: Callable[[], str], known: str) -> str:
    """The name under which cloudflared is reached: the `known` one once it runs, else what it announces in its log
    behind byte `since`. `look` tells its state. TetherError when it ends first, or takes too long."""
    deadline = monotonic() + NAMED_S
    while monotonic() < deadline:
        now, said = look(), _behind(log, since)
        host = tunnels.quick_host(said) if not known else known if now == "running" else ""
        if host:
            return host
        if now in _FAILED:
            last = printable((said.strip().splitlines() or ["it said nothing"])[-1], 300)
            raise TetherError(
                f"cloudflared ended: {last}",
                hint=f"Is it signed in (cloudflared tunnel login)? See {log}",
                code="tunnel",
                status=FAILED,
            )
        select.select([], [], [], LOOK_S)
    raise TetherError(
        f"cloudflared announced no name within {NAMED_S:g} s", hint=f"See {log}", code="tunnel", status=TIMED_OUT
    )


def end(paths: Paths, kind: str, port: int, *, opened: bool) -> bool:
    """End what carries the tunnel; also, when none is `opened`, what is left of one. False when there was nothing."""
    if kind == "cloudflare":
        return supervising.remove_program(paths, PROGRAM)
    if not opened and not serves(port):
        return False
    exposing.run(tunnels.tailscale_down())
    return True


def serves(port: int) -> bool:
    """Does tailscale serve this gateway? False where there is no tailscale to ask."""
    try:
        host = tunnels.tailscale_name(exposing.run(["tailscale", "status", "--json"]))
        served = exposing.run(["tailscale", "serve", "status", "--json"])
    except TetherError:
        return False
    return bool(host) and tunnels.tailscale_leads_to(served, host, port)


def look(paths: Paths, opened: Tunnel, port: int) -> Found:
    """What is wrong with an open tunnel, as far as this machine can tell."""
    found = Found(tuple(_problems(paths, opened, port)))
    for host in opened.hosts:
        seen = exposing.look_from_outside(f"https://{host}")
        found = Found(found.problems + seen.problems, found.unknown + seen.unknown)
    return found


def state(paths: Paths) -> str:
    """cloudflared's, as supervisord says it; "unknown" when it is not there."""
    return next((row.state for row in supervising.services(paths) if row.name == PROGRAM), "unknown")


def _problems(paths: Paths, opened: Tunnel, port: int) -> list[str]:
    if opened.kind == "tailscale":
        try:
            served = exposing.run(["tailscale", "serve", "status", "--json"])
        except TetherError as error:
            return [error.message]
        return tunnels.tailscale_problems(served, opened.hosts[0], port)
    now = state(paths) if supervising.is_alive(paths) else "unknown"
    if now in _AWAY:
        return [f"cloudflared does not run: tether tunnel cloudflare up ({paths.service_log(PROGRAM)} may say why)"]
    return []


def _behind(log: Path, since: int) -> str:
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(since)
        return file.read(_BYTES_MAX).decode("utf-8", "replace")
    return ""
