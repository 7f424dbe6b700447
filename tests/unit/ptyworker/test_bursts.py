"""Who typed how much is told once a burst is over, and never what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.ptyworker.bursts import LASTS_S, PAUSE_S, Bursts
from tether.wire.auditing import Typed

A, B = b"a" * 16, b"b" * 16


def test_a_burst_ends_with_a_pause() -> None:
    bursts = Bursts()
    assert bursts.wait_s(0.0) is None
    assert bursts.typed(A, 3, 10, 1.0) is None
    assert bursts.typed(A, 4, 20, 2.0) is None
    assert bursts.wait_s(2.0) == PAUSE_S
    assert bursts.due(2.0 + PAUSE_S - 0.1) is None
    assert bursts.due(2.0 + PAUSE_S) == Typed(A, 7, 2, 10, 20)
    assert bursts.due(99.0) is None
    assert bursts.wait_s(99.0) is None


def test_a_long_burst_is_told_in_parts() -> None:
    bursts, told = Bursts(), []
    for second in range(130):
        bursts.typed(A, 1, second, float(second))
        told += [burst] if (burst := bursts.due(float(second))) else []
    assert len(told) == 2
    assert bursts.wait_s(129.0) is not None
    assert bursts.wait_s(129.0) <= LASTS_S


def test_another_typist_begins_another_burst() -> None:
    bursts = Bursts()
    bursts.typed(A, 3, 10, 1.0)
    assert bursts.typed(B, 2, 11, 1.1) == Typed(A, 3, 1, 10, 10)
    assert bursts.end() == Typed(B, 2, 1, 11, 11)


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 99), st.floats(0, 30))))
def test_every_byte_is_counted_once(keys) -> None:
    bursts, told, now = Bursts(), [], 0.0
    for client, size, pause in keys:
        now += pause
        told += [bursts.due(now), bursts.typed(client, size, int(now * 1e6), now)]
    told.append(bursts.end())
    for client in (A, B):
        assert sum(one.size for one in told if one and one.client == client) == sum(
            s for c, s, _ in keys if c == client
        )
