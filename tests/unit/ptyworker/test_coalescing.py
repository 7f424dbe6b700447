"""When output becomes an event."""

from tether.ptyworker.coalescing import WINDOW_S, Coalescing


def test_the_leading_edge_goes_out_at_once_and_what_follows_is_gathered():
    flow = Coalescing()
    assert flow.due(10.0)
    flow.flushed(10.0)
    assert not flow.due(10.0 + WINDOW_S / 2)
    assert abs(flow.wait(10.0 + WINDOW_S / 2) - WINDOW_S / 2) < 1e-9
    assert flow.due(10.0 + WINDOW_S + 1e-9)


def test_the_echo_of_a_key_does_not_wait_for_the_window_and_only_the_first_output_counts_as_its_echo():
    flow = Coalescing()
    flow.flushed(10.0)
    flow.typed()
    assert flow.due(10.0001)
    flow.flushed(10.0001)
    assert not flow.due(10.0002)
