"""Recorded output is played at its pace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.cli.playhead import SPEEDS, Playhead


def test_the_first_is_shown_at_once_and_the_next_after_its_pause() -> None:
    head = Playhead(1.0, 5.0)
    assert head.wait(7_000_000, 100.0) == 0.0
    head.shown(7_000_000, 100.0)
    assert head.wait(8_500_000, 100.0) == 1.5
    assert head.wait(8_500_000, 101.6) == 0.0


def test_a_long_pause_is_cut_and_speed_divides() -> None:
    head = Playhead(4.0, 2.0)
    head.jumped(0, 10.0)
    assert head.wait(3_600_000_000, 10.0) == 0.5
    assert head.wait(1_000_000, 10.0) == 0.25


def test_while_paused_nothing_is_due_and_the_pause_does_not_count() -> None:
    head = Playhead(1.0, 9.0)
    head.jumped(0, 10.0)
    head.pause(11.0)
    assert head.wait(2_000_000, 50.0) is None
    head.pause(60.0)
    assert head.wait(2_000_000, 60.0) == 2.0


def test_speeds_stay_within_their_range() -> None:
    head = Playhead(1.0, 9.0)
    for _ in range(20):
        head.faster(1, 0.0)
    assert head.speed == SPEEDS[-1]
    for _ in range(20):
        head.faster(-1, 0.0)
    assert head.speed == SPEEDS[0]


@given(
    st.lists(st.integers(400_000, 5_000_000), min_size=1, max_size=50),
    st.sampled_from(SPEEDS),
    st.lists(st.floats(0.0, 0.01), min_size=50, max_size=50),
)
def test_small_delays_do_not_add_up(gaps: list[int], speed: float, late: list[float]) -> None:
    head = Playhead(speed, 100.0)
    ts, now = 0, 1000.0
    head.jumped(ts, now)
    for gap, delay in zip(gaps, late, strict=False):
        ts += gap
        wait = head.wait(ts, now)
        assert wait is not None
        now += wait + delay
        head.shown(ts, now)
    assert abs(now - 1000.0 - ts / 1e6 / speed) < 0.02
