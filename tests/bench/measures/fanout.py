"""A session that writes 1 MB/s, watched by 1, 50 and 200 WebSockets, while its controller types.

The lag of what is read is its time of reading less the time that stands in it. The child counts what it could write:
a server that holds it back shows as less than all of its speed.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack
from statistics import median

from tests.bench import machine
from tests.bench.figures import Figure
from tests.bench.page import Page
from tests.bench.peers import Peer
from tests.bench.run import Run
from tests.bench.terminals import END, BenchError

OBSERVERS = (1, 50, 200)
KEY_GAP_S = 0.02


def fanout(run: Run) -> None:
    """See the module."""
    seconds = 2.0 if run.quick else 5.0
    peers = run.peers("terminado", "node-pty", "tether")
    for count in OBSERVERS:
        for peer in peers:
            busy = machine.quiet_moment(machine.PATIENCE_S / 4)
            with run.failing(f"fan-out, {peer.name}, {count} observers"):
                _sample(run, peer, count, seconds, busy)


def _sample(run: Run, peer: Peer, count: int, seconds: float, busy: float) -> None:
    with ExitStack() as stack:
        controller = stack.enter_context(peer.page("ticker", str(int(seconds * 1000)), shared=True))
        observers = [stack.enter_context(peer.another(controller)) for _ in range(count)]
        pids = peer.pids()
        with run.tool.watching(observers, seconds + 20) as watcher:
            before = machine.cpu_ns(pids)
            controller.type(b"g")
            keys = controller.keys(int(seconds / KEY_GAP_S), KEY_GAP_S, seconds * 0.7)
            _read_on(controller, seconds + 5)
            p50, p99, most, samples, ticks, done = _figures(watcher, seconds + 20)
            cpu_s = (machine.cpu_ns(pids) - before) / 1e9
    who = f"{peer.name}, {count}"
    extra = {
        "p50": p50 / 1000,
        "max": most / 1000,
        "child's speed %": ticks / seconds / 10,
        "seen %": 100 * samples / max(1, ticks) / count,
        "ended": done,
        "server CPU %": 100 * cpu_s / seconds,
    }
    run.add(Figure("fan-out, p99 lag", who, 0, p99 / 1000, "ms", busy=busy, extra=extra))
    run.add(Figure("fan-out, child's speed", who, 0, ticks / seconds / 10, "%", busy=busy))
    run.add(Figure("fan-out, controller's echo", who, 0, median(keys) / 1000, "ms", busy=busy))


def _read_on(page: Page, limit_s: float) -> None:
    """Read to the ticker's end: a server might hold the child for a controller that stands still."""
    deadline, tail = time.monotonic() + limit_s, b""
    while time.monotonic() < deadline and (data := page.output(1.0)) is not None:
        tail = tail[-len(END) :] + data
        if END.encode() in tail:
            return


def _figures(watcher: subprocess.Popen[bytes], limit_s: float) -> list[float]:
    try:
        words = watcher.communicate(timeout=limit_s)[0].split()
    except subprocess.TimeoutExpired:
        words = []
    if len(words) != 6:
        raise BenchError("the observers gave no figures")
    return [float(word) for word in words]
