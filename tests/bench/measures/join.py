"""A new client of a session that has printed much: how long until it shows the last prompt, and what that costs.

On a terminal the tool's command is started, and nobody else is attached; over a WebSocket the first page stays. The
command's own start (the interpreter with the modules of attaching) is measured in the same round and taken off.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from statistics import median

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.run import Run, Sample, Sampler, spread
from tests.bench.terminals import PROMPT

JOINS = 5
HISTORY_LIMIT_S = 100
_OWN_START = [sys.executable, "-c", "import tether.cli.app, tether.cli.attach"]


def join(run: Run) -> None:
    """After 50 MB of output."""
    _join(run, "join", 20_000_000 if run.quick else 50_000_000)


def join_large(run: Run) -> None:
    """After a gigabyte."""
    _join(run, "join large", 100_000_000 if run.quick else 1_000_000_000)


def _join(run: Run, measure: str, size: int) -> None:
    rounds = 1 if run.quick else 3
    with ExitStack() as stack:
        samplers: dict[str, Sampler] = {}
        for peer in run.peers("tmux", "tether"):
            with run.failing(f"{measure}, {peer.name}"):
                samplers[peer.name] = _native(run, peer, stack.enter_context(peer.session("past", str(size))))
        if "tether" in samplers:
            samplers["tether's own start"] = _own_start
        run.rounds(measure, "ms", rounds, samplers)
        _less_own_start(run, measure)
    with ExitStack() as stack:
        samplers = {}
        for peer in run.peers("terminado", "node-pty", "tether"):
            with run.failing(f"page {measure}, {peer.name}"):
                samplers[peer.name] = _paged(run, peer, size, stack)
        run.rounds(f"page {measure}", "ms", rounds, samplers)
    run.close()


def _native(run: Run, peer: Peer, session: str) -> Sampler:
    command = peer.attach_command(session)
    run.tool.open(PROMPT, command, peer.env, HISTORY_LIMIT_S)  # it has printed everything when this ends

    def sample() -> Sample:
        joins = [run.tool.open(PROMPT, command, peer.env) for _ in range(JOINS)]
        return _joined([1000 * seconds for seconds, _ in joins], [size for _, size in joins])

    return sample


def _paged(run: Run, peer: Peer, size: int, stack: ExitStack) -> Sampler:
    # Its first client stays and has read everything; it is not asked for anything any more.
    first = stack.enter_context(peer.page("past", str(size), shared=True))
    run.tool.page_until(first, PROMPT, HISTORY_LIMIT_S)

    def sample() -> Sample:
        took, sizes = [], []
        for _ in range(JOINS):
            began = time.perf_counter()
            with peer.another(first) as page:
                page.until(PROMPT.encode(), 10)
                took.append(1000 * (time.perf_counter() - began))
                sizes.append(page.socket.bytes)
        return _joined(took, sizes)

    return sample


def _joined(took: list[float], sizes: list[int]) -> Sample:
    value, extra = spread(took)
    return value, extra | {"KB": median(sizes) / 1000}


def _own_start() -> Sample:
    return median(1000 * machine.wall(_OWN_START) for _ in range(JOINS)), {}


def _less_own_start(run: Run, measure: str) -> None:
    own = {figure.round: figure.value for figure in run.figures.of(measure, "tether's own start")}
    for figure in run.figures.of(measure, "tether"):
        if figure.round in own:
            run.add(figure.of("tether less its start", max(0.0, figure.value - own[figure.round])))
