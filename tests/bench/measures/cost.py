"""What sessions cost that do nothing: CPU of 20 of them, memory for each of 100."""

from __future__ import annotations

import time

from tests.bench import machine
from tests.bench.figures import Figure
from tests.bench.run import Run

PEERS = ("tmux", "screen", "dtach", "terminado", "node-pty", "tether")


def idle(run: Run) -> None:
    """CPU of everything a tool runs, for 20 sessions that do nothing."""
    window_s = 8.0 if run.quick else 30.0
    run.close()
    peers = run.peers(*PEERS)
    for peer in peers:
        with run.failing(f"idle, {peer.name}"):
            peer.hold(20)
    machine.pause(3)  # let what a start leaves behind (group commits, first heartbeats) pass
    pids = {peer.name: peer.pids() for peer in peers}
    before = {peer.name: machine.cpu_ns(pids[peer.name]) for peer in peers}
    began = time.monotonic()
    machine.pause(window_s)
    for peer in peers:
        took = machine.cpu_ns(pids[peer.name]) - before[peer.name]
        share = 100 * took / 1e9 / (time.monotonic() - began)
        run.add(Figure("idle", peer.name, 0, share, "% of a core"))
    run.close()


def memory(run: Run) -> None:
    """Memory for each of 100 sessions that do nothing: what they add, and all there is divided by them."""
    count = 20 if run.quick else 100
    for name in PEERS:
        with run.fresh(name) as peer, run.failing(f"memory, {name}"):
            if peer is None:
                continue
            machine.pause(1)
            base, _ = machine.pss_bytes(peer.pids())
            peer.hold(count)
            machine.pause(2)
            full, exact = machine.pss_bytes(peer.pids())
            extra = {"all MB": full / 1e6, "all/session": full / count / 1e6, "sessions": count, "exact": float(exact)}
            run.add(Figure("memory", name, 0, (full - base) / count / 1e6, "MB/session", extra=extra))
