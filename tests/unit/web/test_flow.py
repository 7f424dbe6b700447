"""Credit: what may be on its way to a screen."""

from hypothesis import given
from hypothesis import strategies as st

from tether.web.flow import WINDOW_BYTES, WINDOW_BYTES_MAX, Flow


def test_a_client_that_never_credits_is_not_held_back():
    flow = Flow()
    flow.output(0, 10 * WINDOW_BYTES)
    assert flow.room() is None
    assert flow.admits(WINDOW_BYTES)


def test_at_most_a_window_is_in_flight():
    flow = Flow(window=100)
    flow.credit(0)
    flow.output(0, 60)
    assert flow.room() == 40
    assert flow.admits(40)
    assert not flow.admits(41)
    flow.credit(60)
    assert flow.room() == 100


def test_an_event_larger_than_the_window_goes_when_nothing_else_is_in_flight():
    flow = Flow(window=100)
    flow.credit(0)
    assert flow.admits(1000)
    flow.output(0, 1000)
    assert not flow.admits(1)
    flow.credit(1000)
    assert flow.admits(1000)


def test_credit_does_not_go_back():
    flow = Flow(window=100)
    flow.output(0, 80)
    flow.credit(80)
    flow.credit(10)
    assert flow.room() == 100


def test_a_client_that_comes_back_starts_where_it_is_sent_from():
    flow = Flow(window=100)
    flow.credit(0)  # said before anything was shown
    flow.output(5_000_000, 50)
    assert flow.room() == 50


def test_a_snapshot_is_in_flight_too():
    flow = Flow(window=100)
    flow.snapshot(5_000, 90)
    flow.credit(0)
    assert flow.room() == 0
    flow.credit(4_990)
    assert flow.room() == 90


def test_what_retention_cut_is_not_in_flight():
    flow = Flow(window=100)
    flow.output(0, 50)
    flow.credit(50)
    flow.output(1_000_000, 10)
    assert flow.room() == 90
    flow.credit(1_000_010)
    assert flow.room() == 100


@given(st.lists(st.tuples(st.integers(1, 32_000), st.integers(0, 64_000)), max_size=60))
def test_in_flight_never_exceeds_the_window_and_a_client_that_renders_all_is_never_stuck(steps: list[tuple[int, int]]):
    flow = Flow()
    flow.credit(0)
    sent = rendered = 0
    for size, renders in steps:
        if flow.admits(size):
            flow.output(sent, size)
            sent += size
            assert sent - rendered <= WINDOW_BYTES
        rendered = min(sent, rendered + renders)
        flow.credit(rendered)
    flow.credit(sent)
    assert flow.admits(WINDOW_BYTES)


def test_what_a_later_screen_skips_is_neither_behind_nor_in_flight_and_what_was_in_flight_is():
    flow = Flow(window=100)
    flow.credit(0)
    flow.output(0, 60)
    assert (flow.behind(60), flow.behind(5_000_000)) == (0, 4_999_940)
    assert not flow.has_rendered_most()
    flow.credit(50)
    assert flow.has_rendered_most()
    flow.snapshot(5_000_000, 30)
    assert (flow.behind(5_000_000), flow.room()) == (0, 60)
    flow.credit(60)
    assert flow.room() == 60, "the screen is on its way still"
    flow.credit(5_000_000)
    assert flow.room() == 100


def test_a_fast_terminal_has_a_larger_window_and_a_slow_one_the_smallest():
    flow = Flow()
    flow.credit(0, 10.0)
    at, now = 0, 10.0

    def render(times: int, seconds: float) -> None:
        nonlocal at, now
        for _ in range(times):
            flow.output(at, 32_000)
            at, now = at + 32_000, now + seconds
            flow.credit(at, now)

    render(20, 0.001)  # 32 MB/s
    assert flow.room() == WINDOW_BYTES_MAX
    render(20, 0.032)  # 1 MB/s
    assert flow.room() == WINDOW_BYTES
    render(20, 0.001)
    render(2, 60.0)
    render(6, 0.032)
    assert flow.room() == WINDOW_BYTES, "what was fast once is not for ever"
