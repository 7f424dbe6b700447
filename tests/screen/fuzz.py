"""Damaged recordings, random bytes and random sizes against the model: `python -m tests.screen.fuzz SECONDS SEED`

Prints how many rounds there were, how many snapshots, and how many of those the library could not encode. What is
looked for is a native crash: the process ends with a signal then, and the last line on stderr names the round.
"""

from __future__ import annotations

import random
import sys
import time
from unittest import mock

from tests.screen import grammar, groups
from tether.screen import Screen, fallback
from tether.screen.svg import svg


def main() -> int:
    """Run for the given time from the given seed."""
    seconds, seed = float(sys.argv[1]), int(sys.argv[2])
    seeds = [
        b"".join(op[1] for op in s.ops if isinstance(op[1], bytes)) for name in groups.ALL for s in groups.ALL[name]()
    ]
    counts = {"rounds": 0, "snapshots": 0, "not encoded": 0}

    def count(*args: object) -> bytes:
        counts["not encoded"] += 1
        return plain(*args)  # type: ignore[arg-type]

    plain = fallback.snapshot
    deadline = time.monotonic() + seconds
    with mock.patch.object(fallback, "snapshot", count):
        while time.monotonic() < deadline:
            if counts["rounds"] % 500 == 0:
                sys.stderr.write(f"seed {seed}, round {counts['rounds']} and on\n")
            _round(random.Random(f"{seed} {counts['rounds']}"), seeds, counts)
            counts["rounds"] += 1
    print(counts)
    return 0


def _round(chance: random.Random, seeds: list[bytes], counts: dict[str, int]) -> None:
    screen = Screen(chance.randint(1, 200), chance.randint(1, 60), on_reply=lambda _: None)
    data = _damaged(chance, chance.choice(seeds)) if chance.random() < 0.8 else chance.randbytes(20_000)
    at = 0
    while at < len(data):
        size = chance.choice((1, 7, 100, 1000, 10_000))
        screen.feed(data[at : at + size])
        at += size
        match chance.randrange(30):
            case 0 | 1:
                screen.resize(chance.randint(1, 250), chance.randint(1, 80))
            case 2 | 3 | 4:
                _look(chance, screen, counts)
            case 5:
                screen.compress()
    _look(chance, screen, counts)
    screen.close()


def _look(chance: random.Random, screen: Screen, counts: dict[str, int]) -> None:
    snapshot = screen.snapshot(chance.choice((0, 10, 1000)))
    counts["snapshots"] += 1
    shown = screen.text()
    assert len(shown) == screen.rows, (len(shown), screen.rows)
    other = Screen(screen.cols, screen.rows)
    other.feed(snapshot)
    other.close()
    screen.facts()
    screen.history(chance.randrange(50), 20)
    if chance.random() < 0.1:
        svg(screen)


def _damaged(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(max(1, len(data) - 8000))
    made = bytearray(data[start : start + 8000])
    for _ in range(chance.randint(0, 40)):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(4):
            case 0:
                made[at : at + chance.randint(1, 20)] = b""
            case 1:
                made[at:at] = chance.randbytes(chance.randint(1, 8))
            case 2:
                made[at:at] = grammar.text(chance, 80, 24, 3).encode()
            case _:
                made[at:at] = b"\x1b[%d%c" % (chance.choice((0, 1, 99, 70_000, 2**31)), chance.randrange(0x40, 0x7F))
    return bytes(made)


if __name__ == "__main__":
    sys.exit(main())
