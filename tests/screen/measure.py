"""Figures of the screen model: `python -m tests.screen.measure`. Best of five; nothing is judged by them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tether.screen import Screen
from tether.screen.svg import svg

_MB = 1 << 20
_CHUNK = 64 << 10


def corpora() -> dict[str, bytes]:
    """Output of some megabytes, by kind."""
    words = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "while", "seven", "wizards", "box"]
    log = "".join(
        f"2026-01-02T03:04:05Z INFO worker[{n}] {' '.join(words[n % 7 :])} id={n * 7919}\r\n" for n in range(9000)
    )
    light = "".join(f"\x1b[3{n % 8}m{words[n % 13]}\x1b[0m " + ("\r\n" if n % 9 == 8 else "") for n in range(60_000))
    dense = "".join(f"\x1b[38;2;{n % 256};{n * 3 % 256};{n * 7 % 256}m▀" for n in range(60_000))
    wide = "".join(f"中文字符 naïve 日本語 {n} 한국어 ✔ ░▒▓\r\n" for n in range(20_000))
    motion = "".join(f"\x1b[{n * 7 % 24 + 1};{n * 13 % 80 + 1}H{words[n % 13]}" for n in range(80_000))
    frame = "\x1b[H" + "".join(f"\x1b[4{row % 8};97m{'row of text ' * 6}\x1b[0m\x1b[K\r\n" for row in range(23))
    ink = "".join("\x1b[2K\x1b[1A" * 8 + "\x1b[2K\x1b[G" + f"{'─' * 60}\r\n" * 8 + f"step {n}" for n in range(4000))
    region = "\x1b[2;20r\x1b[20;1H" + "".join(f"\r\n{words[n % 13] * 6}" for n in range(80_000))
    seq = "".join(f"{n}\r\n" for n in range(300_000))
    made = {
        "seq": seq, "log lines": log, "light SGR": light, "dense truecolour": dense,
        "unicode": wide, "cursor motion": motion, "full-frame redraw": frame * 1000, "ink-style redraw": ink,
        "scroll region": region,
    }  # fmt: skip
    return {name: text.encode() for name, text in made.items()}


def best(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs, in seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def feed(screen: Screen, data: bytes) -> None:
    """As a worker reads."""
    for at in range(0, len(data), _CHUNK):
        screen.feed(data[at : at + _CHUNK])


def resident() -> float:
    """The process's memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / _MB


def measure_feed() -> None:
    """Throughput by kind of output."""
    for name, data in corpora().items():
        screen = Screen(80, 24)
        seconds = best(lambda data=data, screen=screen: feed(screen, data))  # type: ignore[misc]
        print(f"feed {name:<20} {len(data) / _MB / seconds:6.0f} MB/s")
        screen.close()


def measure_snapshots(cols: int, rows: int, name: str) -> None:
    """Time and size of what is asked of a screen with some 10,000 lines of history."""
    data = corpora()[name][: 4 * _MB]
    before = resident()
    screen = Screen(cols, rows)
    for _ in range(4):
        feed(screen, data)
    grown = resident() - before
    parts = []
    for history in (0, 200, 1000):
        seconds = best(lambda: screen.snapshot(history))  # noqa: B023
        parts.append(f"+{history}: {seconds * 1000:.1f} ms {len(screen.snapshot(history)) / 1024:.1f} KB")
    for what, work, times in (
        ("text", screen.text, 5), ("facts", screen.facts, 5), ("svg", lambda: svg(screen), 5),
        ("resize and back", lambda: _there_and_back(screen), 1), ("compress", screen.compress, 1),
    ):  # fmt: skip
        parts.append(f"{what} {best(work, times) * 1000:.2f} ms")
    print(f"{cols}x{rows} {name}, {screen.history_size()} lines, {grown:.1f} MB: {', '.join(parts)}")
    print(f"   compressed {resident() - before:.1f} MB")
    screen.close()


def _there_and_back(screen: Screen) -> None:
    cols = screen.cols
    screen.resize(cols // 2, screen.rows)
    screen.resize(cols, screen.rows)


def measure_start() -> None:
    """Import, and the first screen of a process."""
    code = """
from time import perf_counter as now
import msgspec, re, typing, pathlib, importlib.util
a = now()
import tether.screen
b = now()
tether.screen.Screen(80, 24)
c = now()
tether.screen.Screen(80, 24)
d = now()
print(f"import {(b - a) * 1000:.1f} ms, first screen {(c - b) * 1000:.1f} ms, another {(d - c) * 1000:.2f} ms")
"""
    for _ in range(3):
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip())


if __name__ == "__main__":
    measure_start()
    measure_feed()
    for size in ((80, 24), (200, 50)):
        for kind in ("log lines", "light SGR", "dense truecolour"):
            measure_snapshots(*size, kind)
