"""A flood from its trigger until its last byte is where it is to go: durable in the log, at a terminal, at a page.

What reached the client is said as a share of the child's bytes (of its lines, over a WebSocket: escapes are longer).
Tether's log is compared with what was written, byte for byte, afterwards.
"""

from __future__ import annotations

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.run import Run, Sample, Sampler
from tests.bench.terminals import END
from tests.bench.tether_peer import Tether

LINE = 80  # bytes of a flood's line
LIMIT_S = 120


def throughput(run: Run) -> None:
    """Until it is durable; the peers, which keep nothing, until it is at the client."""
    size, rounds = (50_000_000, 2) if run.quick else (200_000_000, 3)
    peers = run.peers("tmux", "dtach", "tether")
    samplers = {p.name: _durable(p, size) if isinstance(p, Tether) else _native(run, p, size) for p in peers}
    samplers |= {peer.name: _paged(run, peer, size) for peer in run.peers("terminado")}
    raw = run.peer("raw")
    run.rounds("throughput", "MB/s", rounds, samplers, _native(run, raw, size) if raw else None)


def bulk(run: Run) -> None:
    """Until it is at the client, on a terminal."""
    size, rounds = (50_000_000, 1) if run.quick else (200_000_000, 3)
    samplers = {peer.name: _native(run, peer, size) for peer in run.peers("tmux", "dtach", "tether")}
    raw = run.peer("raw")
    run.rounds("bulk", "MB/s", rounds, samplers, _native(run, raw, size) if raw else None)


def page_bulk(run: Run) -> None:
    """Until it is at the client, over a WebSocket."""
    size, rounds = (50_000_000, 1) if run.quick else (200_000_000, 3)
    peers = run.peers("terminado", "node-pty", "wetty", "tether")
    raw = run.peer("raw")
    samplers = {peer.name: _paged(run, peer, size) for peer in peers}
    run.rounds("page bulk", "MB/s", rounds, samplers, _native(run, raw, size) if raw else None)


def _native(run: Run, peer: Peer, size: int) -> Sampler:
    def sample() -> Sample:
        with peer.terminal("flood", str(size)) as terminal:
            pids = peer.pids()
            before = machine.cpu_ns(pids)
            seconds, seen = run.tool.until(terminal, END, LIMIT_S, trigger="x")
            cpu_s = (machine.cpu_ns(pids) - before) / 1e9
            return size / seconds / 1e6, _extra(peer, terminal.session, size, seen / size, cpu_s)

    return sample


def _paged(run: Run, peer: Peer, size: int) -> Sampler:
    def sample() -> Sample:
        with peer.page("flood", str(size)) as page:
            page.want_everything()
            pids = peer.pids()
            before = machine.cpu_ns(pids)
            seconds, _, lines = run.tool.page_until(page, END, LIMIT_S)
            cpu_s = (machine.cpu_ns(pids) - before) / 1e9
            session = page.session.id if isinstance(peer, Tether) else ""
            return size / seconds / 1e6, _extra(peer, session, size, lines * LINE / size, cpu_s)

    return sample


def _durable(peer: Tether, size: int) -> Sampler:
    def sample() -> Sample:
        seconds, share = peer.durable(size)
        return size / seconds / 1e6, {"% in log": 100 * share}

    return sample


def _extra(peer: Peer, session: str, size: int, share: float, cpu_s: float) -> dict[str, float]:
    extra = {"% at client": min(100.0, 100 * share), "server CPU s/100 MB": cpu_s / size * 1e8}
    if isinstance(peer, Tether):
        extra["% in log"] = 100 * peer.share_right(session, size, END)
    return extra
