"""A worker that took over asks the store until the rest is in its ring, whatever becomes of the store meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.ptyworker.restoring import AGAIN_S, Restoring
from tether.wire.storing import Checkpoint, Recall, Recalled


def test_a_question_is_asked_again_only_when_nobody_answers() -> None:
    restoring = Restoring(upto=50)
    assert restoring.question(5.0) == Recall(0, 50)
    restoring.asked(5.0)
    assert restoring.question(5.0 + AGAIN_S - 0.1) is None
    assert restoring.wait(5.0) == AGAIN_S
    assert restoring.question(5.0 + AGAIN_S) == Recall(0, 50)


def test_a_late_answer_to_an_older_question_does_not_fit() -> None:
    restoring = Restoring(upto=50)
    restoring.took(Recalled(0, 20, None, [b""]))
    assert not restoring.fits(Recalled(0, 20, None, [b""]))
    assert restoring.fits(Recalled(20, 30, None, [b""]))


def test_a_log_that_has_none_of_it_is_an_answer() -> None:
    restoring = Restoring(upto=50)
    restoring.took(Recalled(0, 0, None, []))
    assert restoring.done(51)


@given(
    first=st.integers(0, 60),
    lengths=st.lists(st.integers(1, 30), min_size=30, max_size=30),
    growth=st.lists(st.integers(0, 10), min_size=30, max_size=30),
)
def test_every_event_behind_the_checkpoint_is_fed_once(first: int, lengths: list[int], growth: list[int]) -> None:
    """The log grows and the ring lets go while answers are on their way."""
    acked = 60
    restoring = Restoring(upto=acked)
    fed: list[int] = []
    for length, more in zip(lengths, growth, strict=True):
        if restoring.done(acked + 1):
            break
        asked = restoring.question(1.0)
        assert asked is not None
        after = max(asked.after, first) if not asked.after else asked.after
        last = min(after + length, asked.upto)
        checkpoint = Checkpoint(first, 0, 0, 80, 24, b"") if first and not asked.after else None
        answer = Recalled(asked.after, last, checkpoint, [b""] * (last - after))
        assert restoring.fits(answer)
        fed += range(after + 1, last + 1)
        restoring.took(answer)
        acked += more
        restoring.upto = acked
    assert fed == list(range(first + 1, restoring.fed + 1))
