"""What is measured, and how: see docs/benchmarks.md for the definitions.

Each measure goes round by round over all the peers, in another order each time, with the raw terminal right before
each of them, so that whatever the machine does in between falls on all alike.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.bench import machine
from tests.bench.figures import Figure, Figures
from tests.bench.peers import Dtach, Peer, Raw, Screen, Tmux, wall
from tests.bench.terminado_peer import Page, Terminado
from tests.bench.terminals import BenchError, Tool
from tests.bench.tether_peer import Tether
from tether.errors import TetherError

PEERS: tuple[type[Peer], ...] = (Raw, Tmux, Screen, Dtach, Terminado, Tether)
FAILURES = (BenchError, TetherError, ImportError, AssertionError, subprocess.SubprocessError, OSError, ValueError)
Sample = tuple[float, dict[str, float]]


@dataclass
class Run:
    """One run: its programs, its peers, and how thorough it is."""

    tool: Tool
    directory: Path
    figures: Figures
    wanted: Sequence[str]
    quick: bool
    warm: bool

    def __post_init__(self) -> None:
        self.open: dict[str, Peer] = {}
        self.counter = 0

    def peers(self, *names: str) -> list[Peer]:
        """Those of the named peers that are wanted and can be opened; opened once, and then kept."""
        found = []
        for kind in PEERS:
            if kind.name in names and kind.name in self.wanted and (peer := self._opened(kind)) is not None:
                found.append(peer)
        return found

    @contextmanager
    def fresh(self, name: str) -> Iterator[Peer | None]:
        """The named peer with no session but what it needs itself, beside nothing else that was opened."""
        self.close()
        yield next(iter(self.peers(name)), None)
        self.close()

    def close(self) -> None:
        for peer in self.open.values():
            with self.failing(f"{peer.name}, closing"):
                peer.close()
        self.open.clear()

    @contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """What goes wrong with one peer is reported, and the run goes on."""
        try:
            yield
        except FAILURES as error:
            self.figures.failures.append(f"{what}: {error}")

    def _opened(self, kind: type[Peer]) -> Peer | None:
        if kind.name not in self.open:
            self.counter += 1
            directory = self.directory / f"{kind.name}{self.counter}"
            directory.mkdir(mode=0o700)
            peer = kind(self.tool, directory)
            with self.failing(kind.name):
                peer.open()
                self.open[kind.name] = peer
        return self.open.get(kind.name)

    def rounds(
        self,
        measure: str,
        unit: str,
        count: int,
        samplers: dict[str, Callable[[], Sample]],
        floor: Callable[[], Sample] | None,
    ) -> None:
        """Sample everyone `count` times, in another order each time, each with the floor right before it."""
        names = list(samplers)
        for number in range(count):
            patience_s = machine.PATIENCE_S  # for the whole round: on a busy machine a run must end all the same
            for name in names[number % len(names) :] + names[: number % len(names)]:
                began = time.monotonic()
                busy = machine.quiet_moment(patience_s)
                patience_s = max(0.0, patience_s - (time.monotonic() - began))
                with self.failing(f"{measure}, {name}, round {number + 1}"):
                    beside = floor()[0] if floor else None
                    value, extra = samplers[name]()
                    self.figures.add(Figure(measure, name, number, value, unit, beside, busy, extra))
                    print(f"  {measure}: {name} {value:.4g} {unit}", file=sys.stderr, flush=True)


def _spread(values: list[float]) -> Sample:
    return median(values), {"p95": quantiles(values, n=20)[-1]}


# ---- echo ----


def echo(run: Run) -> None:
    """A byte typed until the same byte is back: alone, and while a neighbour session floods."""
    count, gap_us, rounds = (150, 1000, 3) if run.quick else (400, 1500, 5)
    peers = run.peers("raw", "tmux", "screen", "dtach", "tether")
    pages = [peer for peer in run.peers("terminado", "tether") if hasattr(peer, "page")]
    raw = next((peer for peer in peers if peer.name == "raw"), None)

    def native(peer: Peer, busy: bool) -> Callable[[], Sample]:
        def sample() -> Sample:
            with ExitStack() as stack:
                terminal = stack.enter_context(peer.terminal("echo"))
                if busy:
                    stack.enter_context(peer.terminal("forever")).drain()
                    machine.pause(0.3)
                return _spread(run.tool.keys(terminal, count, gap_us))

        return sample

    def paged(peer: Peer, busy: bool) -> Callable[[], Sample]:
        def sample() -> Sample:
            with ExitStack() as stack:
                page: Page = stack.enter_context(peer.page("echo"))  # type: ignore[attr-defined]
                if busy:
                    stack.enter_context(peer.flooding_page())  # type: ignore[attr-defined]
                    machine.pause(0.3)
                return _spread(page.keys(count, gap_us / 1e6))

        return sample

    with machine.warm(run.tool.path, run.warm):
        for busy in (False, True):
            kind = "busy" if busy else "idle"
            floor = native(raw, busy) if raw else None
            native_samplers = {peer.name: native(peer, busy) for peer in peers if peer is not raw}
            run.rounds(f"echo {kind}", "us", rounds, native_samplers, floor)
            run.rounds(f"page echo {kind}", "us", rounds, {peer.name: paged(peer, busy) for peer in pages}, floor)


# ---- start ----


def start(run: Run) -> None:
    """Asking for a session until its agent's first byte is at the client."""
    each, rounds = (3, 3) if run.quick else (5, 6)

    def sampler(begin: Callable[[], float]) -> Callable[[], Sample]:
        def sample() -> Sample:
            return median(begin() * 1000 for _ in range(each)), {}

        return sample

    samplers = {peer.name: sampler(peer.start) for peer in run.peers("tmux", "screen", "dtach", "terminado", "tether")}
    tmux = run.open.get("tmux")
    if isinstance(tmux, Tmux):
        samplers["tmux -d, attach"] = sampler(tmux.start_detached)
    raw = next(iter(run.peers("raw")), None)
    run.rounds("start", "ms", rounds, samplers, sampler(raw.start) if raw else None)


