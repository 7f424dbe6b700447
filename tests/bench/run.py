"""One run: its programs, its peers, and how a figure is taken."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.bench import machine
from tests.bench.figures import Figure, Figures
from tests.bench.peers import Dtach, Peer, Raw, Screen, Tmux
from tests.bench.terminals import BenchError, Tool
from tests.bench.tether_peer import Tether
from tests.bench.web_peers import NodePty, Terminado, Wetty
from tether.errors import TetherError

PEERS: tuple[type[Peer], ...] = (Raw, Tmux, Screen, Dtach, Terminado, NodePty, Wetty, Tether)
FAILURES = (BenchError, TetherError, ImportError, AssertionError, subprocess.SubprocessError, OSError, ValueError)
Sample = tuple[float, dict[str, float]]
Sampler = Callable[[], Sample]
CAPPED = "capped"  # in a sample's extra figures: the peer did not make it, and is not asked again


@dataclass
class Run:
    """One run. Peers are opened when a measure first asks for them, and stay open until `close`."""

    tool: Tool
    directory: Path
    figures: Figures
    wanted: Sequence[str]
    quick: bool
    warm: bool

    def __post_init__(self) -> None:
        self.opened: dict[str, Peer] = {}
        self.counter = 0

    def peers(self, *names: str) -> list[Peer]:
        """Those of the named peers that are wanted and can be opened."""
        found = []
        for kind in PEERS:
            if kind.name in names and kind.name in self.wanted and (peer := self._open(kind)) is not None:
                found.append(peer)
        return found

    def peer(self, name: str) -> Peer | None:
        """The named peer, or None when it is not wanted or can't be opened."""
        return next(iter(self.peers(name)), None)

    @contextmanager
    def fresh(self, name: str) -> Iterator[Peer | None]:
        """The named peer with no session but what it needs itself, beside nothing else that was opened."""
        self.close()
        try:
            yield self.peer(name)
        finally:
            self.close()

    def close(self) -> None:
        """End every peer."""
        for peer in self.opened.values():
            with self.failing(f"{peer.name}, closing"):
                peer.close()
        self.opened.clear()

    @contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """What goes wrong with one peer is reported, and the run goes on."""
        try:
            yield
        except FAILURES as error:
            self.figures.failures.append(f"{what}: {str(error) or type(error).__name__}")

    def add(self, figure: Figure) -> None:
        """Keep a figure, and say it."""
        self.figures.add(figure)
        print(f"  {figure.measure}: {figure.peer} {figure.value:.4g} {figure.unit}", file=sys.stderr, flush=True)

    def rounds(
        self, measure: str, unit: str, count: int, samplers: dict[str, Sampler], floor: Sampler | None = None
    ) -> None:
        """Sample everyone `count` times, in another order each time, each with the floor right before it."""
        names = list(samplers)
        out: set[str] = set()
        for number in range(count):
            patience_s = machine.PATIENCE_S  # for the whole round: on a busy machine a run must end all the same
            turn = names[number % len(names) :] + names[: number % len(names)] if names else []
            for name in [name for name in turn if name not in out]:
                began = time.monotonic()
                busy = machine.quiet_moment(patience_s)
                patience_s = max(0.0, patience_s - (time.monotonic() - began))
                with self.failing(f"{measure}, {name}, round {number + 1}"):
                    beside = floor()[0] if floor else None
                    value, extra = samplers[name]()
                    self.add(Figure(measure, name, number, value, unit, beside, busy, extra))
                    if CAPPED in extra:
                        out.add(name)

    def _open(self, kind: type[Peer]) -> Peer | None:
        if kind.name not in self.opened:
            self.counter += 1
            directory = self.directory / f"{kind.name}{self.counter}"
            directory.mkdir(mode=0o700)
            peer = kind(self.tool, directory)
            with self.failing(kind.name):
                try:
                    peer.open()
                except FAILURES:
                    with self.failing(f"{kind.name}, closing"):
                        peer.close()
                    raise
                self.opened[kind.name] = peer
        return self.opened.get(kind.name)


def spread(values: list[float]) -> Sample:
    """The median of several figures, and their 95th percentile beside it."""
    return median(values), {"p95": quantiles(values, n=20)[-1]}
