"""How soon a second client sees what an agent asks, and how soon its dialog closes on a decision from there:
python -m tests.bench.asking [ROUNDS]. The real Claude Code, the mock model, the web API's feed; times in milliseconds.

Asking is counted from the output event with which the agent drew its dialog (the worker's clock) to the answer of the
feed that names the approval and its record. Deciding is counted from the request to the first output after it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.support import approvals
from tests.support.agents import AgentGateway
from tether.cli import owner
from tether.escapes import without_sequences
from tether.paths import resolve
from tether.store.reader import LogReader
from tether.wire.codec import decode_body
from tether.wire.events import Output

ROUNDS = 20


def main(rounds: int) -> None:
    """Ask, look, decide; print both times and what the adapters' process takes of memory."""
    asking: list[float] = []
    deciding: list[float] = []
    with AgentGateway() as world:
        paths = resolve(world.env)
        before = _pss(world.pid("adapters"))
        reader = LogReader(paths)
        steps = " ".join(f"[[run touch {world.project}/n{number}]]" for number in range(rounds))
        session = world.start_agent("claude", f"{steps} [[say over]]")
        sid = bytes.fromhex(world.session(session)["sid"])
        after = 0
        for _ in range(rounds):
            name, seen, after = _next(paths, after)
            asking.append(seen - _dialog(world, reader, sid, seen))
            at = time.time()
            approvals.decide(world, name, "allow")
            deciding.append(_output_after(world, reader, sid, at) - at)
        approvals.wait_activity(world, session, "done")
        took = _pss(world.pid("adapters")) - before
        reader.close()
    print(" ".join(f"{one * 1000:.0f}" for one in asking), "/", " ".join(f"{one * 1000:.0f}" for one in deciding))
    for title, found in (("asking to card", asking), ("decision to dialog closed", deciding)):
        p95 = quantiles(found, n=20)[18]
        print(f"{title:28} p50 {median(found) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms   ({len(found)} rounds)")
    print(f"{'memory of one session':28} {took / 1024:.2f} MB (PSS)")


def _next(paths: Any, after: int) -> tuple[str, float, int]:
    while True:
        told = owner.ask(paths, "GET", f"/api/v1/feed?after={after}&wait=20", timeout_s=30)
        after = told["next"]
        for name in told["pending"]:
            record = owner.ask(paths, "GET", f"/api/v1/approvals/{name}")["approval"]
            if record["state"] == "pending":
                return name, time.time(), after


def _outputs(reader: LogReader, sid: bytes) -> list[Output]:
    last = reader.last_seq(sid)
    rows = reader.events(sid, max(0, last - 60), limit=100)
    return [event for _seq, body in rows if isinstance(event := decode_body(body), Output)]


def _dialog(world: AgentGateway, reader: LogReader, sid: bytes, seen: float) -> float:
    """When the newest dialog was drawn. It may be drawn after it was seen elsewhere: then asking took no time."""

    def look() -> float:
        drawn = [one.ts / 1e6 for one in _outputs(reader, sid) if b"Doyouwant" in _bare(one.data)]
        return drawn[-1] if drawn and drawn[-1] > seen - 2 else 0.0

    return world.wait_until("the dialog", look)


def _bare(data: bytes) -> bytes:
    return without_sequences(data).replace(b" ", b"")


def _output_after(world: AgentGateway, reader: LogReader, sid: bytes, at: float) -> float:
    def look() -> float:
        return next((event.ts / 1e6 for event in _outputs(reader, sid) if event.ts / 1e6 > at), 0.0)

    return world.wait_until("the dialog closes", look)


def _pss(pid: int) -> int:
    """Proportional set size in kilobytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
