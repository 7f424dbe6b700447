"""A byte typed until the same byte is back: alone, and while a neighbour session of the same tool floods."""

from __future__ import annotations

from contextlib import ExitStack

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.run import Run, Sample, Sampler, spread
from tests.bench.terminals import Drained

FLOOD_FIRST_S = 0.3


def echo(run: Run) -> None:
    """On a terminal."""
    count, gap_us, rounds = (150, 1000, 2) if run.quick else (400, 1500, 5)
    raw = run.peer("raw")
    peers = run.peers("tmux", "screen", "dtach", "tether")
    with machine.warm(run.tool.path, run.warm):
        for kind in ("idle", "busy"):
            samplers = {peer.name: _native(run, peer, kind == "busy", count, gap_us) for peer in peers}
            floor = _native(run, raw, kind == "busy", count, gap_us) if raw else None
            run.rounds(f"echo {kind}", "us", rounds, samplers, floor)


def page_echo(run: Run) -> None:
    """Over a WebSocket."""
    count, gap_us, rounds = (150, 1000, 2) if run.quick else (400, 1500, 5)
    raw = run.peer("raw")
    peers = run.peers("terminado", "node-pty", "wetty", "tether")
    with machine.warm(run.tool.path, run.warm):
        for kind in ("idle", "busy"):
            samplers = {peer.name: _paged(run, peer, kind == "busy", count, gap_us / 1e6) for peer in peers}
            floor = _native(run, raw, kind == "busy", count, gap_us) if raw else None
            run.rounds(f"page echo {kind}", "us", rounds, samplers, floor)


def _native(run: Run, peer: Peer, busy: bool, count: int, gap_us: int) -> Sampler:
    def sample() -> Sample:
        drained = Drained()
        with ExitStack() as stack:
            terminal = stack.enter_context(peer.terminal("echo"))
            if busy:
                drained = stack.enter_context(stack.enter_context(peer.terminal("forever")).draining())
                machine.pause(FLOOD_FIRST_S)
            value, extra = spread(run.tool.keys(terminal, count, gap_us))
        return value, extra | _flood(drained, busy)

    return sample


def _paged(run: Run, peer: Peer, busy: bool, count: int, gap_s: float) -> Sampler:
    def sample() -> Sample:
        drained = Drained()
        with ExitStack() as stack:
            page = stack.enter_context(peer.page("echo"))
            if busy:
                drained = stack.enter_context(run.tool.draining(stack.enter_context(peer.page("forever"))))
                machine.pause(FLOOD_FIRST_S)
            value, extra = spread(page.keys(count, gap_s))
        return value, extra | _flood(drained, busy)

    return sample


def _flood(drained: Drained, busy: bool) -> dict[str, float]:
    """How fast the neighbour's flood reached its client: a tool whose flood stands still is not busy."""
    return {"flood MB/s": drained.speed} if busy else {}
