"""When a dead worker is replaced."""

from tether.spawner.holdings import DEATHS_MAX, DEATHS_WINDOW_S, GRACE_S, STILLBORN_MAX, Holding, due, next_check


def test_a_worker_that_dies_again_and_again_is_given_up_but_not_one_that_dies_now_and_then():
    often, seldom = Holding("a", 1, 2), Holding("b", 3, 4)

    def dies(held: Holding, now: float) -> bool:
        held.connected(9, now)
        return held.died(now)

    assert all(dies(often, float(n) / 100) for n in range(DEATHS_MAX))
    assert not dies(often, 1.0)
    assert all(dies(seldom, n * DEATHS_WINDOW_S / 2) for n in range(DEATHS_MAX * 3))


def test_a_worker_that_never_gets_as_far_as_connecting_is_given_up_soon():
    held = Holding("a", 1, 2)
    assert all(held.died(float(n)) for n in range(STILLBORN_MAX))
    assert not held.died(99.0)
    held.connected(9, 100.0)
    assert held.died(101.0)


def test_only_holdings_without_a_worker_are_looked_at_and_only_after_their_grace():
    connected = Holding("a", 1, 2, connection=9, since=0.0)
    adopted = Holding("b", 3, 4, since=10.0)
    both = [connected, adopted]
    assert due(both, 10.0 + GRACE_S / 2) == []
    assert due(both, 10.0 + GRACE_S) == [adopted]
    assert next_check(both, 10.0) == GRACE_S
    assert next_check([connected], 10.0) is None, "no timer while every worker is connected"
