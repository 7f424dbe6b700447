"""Asking for a session until its agent's first byte is at the client."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from tests.bench import machine
from tests.bench.peers import Tmux
from tests.bench.run import Run, Sample, Sampler

APART_S = 0.3  # as people start them: one, and then another


def start(run: Run) -> None:
    """See the module."""
    each, rounds = (3, 2) if run.quick else (5, 6)

    def sampler(begin: Callable[[], float]) -> Sampler:
        def sample() -> Sample:
            took = []
            for _ in range(each):
                machine.pause(APART_S)
                took.append(begin() * 1000)
            return median(took), {}

        return sample

    names = ("tmux", "screen", "dtach", "terminado", "node-pty", "wetty", "tether")
    samplers = {peer.name: sampler(peer.start) for peer in run.peers(*names)}
    if isinstance(tmux := run.peer("tmux"), Tmux):
        samplers["tmux -d, attach"] = sampler(tmux.start_detached)
    raw = run.peer("raw")
    run.rounds("start", "ms", rounds, samplers, sampler(raw.start) if raw else None)
