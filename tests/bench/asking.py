"""How soon a second client sees what an agent asks, and how soon its dialog closes on a decision from there:
python -m tests.bench.asking [ROUNDS [AGENT...]]. The real agents, the mock model, the web API's feed; milliseconds.

Asking is counted from the output event with which the agent drew its dialog (the worker's clock) to the answer of the
feed that names the approval and its record; a card that is there before the dialog took no time. Deciding is counted
from the request to the first output after it. Memory is what the adapters' process has grown by, and the pipe of
Tether's own tools, in proportional set size.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.agents.drivers import DRIVERS, Driver
from tests.support import approvals
from tests.support.agents import AgentGateway
from tether.cli import owner
from tether.escapes import without_sequences
from tether.paths import resolve
from tether.store.reader import LogReader
from tether.wire.codec import decode_body
from tether.wire.events import Output

ROUNDS = 20


def main(rounds: int, agents: list[str]) -> None:
    """Ask, look, decide; print both times and what it takes of memory, for each agent."""
    with AgentGateway() as world:
        for name in agents:
            _measure(world, DRIVERS[name], rounds)


def _measure(world: AgentGateway, agent: Driver, rounds: int) -> None:
    asking: list[float] = []
    deciding: list[float] = []
    paths = resolve(world.env)
    before = _pss(world.pid("adapters"))
    with contextlib.closing(LogReader(paths)) as reader:
        steps = [f"run touch {world.project}/{agent.name}{number}" for number in range(rounds)]
        session = agent.fresh(world, *steps, "say over")
        sid = bytes.fromhex(world.session(session)["sid"])
        after, since = 0, time.time()
        for _ in range(rounds):
            name, seen, after = _next(paths, after)
            asking.append(max(0.0, seen - _dialog(world, reader, sid, agent, since)))
            at = time.time()
            approvals.decide(world, name, "allow")
            since = _output_after(world, reader, sid, at)
            deciding.append(since - at)
        approvals.wait_activity(world, session, "done", timeout=60)
    grown = _pss(world.pid("adapters")) - before
    pipes = [int(one.split()[0]) for one in world.processes_of(session) if "toolpipe.py" in one]
    print(f"{agent.name}: {' '.join(f'{one * 1000:.0f}' for one in asking)}")
    for title, found in (("asking to card", asking), ("decision to dialog closed", deciding)):
        p95 = quantiles(found, n=20)[18]
        print(f"  {title:28} p50 {median(found) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms   ({len(found)} rounds)")
    print(f"  {'memory of one session':28} {grown / 1024:.2f} MB, and {sum(map(_pss, pipes)) / 1024:.2f} MB its tools")


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


def _dialog(world: AgentGateway, reader: LogReader, sid: bytes, agent: Driver, since: float) -> float:
    """When the dialog was drawn: the first one after the one before had closed. It may come after the card."""
    wanted = agent.dialog.replace(" ", "").encode()

    def look() -> float:
        drawn = (one.ts / 1e6 for one in _outputs(reader, sid) if wanted in _bare(one.data))
        return next((ts for ts in drawn if ts > since), 0.0)

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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, sys.argv[2:] or list(DRIVERS))
