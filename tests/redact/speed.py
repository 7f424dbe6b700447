"""How fast the masker is: traffic of a terminal, with and without secrets, in chunks of several sizes."""

from __future__ import annotations

import random
import time

from tests.redact import negatives, scoring
from tether.redact.finding import Finder
from tether.redact.stream import Masker


def traffic(seed: int, size: int, secrets: float) -> bytes:
    """Output of agents, builds and logs; a share `secrets` of its pieces hold a credential."""
    r = random.Random(seed)
    makers = list(negatives.EVERY.values())
    rows = [row.data for row in scoring.positives(seed, ["plain", "sgr", "box"])] if secrets else []
    out = bytearray()
    while len(out) < size:
        piece = r.choice(rows) if r.random() < secrets else r.choice(makers)(r).encode()
        for line in piece.splitlines(keepends=True):
            out += (b"\x1b[3%dm" % r.randrange(8) + line[:20] + b"\x1b[0m" + line[20:]) if r.random() < 0.5 else line
        out += b"\r\n"
    return bytes(out[:size])


def rate(finder: Finder, data: bytes, chunk: int) -> float:
    """Megabytes a second of CPU time."""
    masker = Masker(finder)
    start = time.process_time()
    for at in range(0, len(data), chunk):
        masker.feed(data[at : at + chunk])
    masker.flush()
    return len(data) / (time.process_time() - start) / 1e6


def latencies(finder: Finder, data: bytes, chunk: int) -> list[float]:
    """Milliseconds of each feed, sorted."""
    masker = Masker(finder)
    took = []
    for at in range(0, len(data), chunk):
        start = time.perf_counter()
        masker.feed(data[at : at + chunk])
        took.append((time.perf_counter() - start) * 1e3)
    return sorted(took)
