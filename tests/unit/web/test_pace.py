"""A door's pace: a burst, then so many a second, whoever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.web.pace import Pace


def test_a_burst_and_then_a_steady_few() -> None:
    pace = Pace(2.0, 3.0)
    assert [pace.take(10.0) for _ in range(5)] == [True, True, True, False, False]
    assert [pace.take(10.5), pace.take(10.5)] == [True, False]
    assert [pace.take(100.0) for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.floats(0, 0.5), max_size=200))
def test_never_more_than_the_burst_and_the_pace(gaps: list[float]) -> None:
    pace, now, let_in = Pace(4.0, 5.0), 0.0, 0
    for gap in gaps:
        now += gap
        let_in += pace.take(now)
    assert let_in <= 5 + 4 * now + 1e-6
