"""How fast the masker is: traffic of a terminal in pieces of one size, with a secret in every so many of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.redact import negatives, scoring
from tether.redact.finding import Finder
from tether.redact.stream import Masker

PIECE_BYTES = 4096
_SECRET_BYTES_MAX = 2500
_PROSE = (
    "the build of module worker parser started finished compiling src lib main test with error warning file at line in"
    " for token of key session user password"
)
_WORDS = _PROSE.split()


def _mixed(r: random.Random) -> bytes:
    """Anything that looks like a credential and is none: half of its lines in colour."""
    out = b""
    for line in r.choice(list(negatives.EVERY.values()))(r).encode().splitlines(keepends=True):
        out += (b"\x1b[3%dm" % r.randrange(8) + line[:20] + b"\x1b[0m" + line[20:]) if r.random() < 0.5 else line
    return out


def _logs(r: random.Random) -> bytes:
    """Logs, builds, JSON, code, wide characters, progress bars; a fifth of their words are telling names."""
    words = " ".join(r.choices(_WORDS, k=6))
    return r.choice(
        (
            f"2026-03-04T10:{r.randrange(60):02}:07Z INFO {words}\r\n",
            f"\x1b[32m   Compiling\x1b[0m {r.choice(_WORDS)} v0.{r.randrange(9)}.{r.randrange(30)}\r\n",
            f'{{"level":"info","msg":"{words}","id":{r.randrange(10**6)}}}\r\n',
            f"\u65e5\u672c\u8a9e\u306e\u30ed\u30b0 {words}\r\n",
            f"\r[{'=' * r.randrange(30)}{' ' * r.randrange(10)}] {r.randrange(100)}%",
            f"    \x1b[36mdef\x1b[0m {r.choice(_WORDS)}_{r.choice(_WORDS)}(self, {r.choice(_WORDS)}: str) -> None:\r\n",
        )
    ).encode()


KINDS: dict[str, Callable[[random.Random], bytes]] = {"mixed": _mixed, "logs": _logs}


def traffic(kind: str, seed: int, count: int, every: int) -> list[bytes]:
    """`count` pieces of one kind; every so many (0: none) of them hold a credential."""
    r = random.Random(seed)
    rows = [row.data for row in scoring.positives(seed, ["plain", "sgr", "box"]) if len(row.data) < _SECRET_BYTES_MAX]
    pieces = []
    for number in range(count):
        secret = r.choice(rows) if every and number % every == 0 else b""
        text = b""
        while len(text) + len(secret) < PIECE_BYTES:
            text += KINDS[kind](r)
        text = text[: PIECE_BYTES - len(secret)]
        at = text.rfind(b"\n", 0, len(text) // 2) + 1
        pieces.append(text[:at] + secret + text[at:])
    return pieces


def rate(finder: Finder, pieces: list[bytes]) -> float:
    """Megabytes a second of CPU time."""
    masker = Masker(finder)
    start = time.process_time()
    for piece in pieces:
        masker.feed(piece)
    masker.flush()
    return sum(map(len, pieces)) / (time.process_time() - start) / 1e6


def latencies(finder: Finder, pieces: list[bytes]) -> list[float]:
    """Milliseconds of each feed, sorted."""
    masker = Masker(finder)
    took = []
    for piece in pieces:
        start = time.perf_counter()
        masker.feed(piece)
        took.append((time.perf_counter() - start) * 1e3)
    return sorted(took)


def report(finder: Finder) -> None:
    """Print the figures: the best of three, because what else the machine does only makes them worse."""
    for kind in KINDS:
        for every in (0, 20, 10, 5):
            runs = [traffic(kind, seed, 300, every) for seed in (1, 2, 3)]
            best = max(rate(finder, pieces) for pieces in runs)
            took = latencies(finder, runs[0])
            print(
                f"{kind:6} a secret in {f'every {every}th' if every else 'no':10} piece: {best:5.1f} MB/s,"
                f" p50 {took[len(took) // 2]:.2f} ms, p99 {took[int(len(took) * 0.99)]:.2f} ms"
            )
