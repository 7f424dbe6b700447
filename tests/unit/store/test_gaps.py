"""Go-back-N: whatever the pipe drops, repeats or reorders, the log grows by one event at a time."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tether.store.gaps import NAK_EVERY_S, Cursor, Verdict


def test_next_known_and_missing():
    cursor = Cursor(4)
    assert cursor.verdict(5) is Verdict.APPEND
    assert cursor.verdict(4) is Verdict.KNOWN
    assert cursor.verdict(1) is Verdict.KNOWN
    assert cursor.verdict(6) is Verdict.MISSING


def test_taking_out_of_order_is_a_mistake_of_ours():
    with pytest.raises(AssertionError):
        Cursor(4).take(6)


def test_a_pipe_full_of_later_events_is_answered_once():
    cursor = Cursor(4)
    assert cursor.ask(10.0) == 5
    assert cursor.ask(10.0 + NAK_EVERY_S / 2) is None
    assert cursor.ask(10.1 + NAK_EVERY_S) == 5


def test_another_hole_is_asked_about_at_once():
    cursor = Cursor(4)
    cursor.ask(10.0)
    cursor.take(5)
    assert cursor.ask(10.0) == 6


class Pipe(RuleBasedStateMachine):
    """A worker that sends in order and goes back when told, a pipe that drops, a store that restarts."""

    @initialize()
    def begin(self):
        self.made = 0
        self.sent = 0  # the worker's cursor: newest event sent
        self.pipe = []
        self.log = []
        self.cursor = Cursor(0)
        self.now = 0.0

    @rule(count=st.integers(1, 5))
    def produce(self, count):
        self.made += count

    @rule()
    def send(self):
        if self.sent < self.made:
            self.sent += 1
            self.pipe.append(self.sent)

    @rule(at=st.integers(0, 20))
    def drop(self, at):
        if at < len(self.pipe):
            del self.pipe[at]

    @rule()
    def repeat(self):
        if self.pipe:
            self.pipe.append(self.pipe[0])

    @rule()
    def deliver(self):
        self.now += 0.05
        if not self.pipe:
            return
        seq = self.pipe.pop(0)
        match self.cursor.verdict(seq):
            case Verdict.APPEND:
                self.cursor.take(seq)
                self.log.append(seq)
            case Verdict.MISSING:
                wanted = self.cursor.ask(self.now)
                if wanted is not None:
                    self.sent = wanted - 1

    @rule()
    def restart(self):
        self.cursor = Cursor(len(self.log))
        self.pipe = []
        self.sent = len(self.log)  # Sync and Ack

    @invariant()
    def the_log_is_dense(self):
        assert getattr(self, "log", []) == list(range(1, len(getattr(self, "log", [])) + 1))

    def teardown(self):
        if not hasattr(self, "log"):
            return
        for _ in range(400):
            if len(self.log) == self.made:
                return
            self.send()
            self.deliver()
            if not self.pipe and self.sent == self.made:
                self.restart()  # the worker's own patience: nothing under way and not acknowledged
        raise AssertionError(f"{len(self.log)} of {self.made} arrived")


TestPipe = Pipe.TestCase
TestPipe.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