# ---- throughput ----


def throughput(run: Run) -> None:
    """A flood until its last byte is where it is to go: at the client; for Tether, durable in the log."""
    size, rounds = (50_000_000, 2) if run.quick else (200_000_000, 3)
    floods = {peer.name: _flood(run, peer, size) for peer in run.peers("raw", "tmux", "dtach", "terminado", "tether")}
    run.rounds("throughput", "MB/s", rounds, floods, floods.pop("raw", None))


def _flood(run: Run, peer: Peer, size: int) -> Callable[[], Sample]:
    def native(peer: Peer) -> Callable[[], Sample]:
        def sample() -> Sample:
            with peer.terminal("flood", str(size)) as terminal:
                seconds, seen = run.tool.until(terminal, "BENCH-END", 120, trigger="x")
                return size / seconds / 1e6, {"% at client": min(100.0, 100 * seen / size)}

        return sample

    def paged(peer: Terminado) -> Callable[[], Sample]:
        def sample() -> Sample:
            with peer.page("flood", size) as page:
                began = time.perf_counter()
                page.type(b"x")
                seen = page.until(b"BENCH-END", 120)
                return size / (time.perf_counter() - began) / 1e6, {"% at client": min(100.0, 100 * seen / size)}

        return sample

    def durable(peer: Tether) -> Callable[[], Sample]:
        def sample() -> Sample:
            seconds, share = peer.durable(size)
            return size / seconds / 1e6, {"% in log": 100 * share}

        return sample

    if isinstance(peer, Terminado):
        return paged(peer)
    return durable(peer) if isinstance(peer, Tether) else native(peer)


# ---- ls ----


def ls(run: Run) -> None:
    """The wall time of listing the sessions, and of the interpreters' own start."""
    rounds = 8 if run.quick else 20
    commands: dict[str, tuple[list[str | Path], dict[str, str] | None]] = {
        "python -I -S -c pass": ([sys.executable, "-I", "-S", "-c", "pass"], None),
    }
    if (node := shutil.which("node")) is not None:
        commands["node -e 0"] = ([node, "-e", "0"], None)
    for peer in run.peers("tmux", "tether"):
        peer.hold(3)
        commands[f"{peer.name} ls"] = (peer.list_command(), peer.env)  # type: ignore[attr-defined]

    def sampler(argv: list[str | Path], env: dict[str, str] | None) -> Callable[[], Sample]:
        return lambda: (wall(argv, env) * 1000, {})

    run.rounds("ls", "ms", rounds, {name: sampler(*command) for name, command in commands.items()}, None)


# ---- cost ----


def idle(run: Run) -> None:
    """CPU of everything a tool runs, for 20 sessions that do nothing."""
    window_s = 10.0 if run.quick else 30.0
    run.close()
    peers = run.peers("tmux", "screen", "dtach", "terminado", "tether")
    for peer in peers:
        with run.failing(f"idle, {peer.name}"):
            peer.hold(20)
    machine.pause(3)  # let what a start leaves behind (group commits, first heartbeats) pass
    before = {peer.name: machine.cpu_ns(peer.pids()) for peer in peers}
    began = time.monotonic()
    machine.pause(window_s)
    for peer in peers:
        took = machine.cpu_ns(peer.pids()) - before[peer.name]
        share = 100 * took / 1e9 / (time.monotonic() - began)
        run.figures.add(Figure("idle", peer.name, 0, share, "% of a core"))
    run.close()


def memory(run: Run) -> None:
    """Memory for each of 100 sessions that do nothing: what they add, and all there is divided by them."""
    count = 30 if run.quick else 100
    for name in ("tmux", "screen", "dtach", "terminado", "tether"):
        with run.fresh(name) as peer, run.failing(f"memory, {name}"):
            if peer is None:
                continue
            machine.pause(1)
            base, _ = machine.pss_bytes(peer.pids())
            peer.hold(count)
            machine.pause(2)
            full, exact = machine.pss_bytes(peer.pids())
            extra = {"all MB": full / 1e6, "all/session": full / count / 1e6, "sessions": count, "exact": float(exact)}
            run.figures.add(Figure("memory", name, 0, (full - base) / count / 1e6, "MB/session", extra=extra))


MEASURES: dict[str, Callable[[Run], None]] = {
    "echo": echo,
    "start": start,
    "throughput": throughput,
    "ls": ls,
    "idle": idle,
    "memory": memory,
}
