"""The ladder HUP, TERM, KILL."""

import signal

from tether.ptyworker.stopping import Step, Stopping


def test_the_ladder_in_order_each_rung_once_then_kill_until_nothing_is_left():
    stop = Stopping("ann", 100.0, 5.0)
    assert stop.step(100.0) == Step(signal.SIGHUP, "groups")
    assert stop.step(100.1) is None
    assert stop.step(102.0) == Step(signal.SIGTERM, "all")
    assert stop.step(104.9) is None
    assert stop.step(105.0) == Step(signal.SIGKILL, "all")
    assert stop.step(105.1) is None
    assert stop.step(105.2) == Step(signal.SIGKILL, "all"), "what was forked meanwhile"


def test_it_is_over_when_nothing_is_left_or_nothing_can_be_killed():
    stop = Stopping("ann", 0.0, 5.0)
    assert stop.over(0.1, 0)
    assert not stop.over(5.1, 1)
    assert stop.over(7.0, 1)


def test_no_grace_kills_after_one_polite_signal_and_asking_again_can_only_hurry():
    stop = Stopping("ann", 0.0, 5.0, signal.SIGINT)
    assert stop.step(0.0) == Step(signal.SIGINT, "groups")
    stop.hurry(60.0)
    assert stop.step(4.9) == Step(signal.SIGTERM, "all")
    stop.hurry(0.0)
    assert stop.step(4.9) == Step(signal.SIGKILL, "all")


def test_a_busy_agent_is_left_a_while_and_the_grace_counts_from_its_rest():
    stop = Stopping("ann", 100.0, 5.0, patience_s=2.0)
    assert stop.step(100.0) is None
    assert stop.step(101.5, rests=True) == Step(signal.SIGHUP, "groups")
    assert stop.step(103.4) is None
    assert stop.step(103.5) == Step(signal.SIGTERM, "all")
    assert not stop.over(107.0, 1)


def test_patience_ends_by_itself_or_when_it_is_asked_again():
    stop = Stopping("ann", 100.0, 5.0, patience_s=2.0)
    assert stop.step(101.9) is None
    assert stop.step(102.0) == Step(signal.SIGHUP, "groups")
    stop = Stopping("ann", 100.0, 5.0, patience_s=2.0)
    stop.hurry(5.0)
    assert stop.step(100.1) == Step(signal.SIGHUP, "groups")


def test_what_a_gone_agent_left_is_asked_at_once():
    stop = Stopping("ann", 100.0, 5.0)
    assert stop.step(100.0) == Step(signal.SIGHUP, "groups")
    assert stop.step(100.1, gone=True) == Step(signal.SIGTERM, "all")
    assert stop.step(100.2, gone=True) is None
