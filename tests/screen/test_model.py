"""A snapshot written to a fresh model makes the same screen: whatever differs elsewhere is not the snapshot's doing."""

from __future__ import annotations

import random

import pytest

from tests.screen import grammar, groups
from tests.screen.judging import HISTORY, cuts
from tests.screen.streams import Stream
from tests.support.screenstate import state
from tether.screen import Screen, unavailable

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())


def differences(stream: Stream, at: int) -> list[str]:
    """What is not the same after a snapshot at a place and the rest as after the whole."""
    before, after = stream.cut(at)
    whole, first = Screen(stream.cols, stream.rows), Screen(stream.cols, stream.rows)
    for op in stream.ops:
        _do(whole, op)
    for op in before:
        _do(first, op)
    second = Screen(first.cols, first.rows)
    second.feed(first.snapshot(HISTORY))
    found = _unlike(state(first, HISTORY), state(second, HISTORY), "at once: ")
    for op in after:
        _do(second, op)
    found += _unlike(state(whole, HISTORY), state(second, HISTORY), "at the end: ")
    for screen in (whole, first, second):
        screen.close()
    return found


def _do(screen: Screen, op) -> None:
    if op[0] == "w":
        screen.feed(op[1])
    else:
        screen.resize(op[1], op[2])


def _unlike(one: dict, other: dict, when: str) -> list[str]:
    both = min(len(one["history"]), len(other["history"]))
    one, other = ({**found, "history": found["history"][-both:] if both else []} for found in (one, other))
    return [when + key for key in one if one[key] != other[key]]


@pytest.mark.parametrize("group", ["programs", "agents", "resize", "handmade", "unicode"])
def test_the_model_agrees(group: str) -> None:
    for stream in groups.ALL[group]():
        for at in [*cuts(stream, 3, 2), stream.size]:
            assert differences(stream, at) == [], (stream.name, at)


def test_the_model_agrees_on_what_comes_by_chance() -> None:
    """Not always: a repetition whose character is not left of the cursor, an origin mode with the cursor outside."""
    wrong = []
    for seed in range(400):
        chance = random.Random(seed)
        data = grammar.text(chance, 40, 10, 60).encode()
        stream = Stream("random", f"seed {seed}", 40, 10, (("w", data),))
        at = chance.choice((len(data), chance.randrange(len(data))))
        found = differences(stream, at)
        wrong += [(seed, at, found)] if found else []
    assert len(wrong) <= 2, wrong
