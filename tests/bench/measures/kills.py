"""kill -9 of what serves: how many of the sessions' agents are alive a second later. No figure of speed, but a fact.

For Tether each part apart, and all of the gateway at once; and how long until a new page types and reads again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable

from tests.bench import machine
from tests.bench.figures import Figure
from tests.bench.peers import Peer
from tests.bench.run import FAILURES, Run
from tests.bench.terminals import BenchError
from tests.bench.tether_page import TetherPage
from tests.bench.tether_peer import Tether

SESSIONS = 3
WAIT_S = 1.0
BACK_LIMIT_S = 15.0
SERVICES = ("web", "broker", "store", "spawner")


def kills(run: Run) -> None:
    """See the module."""
    for name in ("tmux", "screen", "dtach", "terminado", "node-pty"):
        with run.fresh(name) as peer, run.failing(f"kill -9, {name}"):
            if peer is not None:
                peer.hold(SESSIONS)
                agents = _agents(peer)
                _kill(peer.pids())
                run.add(_figure(name, agents))
    with run.fresh("tether") as peer, run.failing("kill -9, tether"):
        if isinstance(peer, Tether):
            _tether(run, peer)


def _tether(run: Run, peer: Tether) -> None:
    peer.hold(SESSIONS)
    with peer.viewed("echo") as view:
        agents = _agents(peer)

        def row(who: str, pids: Iterable[int], then: Callable[[], object] | None = None) -> None:
            began = time.monotonic()
            _kill(pids)
            if then is not None:
                then()
            back_ms = _back(peer, view, began)
            machine.pause(max(0.0, began + WAIT_S - time.monotonic()))
            run.add(_figure(who, agents, {"back after ms": back_ms}))

        for service in SERVICES:
            row(f"tether, {service}", [peer.gateway.pid(service)])
        row("tether, a worker", [peer.gateway.worker_pid(view.id)])
        gateway = [peer.gateway.pid(service) for service in ("supervisord", *SERVICES)]
        row("tether, gateway", gateway, peer.gateway.start)


def _back(peer: Tether, view: object, began: float) -> float:
    """Milliseconds until a page that is opened again and again has its key back."""
    while time.monotonic() - began < BACK_LIMIT_S:
        with contextlib.suppress(*FAILURES), TetherPage(peer.gateway.port, peer.gateway.owner_token, view) as page:  # type: ignore[arg-type]
            page.keys(1, 0)
            return 1000 * (time.monotonic() - began)
        machine.pause(0.02)
    raise BenchError(f"no page came back within {BACK_LIMIT_S:g} s")


def _agents(peer: Peer) -> set[int]:
    table = machine.processes()
    return {pid for pid in machine.family(peer.pids()) if table.get(pid, (0, ""))[1] == "tbench"}


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _figure(who: str, agents: set[int], extra: dict[str, float] | None = None) -> Figure:
    if extra is None:
        machine.pause(WAIT_S)
    alive = agents & machine.processes().keys()
    return Figure("kill -9", who, 0, 100 * len(alive) / max(1, len(agents)), "% alive", extra=extra or {})
