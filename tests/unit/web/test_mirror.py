"""Sessions as the broker and the log tell them: an end is final."""

from msgspec.structs import replace

from tether.web.mirror import Mirror
from tether.wire.views import SessionView


def view(number: int, state: str = "running", **fields: object) -> SessionView:
    made = SessionView(bytes([number]) * 16, f"{number:08d}", "shell", "t", state, created=number)
    return replace(made, **fields)


def test_news_is_what_differs():
    known = Mirror()
    assert known.news(view(1))
    assert not known.news(view(1))
    assert known.news(view(1, title="x"))


def test_an_end_is_final_wherever_it_was_heard_first():
    known = Mirror()
    known.news(view(1, "exited"))
    assert not known.news(view(1))
    assert known.get(view(1).sid, view(1)) == view(1, "exited")
    known = Mirror()
    known.news(view(1))
    assert known.get(view(1).sid, view(1, "lost")) == view(1, "lost")


def test_positions_come_from_whoever_is_further():
    known = Mirror()
    known.news(view(1, seq=5, offset=50, title="new"))
    merged = known.get(view(1).sid, view(1, seq=9, offset=90, title="old", log_bytes=7))
    assert merged == view(1, seq=9, offset=90, title="new", log_bytes=7)


def test_the_brokers_whole_list_forgets_what_is_gone_but_no_end():
    known = Mirror()
    for one in (view(1), view(2), view(3, "exited")):
        known.news(one)
    assert known.listed([view(2), view(4)]) == [view(4)]
    assert set(known.views) == {view(n).sid for n in (2, 3, 4)}


def test_all_sessions_are_the_logs_and_the_brokers_oldest_first_and_ended_ones_are_not_kept_twice():
    known = Mirror()
    for one in (view(3), view(1, "exited")):
        known.news(one)
    listed = known.all([view(1, "exited"), view(2, "stopped")])
    assert [one.created for one in listed] == [1, 2, 3]
    assert set(known.views) == {view(3).sid}


def test_a_session_is_found_by_a_prefix_among_the_living_and_the_logged_and_a_whole_id_wins_alone():
    known = Mirror()
    alive = replace(view(1), id="abcd0000")
    known.news(alive)
    logged = [replace(view(2, "exited"), id="abce0000"), replace(alive, seq=9)]
    assert {one.id for one in known.find("abc", logged)} == {"abcd0000", "abce0000"}
    assert [(one.id, one.seq) for one in known.find("abcd", logged[1:])] == [("abcd0000", 9)]
    assert [one.id for one in known.find("abcd0000", [])] == ["abcd0000"]
    assert known.find("q", []) == []
    known.news(replace(view(3), id="abc"))
    assert [one.id for one in known.find("abc", logged)] == ["abc"]
