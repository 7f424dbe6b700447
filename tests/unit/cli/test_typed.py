"""Input reaches the session exactly once and in order, whatever is lost on the way."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tether.cli.typed import RESEND_S, Typed
from tether.wire.control import Input
from tether.wire.limits import INPUT_BYTES_MAX, INPUT_WINDOW_BYTES

CLIENT = b"c" * 16


def test_numbers_grow_by_one_from_one() -> None:
    typed = Typed(CLIENT)
    typed.push(b"a")
    assert typed.due(3, 0.0) == [Input(CLIENT, 3, 1, b"a")]
    assert typed.due(3, 0.1) == []
    typed.push(b"b")
    assert typed.due(3, 0.1) == [Input(CLIENT, 3, 2, b"b")]
    typed.acked(2)
    assert typed.settled


def test_what_is_not_acknowledged_is_sent_again() -> None:
    typed = Typed(CLIENT)
    typed.push(b"a")
    typed.due(1, 0.0)
    assert typed.deadline() == RESEND_S
    assert [item.n for item in typed.due(1, RESEND_S)] == [1]
    assert typed.deadline() == RESEND_S + 2 * RESEND_S


def test_a_resend_is_asked_for() -> None:
    typed = Typed(CLIENT)
    for char in b"abc":
        typed.push(bytes([char]))
        typed.due(1, 0.0)
    typed.acked(1, resend=True)
    assert [item.n for item in typed.due(1, 0.01)] == [2, 3]


def test_a_paste_is_cut_and_the_window_holds() -> None:
    typed = Typed(CLIENT)
    typed.push(bytes(INPUT_WINDOW_BYTES * 2))
    assert not typed.room
    sent = typed.due(1, 0.0)
    assert all(len(item.data) <= INPUT_BYTES_MAX for item in sent)
    assert sum(len(item.data) for item in sent) == INPUT_WINDOW_BYTES
    typed.acked(1)
    assert sum(len(item.data) for item in typed.due(1, 0.0)) == INPUT_BYTES_MAX


def test_what_could_not_be_sent_is_due_again() -> None:
    typed = Typed(CLIENT)
    typed.push(b"a")
    typed.due(1, 0.0)
    typed.unsent(1, 0.0)
    assert [item.n for item in typed.due(1, 0.0)] == [1]


def test_a_lost_lease_leaves_numbers_without_bytes() -> None:
    """An input whose fate is unknown must not be applied under a later lease, nor its number given to another one."""
    typed = Typed(CLIENT)
    typed.push(b"rm")
    typed.due(1, 0.0)
    typed.push(b" -rf")
    typed.drop()
    typed.adopt(0)
    typed.push(b"ls")
    assert [(item.n, item.data) for item in typed.due(2, 9.0)] == [(1, b""), (2, b"ls")]


class Exactly(RuleBasedStateMachine):
    """A session that takes n == last + 1, a line that loses either way, and a broker that forgets."""

    def __init__(self) -> None:
        super().__init__()
        self.typed = Typed(CLIENT)
        self.wanted = b""
        self.applied = b""
        self.last = 0
        self.now = 0.0

    @rule(data=st.binary(min_size=1, max_size=200))
    def type(self, data: bytes) -> None:
        self.typed.push(data)
        self.wanted += data

    @rule(lost=st.sets(st.integers(0, 5)), ack_lost=st.booleans(), wait=st.sampled_from([0.0, 0.1, 3.0]))
    def exchange(self, lost: set[int], ack_lost: bool, wait: float) -> None:
        self.now += wait
        resend = False
        for at, item in enumerate(self.typed.due(1, self.now)):
            if at in lost:
                continue
            if item.n == self.last + 1:
                self.last, self.applied = item.n, self.applied + item.data
            elif item.n > self.last:
                resend = True
        if not ack_lost:
            self.typed.acked(self.last, resend=resend)

    @rule(forgot=st.booleans())
    def reconnect(self, forgot: bool) -> None:
        self.typed.adopt(0 if forgot else self.last)

    @invariant()
    def applied_is_a_beginning(self) -> None:
        assert self.wanted.startswith(self.applied)

    def teardown(self) -> None:
        for _ in range(20):
            self.exchange(set(), False, 3.0)
        assert self.applied == self.wanted
        assert self.typed.settled


TestExactly = Exactly.TestCase
TestExactly.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
