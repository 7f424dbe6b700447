"""Ctrl-c under an unlimited flood that the client reads at 1 MB/s: how long until the prompt is there.

The client reads so for three seconds first, while whatever lies between fills up. A peer whose prompt does not come
within the limit has the limit as its figure, and is measured once only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.bench import machine
from tests.bench.peers import Peer
from tests.bench.run import CAPPED, Run, Sample, Sampler
from tests.bench.terminals import PROMPT, Interrupt
from tests.bench.tether_peer import Tether

BYTES_S = 1_000_000
READ_S = 3.0


def interrupt(run: Run) -> None:
    """On a terminal."""
    rounds, limit_s = (1, 6.0) if run.quick else (3, 12.0)

    def sampler(peer: Peer) -> Sampler:
        def sample() -> Sample:
            with peer.terminal("forever") as terminal, _growth(peer) as grown:
                pressed = run.tool.interrupt(terminal, BYTES_S, READ_S, limit_s)
                return _sample(peer, terminal.session, pressed, limit_s, grown)

        return sample

    peers = run.peers("raw", "tmux", "screen", "dtach", "tether")
    run.rounds("ctrl-c", "ms", rounds, {peer.name: sampler(peer) for peer in peers})


def page_interrupt(run: Run) -> None:
    """Over a WebSocket."""
    rounds, limit_s = (1, 6.0) if run.quick else (3, 12.0)

    def sampler(peer: Peer) -> Sampler:
        def sample() -> Sample:
            with peer.page("forever") as page, _growth(peer) as grown:
                pressed = run.tool.page_interrupt(page, BYTES_S, READ_S, limit_s)
                return _sample(peer, page.session.id if isinstance(peer, Tether) else "", pressed, limit_s, grown)

        return sample

    peers = run.peers("terminado", "node-pty", "wetty", "tether")
    run.rounds("page ctrl-c", "ms", rounds, {peer.name: sampler(peer) for peer in peers})


@contextmanager
def _growth(peer: Peer) -> Iterator[Callable[[], float]]:
    """Megabytes of their own that the tool's processes hold more than at the beginning."""
    pids = peer.pids()
    before = machine.memory(pids).own
    yield lambda: (machine.memory(pids).own - before) / 1e6


def _sample(peer: Peer, session: str, pressed: Interrupt, limit_s: float, grown: Callable[[], float]) -> Sample:
    extra = {"stopped ms": pressed.stopped_s * 1000, "read after KB": pressed.after / 1000, "grown MB": grown()}
    if pressed.took_s is None:
        return limit_s * 1000, extra | {CAPPED: 1.0}
    if isinstance(peer, Tether):
        extra["% in log"] = 100 * peer.share_right(session, pressed.written, f"{PROMPT}$")
    return pressed.took_s * 1000, extra
