"""A flood into a client that reads nothing: how much the tool's processes grow meanwhile.

What counts is memory of their own (anonymous and shared, proportional). Mapped files stand beside it: the kernel
takes their pages back when it needs them.
"""

from __future__ import annotations

import os
import time

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.run import Run, Sample, Sampler
from tests.bench.tether_peer import Tether

WITHOUT_END = str(10**12)
LOOK_S = 0.5


def stalled(run: Run) -> None:
    """On terminals and over WebSockets; one session at a time."""
    seconds = 4.0 if run.quick else 12.0
    samplers: dict[str, Sampler] = {}
    for peer in run.peers("tmux", "screen", "dtach", "tether"):
        samplers[f"{peer.name}, terminal"] = _native(peer, seconds)
    for peer in run.peers("terminado", "node-pty", "wetty", "tether"):
        samplers[f"{peer.name}, page"] = _paged(peer, seconds)
    run.rounds("stalled client", "MB grown", 1, samplers)


def _native(peer: Peer, seconds: float) -> Sampler:
    def sample() -> Sample:
        with peer.terminal("flood", WITHOUT_END) as terminal:
            return _grown(peer, terminal.session, seconds, lambda: os.write(terminal.master, b"x"))

    return sample


def _paged(peer: Peer, seconds: float) -> Sampler:
    def sample() -> Sample:
        with peer.page("flood", WITHOUT_END) as page:
            session = page.session.id if isinstance(peer, Tether) else ""
            return _grown(peer, session, seconds, lambda: page.type(b"x"))

    return sample


def _grown(peer: Peer, session: str, seconds: float, begin: object) -> Sample:
    pids = peer.pids()
    before = most = machine.memory(pids)
    files = before.files
    workers = [peer.gateway.worker_pid(session)] if isinstance(peer, Tether) else []
    worker = machine.memory(workers)
    assert callable(begin)
    begin()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        machine.pause(LOOK_S)
        now = machine.memory(pids)
        most, files = max(most, now, key=lambda memory: memory.own), max(files, now.files)
    extra = {"mapped files MB": (files - before.files) / 1e6}
    if isinstance(peer, Tether):
        extra["of it the worker's"] = (machine.memory(workers).own - worker.own) / 1e6
        # What the child wrote all the same.
        extra["logged MB/s"] = peer.client.logged(peer.views[session].sid) / seconds / 1e6
    return (most.own - before.own) / 1e6, extra
