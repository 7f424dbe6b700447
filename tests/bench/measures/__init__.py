"""What is measured, and how: see docs/benchmarks.md for the definitions. One module each, all of them listed here."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.measures.bulk import bulk, page_bulk, throughput
from tests.bench.measures.cost import idle, memory
from tests.bench.measures.echo import echo, page_echo
from tests.bench.measures.fanout import fanout
from tests.bench.measures.fleet import fleet
from tests.bench.measures.interrupt import interrupt, page_interrupt
from tests.bench.measures.join import join, join_large
from tests.bench.measures.kills import kills
from tests.bench.measures.ls import ls
from tests.bench.measures.stalled import stalled
from tests.bench.measures.start import start
from tests.bench.run import Run

MEASURES: dict[str, Callable[[Run], None]] = {
    "echo": echo,
    "page-echo": page_echo,
    "start": start,
    "throughput": throughput,
    "bulk": bulk,
    "page-bulk": page_bulk,
    "ctrl-c": interrupt,
    "page-ctrl-c": page_interrupt,
    "stalled": stalled,
    "join": join,
    "join-large": join_large,
    "fan-out": fanout,
    "ls": ls,
    "idle": idle,
    "memory": memory,
    "fleet": fleet,
    "kill": kills,
}
