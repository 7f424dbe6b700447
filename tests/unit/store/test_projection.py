"""The record of a session is the fold of its events, and moves only where it may."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tether.store.projection import MOVES, blank, fold, has_ended
from tether.wire.events import (
    Controlled,
    Created,
    Cut,
    Exited,
    Lost,
    Note,
    Output,
    Resized,
    Started,
    Titled,
    Unknown,
)
from tether.wire.ids import make_session_id, public_id
from tether.wire.views import ENDED

SID = make_session_id(1_700_000_000_000, b"abcde", b"mmmmm")
CREATED = Created(1, 10, "shell", "build", "/src", 80, 24, "ann", "m", ["-x"], True)


def record(*events):
    return fold(blank(SID), [(event, 100) for event in events])


def test_a_session_from_its_beginning_to_its_end():
    view = record(
        CREATED, Started(2, 20, 4711), Output(3, 30, 0, b"hello"), Resized(4, 40, 132, 50, "ann"),
        Titled(5, 50, "deploy"), Controlled(6, 60, 3, "ann"), Output(7, 70, 5, b"!"), Note(8, 75, "recovered", ""),
        Exited(9, 80, 7, None),
    )  # fmt: skip
    assert (view.sid, view.id, view.provider, view.title) == (SID, public_id(SID), "shell", "deploy")
    assert (view.state, view.exit_code, view.exit_signal, view.stopped_by) == ("exited", 7, None, "")
    assert (view.created, view.started, view.ended, view.since) == (10, 20, 80, 80)
    assert (view.cols, view.rows, view.agent_pid, view.epoch, view.controller) == (132, 50, 4711, 3, "")
    assert (view.seq, view.offset, view.first_seq, view.cut_bytes, view.log_bytes) == (9, 6, 1, 0, 900)
    assert (view.owner, view.machine, view.cwd, view.args, view.share) == ("ann", "m", "/src", ["-x"], True)


def test_stopped_and_lost():
    assert record(CREATED, Started(2, 20, 1), Exited(3, 30, None, 9, "ann")).state == "stopped"
    lost = record(CREATED, Lost(2, 30, "the machine was started anew"))
    assert (lost.state, lost.detail, lost.ended) == ("lost", "the machine was started anew", 30)


def test_an_end_is_final_but_what_follows_is_numbered():
    view = record(CREATED, Exited(2, 30, 0, None), Started(3, 40, 1), Lost(4, 50, "late"), Output(5, 60, 0, b"x"))
    assert (view.state, view.ended, view.exit_code, view.detail) == ("exited", 30, 0, "")
    assert (view.seq, view.offset) == (5, 1)


def test_a_session_of_which_only_the_rest_is_known():
    view = record(Cut(9, 20, 1, 0, 0, "missing"), Output(10, 30, 400, b"x"), Unknown("future", 11))
    assert (view.state, view.provider, view.created) == ("created", "", 1_700_000_000_000_000)
    assert (view.seq, view.offset, view.cut_bytes) == (11, 401, 400)


events = st.lists(
    st.one_of(
        st.builds(lambda: Started(0, 1, 5)),
        st.builds(lambda n: Output(0, 1, 0, b"x" * n), st.integers(0, 9)),
        st.builds(lambda code: Exited(0, 1, code, None), st.integers(0, 3)),
        st.builds(lambda: Exited(0, 1, None, 15, "bob")),
        st.builds(lambda: Lost(0, 1, "gone")),
        st.builds(lambda: Note(0, 1, "gap", "")),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(events, st.integers(0, 12))
def test_only_legal_moves_and_the_same_record_in_any_batches(sequence, cut_at):
    numbered = []
    offset = 0
    for seq, event in enumerate([CREATED, *sequence], start=1):
        fields = {name: getattr(event, name) for name in event.__struct_fields__} | {"seq": seq}
        if isinstance(event, Output):
            fields["offset"] = offset
            offset += len(event.data)
        numbered.append((type(event)(**fields), 10))
    view = blank(SID)
    for item in numbered:
        after = fold(view, [item])
        assert after.state == view.state or after.state in MOVES[view.state]
        assert has_ended(after) == (after.state in ENDED) == (after.ended > 0)
        view = after
    assert view == fold(fold(blank(SID), numbered[:cut_at]), numbered[cut_at:])
    assert view.offset == offset
