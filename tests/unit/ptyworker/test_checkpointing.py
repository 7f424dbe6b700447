"""When a screen is kept: bounded output to rebuild from, bounded work under a flood, no timer in a quiet session."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.ptyworker.checkpointing import APART_S, COMPRESS_S, EVERY_BYTES, IDLE_BYTES, IDLE_S, Checkpointing


def test_a_session_that_said_nothing_waits_for_nothing() -> None:
    pace = Checkpointing()
    assert pace.wait(0.0) is None
    assert not pace.due(1e9)
    assert not pace.compress(1e9)


def test_little_output_is_compressed_once_and_never_kept() -> None:
    pace = Checkpointing()
    pace.fed(1000, 10.0)
    assert pace.wait(10.0) == COMPRESS_S
    assert not pace.compress(10.0 + COMPRESS_S - 0.1)
    assert pace.compress(10.0 + COMPRESS_S)
    assert not pace.compress(1e6)
    assert pace.wait(1e6) is None
    assert not pace.due(1e6)
    assert not pace.worth()


def test_some_output_is_kept_once_it_rests() -> None:
    pace = Checkpointing()
    pace.fed(IDLE_BYTES, 10.0)
    assert pace.compress(20.0)
    assert pace.wait(20.0) == 10.0 + IDLE_S - 20.0
    assert not pace.due(10.0 + IDLE_S - 0.1)
    assert pace.due(10.0 + IDLE_S)
    assert pace.worth()
    pace.made(50.0)
    assert not pace.due(1e6)
    assert pace.wait(1e6) is None


def test_a_flood_is_kept_at_most_once_a_second() -> None:
    pace = Checkpointing()
    made = 0
    for step in range(1000):
        now = step * 0.01
        pace.fed(EVERY_BYTES, now)
        if pace.due(now):
            pace.made(now)
            made += 1
    assert made == 10 / APART_S


@given(st.lists(st.tuples(st.integers(0, 3 * IDLE_BYTES), st.floats(0.001, 60.0)), max_size=60))
def test_waking_when_told_never_misses_and_never_spins(steps: list[tuple[int, float]]) -> None:
    pace = Checkpointing()
    now = 0.0
    since = 0
    for size, pause in steps:
        pace.fed(size, now)
        since += size
        end = now + pause
        wakes = 0
        while (wait := pace.wait(now)) is not None and now + wait <= end:
            now += wait + 1e-6  # a poll never wakes early
            wakes += 1
            pace.compress(now)
            if pace.due(now):
                pace.made(now)
                since = 0
            assert wakes <= 4
        now = end
        assert since <= EVERY_BYTES + 3 * IDLE_BYTES
