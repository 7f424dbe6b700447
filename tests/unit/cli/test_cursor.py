"""Every event is shown once and in order, from whichever side it comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.cli.cursor import Cursor
from tether.wire.events import Cut, Event, Output


def out(seq: int) -> Output:
    return Output(seq, 0, (seq - 1) * 10, b"x" * 10)


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def test_what_follows_is_shown_at_once() -> None:
    cursor = Cursor()
    assert seqs(cursor.live(out(1))) == [1]
    assert cursor.offset == 10
    assert not cursor.behind


def test_what_comes_too_early_waits_for_the_log() -> None:
    cursor = Cursor(3, 30)
    assert cursor.live(out(6)) == []
    assert cursor.live(out(7)) == []
    assert cursor.behind
    assert seqs(cursor.logged([out(4), out(5)])) == [4, 5, 6, 7]
    assert not cursor.behind


def test_what_was_shown_is_not_shown_again() -> None:
    cursor = Cursor(5, 50)
    assert cursor.live(out(4)) == []
    assert cursor.logged([out(4), out(5), out(6)]) == [out(6)]


def test_a_cut_stands_for_its_run() -> None:
    cursor = Cursor(0, 0)
    cut = Cut(9, 0, 2, 10, 80)
    assert seqs(cursor.logged([out(1), cut, out(10)])) == [1, 9, 10]
    assert cursor.offset == 100


def test_a_snapshot_lets_go_what_follows_it() -> None:
    cursor = Cursor()
    cursor.live(out(8))
    assert seqs(cursor.jump(7, 70)) == [8]


@given(st.data())
def test_any_mixture_of_live_and_log_shows_all_once(data: st.DataObject) -> None:
    cursor = Cursor()
    shown: list[Event] = []
    newest = 0
    for _ in range(data.draw(st.integers(1, 40))):
        newest += data.draw(st.integers(0, 3))
        if newest and data.draw(st.booleans()):
            shown += cursor.live(out(data.draw(st.integers(max(1, newest - 2), newest))))
        else:
            upto = data.draw(st.integers(0, newest))
            shown += cursor.logged([out(n) for n in range(cursor.seen + 1, upto + 1)])
    shown += cursor.logged([out(n) for n in range(cursor.seen + 1, newest + 1)])
    assert seqs(shown) == list(range(1, newest + 1))
    assert not cursor.behind


def test_what_the_worker_showed_of_an_event_is_not_shown_again() -> None:
    cursor = Cursor()
    cursor.jump(2, 34)  # events up to 2 whole, and four bytes of the fourth
    shown = cursor.logged([out(3), Output(4, 0, 30, b"abcdefghij"), out(5)])
    assert [event.data for event in shown if isinstance(event, Output)] == [b"", b"efghij", b"x" * 10]
    assert cursor.offset == 50
