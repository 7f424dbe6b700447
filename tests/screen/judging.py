"""Comparing what the oracle shows after a snapshot and the rest of a stream with what it shows after the whole."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.screen.oracle import Op, Oracle, Seen
from tests.screen.streams import Stream
from tether.screen import Screen

HISTORY = 200
LEVELS = ("text", "screen", "rest")

_SEQUENCE = re.compile(
    rb"\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[\]P_^X].*?(?:\x07|\x1b\\)|[\x20-\x2f]*[\x30-\x7e])|[\xc2-\xf4][\x80-\xbf]+",
    re.DOTALL,
)


@dataclass(frozen=True)
class Verdict:
    """`level` is the first at which there is a difference: text, screen, rest; or "" for none."""

    stream: Stream
    cut: int
    level: str
    why: str
    snapshot: bytes


def cuts(stream: Stream, count: int, inside: int) -> list[int]:
    """Places to cut a stream: `count` anywhere, `inside` of them more within sequences or characters. The same every
    time."""
    chance = random.Random(stream.name)
    found = {chance.randrange(stream.size) for _ in range(count)} if stream.size else set()
    data = b"".join(op[1] for op in stream.ops if isinstance(op[1], bytes))
    sequences = [match.span() for match in _SEQUENCE.finditer(data)]
    for start, end in chance.sample(sequences, min(inside, len(sequences))):
        found.add(chance.randrange(start + 1, end))
    return sorted(found)


def snapshot_of(stream: Stream, ops: Iterable[Op]) -> tuple[int, int, bytes]:
    """The size and the snapshot of our model after `ops`."""
    screen = Screen(stream.cols, stream.rows)
    try:
        for op in ops:
            if op[0] == "w":
                screen.feed(op[1])  # type: ignore[arg-type]
            else:
                screen.resize(op[1], op[2])  # type: ignore[arg-type,misc]
        return screen.cols, screen.rows, screen.snapshot(HISTORY)
    finally:
        screen.close()


def judge(oracle: Oracle, stream: Stream, places: Iterable[int]) -> Iterator[Verdict]:
    """The verdicts on a stream cut at each of the places; the stream's size is its end."""
    places = list(places)
    runs: list[tuple[int, int, list[Op]]] = [(stream.cols, stream.rows, list(stream.ops))]
    snapshots = []
    for at in places:
        before, after = stream.cut(at)
        cols, rows, snapshot = snapshot_of(stream, before)
        snapshots.append(snapshot)
        runs.append((cols, rows, [("w", snapshot), *after]))
    whole, *found = oracle.show_all(runs)
    for at, seen, snapshot in zip(places, found, snapshots, strict=True):
        level, why = difference(seen, whole)
        yield Verdict(stream, at, level, why, snapshot)


def difference(found: Seen, wanted: Seen) -> tuple[str, str]:
    """The first level at which two states differ, and how."""
    for level in LEVELS:
        one, other = getattr(found, level), getattr(wanted, level)
        if one != other:
            if isinstance(one, dict):
                parts = [f"{key}: {_first(one[key], other[key])}" for key in one if one[key] != other[key]]
                return level, "; ".join(parts)
            return level, _first(one, other)
    return "", ""


def _first(one: object, other: object) -> str:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        at, (left, right) = next((n, pair) for n, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1])
        return f"[{at}] {left!r} instead of {right!r}"
    if isinstance(one, dict) and isinstance(other, dict):
        return "; ".join(
            f"{key} {one.get(key)!r} instead of {other.get(key)!r}" for key in other if one.get(key) != other[key]
        )
    return f"{one!r} instead of {other!r}"
