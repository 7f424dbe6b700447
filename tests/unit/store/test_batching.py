"""A batch waits for company, but not long and not without bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.store.batching import LIMITS, wait_s


def test_nothing_waits_for_ever():
    assert wait_s(0, 0, 0.0, 5.0) is None


def test_an_event_that_comes_alone_does_not_wait():
    assert wait_s(1, 10, 100.0, 107.0) == 0.0
    assert wait_s(1, 10, -1.0, 0.0) == 0.0


def test_behind_a_commit_events_wait_eight_milliseconds_for_others():
    assert wait_s(1, 10, 100.0, 100.0) == pytest.approx(LIMITS.wait_s)
    assert 0 < wait_s(1, 10, 100.0, 100.005) < LIMITS.wait_s
    assert wait_s(1, 10, 100.0, 100.0081) == 0.0


def test_a_full_batch_does_not_wait():
    assert wait_s(LIMITS.messages, 10, 100.0, 100.0) == 0.0
    assert wait_s(1, LIMITS.size_bytes, 100.0, 100.0) == 0.0


@given(st.integers(1, 5000), st.integers(0, 1 << 23), st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_wait_is_bounded_whatever_the_clock_does(messages, size, committed_at, now):
    assert 0.0 <= wait_s(messages, size, committed_at, now) <= LIMITS.wait_s
