"""A line is found as it was seen, however it came to the screen, and told once for each time that it appeared."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_rewind import Memory, checkpoints, view
from tether import rendered, rewind
from tether.linebook import Book, Line
from tether.wire.agents import Approval, Asked, Told
from tether.wire.codec import encode_body
from tether.wire.events import Created, Output
from tether.wire.storing import Checkpoint


def log_of(*pieces: bytes, every: int = 0) -> Memory:
    rows: list[rewind.Row] = [(1, encode_body(Created(1, 1, "shell", "", "/", 40, 12, "o", "m")))]
    offset = 0
    for piece in pieces:
        seq = len(rows) + 1
        rows.append((seq, encode_body(Output(seq, seq * 1000, offset, piece))))
        offset += len(piece)
    return Memory(rows, checkpoints(rows, every) if every else [])


def found(log: Memory, wanted: str, *, fold: bool = False) -> list[tuple[int, str]]:
    steps = rendered.search(log, view(seq=len(log.rows)), wanted, fold=fold)
    return sorted((one.seq, one.text) for one in steps if isinstance(one, rendered.Line))


def test_a_line_drawn_with_cursor_motion_in_any_order() -> None:
    log = log_of(b"\x1b[5;12Hworld", b"\x1b[5;1Hhello", b"\x1b[5;6H, my")
    assert found(log, "hello, my") == [(4, "hello, my  world")]
    assert found(log, "hello world") == []


def test_a_line_with_styles_between_its_letters() -> None:
    assert found(log_of(b"\x1b[31mE\x1b[1mrr\x1b[mor\x1b[4m: 7\x1b[m\r\n"), "Error: 7") == [(2, "Error: 7")]


def test_a_line_that_was_overwritten_later_and_one_that_never_was() -> None:
    log = log_of(b"progress 10 %", b"\rprogress 50 %", b"\rdone         ")
    assert found(log, "50 %") == [(3, "progress 50 %")]
    assert found(log, "70 %") == []


def test_a_line_that_was_wrapped_is_one() -> None:
    log = log_of(b"x" * 30 + b"needle in the wrap" + b"y" * 30 + b"\r\n")
    assert [seq for seq, _ in found(log, "needle in the wrap")] == [2]


def test_lines_that_scrolled_by_within_one_event() -> None:
    flood = b"".join(b"line number %d of many\r\n" % n for n in range(1000))
    log = log_of(flood, flood.replace(b"line", b"row"))
    assert found(log, "line number 17 of") == [(2, "line number 17 of many")]
    assert found(log, "row number 999 of") == [(3, "row number 999 of many")]


def test_a_line_that_stays_is_told_once_and_one_that_comes_back_again() -> None:
    log = log_of(b"the prompt\r\n", b"a\r\n", b"b\r\n", b"\x1b[2J\x1b[H", b"the prompt\r\n")
    assert found(log, "the prompt") == [(2, "the prompt"), (6, "the prompt")]


def test_a_full_screen_program_and_what_it_leaves_behind() -> None:
    log = log_of(b"before\r\n" * 20, b"\x1b[?1049h\x1b[H\x1b[2Jin the editor", b"\x1b[?1049l", b"after\r\n" * 20)
    assert found(log, "in the editor") == [(3, "in the editor")]
    assert found(log, "before")[0] == (2, "before")
    assert found(log, "after") == [(5, "after")]


def test_the_scrollback_may_be_cleared() -> None:
    fill = b"".join(b"fill %d\r\n" % n for n in range(50))
    log = log_of(fill, b"\x1b[H\x1b[2J\x1b[3J", b"".join(b"new %d\r\n" % n for n in range(60)))
    assert found(log, "new 3") == [(4, text) for text in ["new 3", *(f"new {n}" for n in range(30, 40))]]


def test_case_may_not_matter() -> None:
    log = log_of("GRÖSSE\r\n".encode())
    assert found(log, "größe") == []
    assert found(log, "größe", fold=True) == [(2, "GRÖSSE")]


def test_the_newest_stretch_comes_first_and_nothing_twice() -> None:
    log = log_of(*(b"mark %d\r\n" % n for n in range(40)), every=10)
    steps = list(rendered.search(log, view(seq=len(log.rows)), "mark"))
    assert [step.seq for step in steps if isinstance(step, rendered.Stretch)] == [41, 31, 21, 11, 1]
    assert sorted(step.text for step in steps if isinstance(step, rendered.Line)) == sorted(
        f"mark {n}" for n in range(40)
    )


def test_a_damaged_checkpoint_is_said() -> None:
    log = log_of(*(b"mark %d\r\n" % n for n in range(10)))
    log.kept = [
        Checkpoint(5, 1, 0, 40, 12, b"junk"),
    ]
    ends = [step for step in rendered.search(log, view(seq=11), "mark") if isinstance(step, rendered.Stretch)]
    assert [end.exact for end in ends] == [False, True]


def test_terminals_of_a_thousand_columns_take_no_more_memory() -> None:
    assert rendered._kept_lines(1000) * 1000 <= rendered._kept_lines(80) * 80 + 1000


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(0, 9), st.data())
def test_every_printed_line_is_found_whatever_the_events_and_checkpoints(
    sizes: list[int], every: int, draw: st.DataObject
) -> None:
    lines = [f"unique-{n}-line" for n in range(60)]
    data = "".join(f"{line}\r\n" for line in lines).encode()
    pieces = []
    at = 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces.append(data[at:])
    log = log_of(*[piece for piece in pieces if piece], every=every + 2)
    wanted = draw.draw(st.sampled_from(lines))
    assert {text for _, text in found(log, wanted)} == {wanted}


def test_what_the_agent_told_is_found_with_what_was_shown() -> None:
    log = log_of(b"mend it\r\n")
    told = [
        Told(3, 3000, "turn", "t", "t", "mend it\n\n  and test it", {"phase": "began"}),
        Told(4, 4000, "message", "m", "t", "I mend it"),
        Told(5, 5000, "tool", "u", "t", "sed -i mend it", {"name": "Bash", "phase": "ended"}),
        Told(6, 6000, "usage", "u", "t", "mend it", {"tokens": "5"}),
        Asked(7, 7000, Approval("a1", "k3v9x0pq", "claude", "exec", "mend it for ever")),
    ]
    log.rows += [(event.seq, encode_body(event)) for event in told]
    lines = ["mend it", "prompt: mend it", "message: I mend it", "tool Bash: sed -i mend it", "asked: mend it for ever"]
    assert [text for _, text in found(log, "mend it")] == lines
    assert [text for _, text in found(log, "TEST it", fold=True)] == ["prompt: and test it"]
    books = Books()
    assert {one.text for one in steps(log, "mend it", 7, books, state="exited") if isinstance(one, Line)} == {*lines}


def test_of_many_lines_the_newest_and_where_to_go_on() -> None:
    lines = [Line(seq, seq, f"{seq} {n}") for seq in (2, 5, 9) for n in range(3)]
    kept, before = rendered.newest(lines, 4)
    assert ([line.seq for line in kept], before) == ([9, 9, 9, 5, 5, 5], 5)
    assert rendered.newest(lines, 9) == rendered.newest(lines, 100)
    assert rendered.newest(lines, 9)[1] == 0
    assert rendered.newest([], 5) == ([], 0)


def test_hits_by_pages_are_all_hits() -> None:
    log = log_of(*(b"mark %d\r\nmark %d again\r\n" % (n, n) for n in range(30)), every=8)
    seen: list[tuple[int, str]] = []
    upto = len(log.rows)
    while upto:
        here = [one for one in rendered.search(log, view(seq=upto), "mark") if isinstance(one, Line)]
        kept, before = rendered.newest(here, 5)
        seen += [(line.seq, line.text) for line in kept]
        upto = before - 1 if before else 0
    assert sorted(seen) == found(log, "mark")


class Books:
    """A shelf in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.taken: list[int] = []

    def take(self, sid: bytes, behind: int) -> Book | None:
        if behind not in self.kept:
            return None
        self.taken.append(behind)
        return Book(self.kept[behind])

    def put(self, sid: bytes, behind: int, data: bytes) -> None:
        self.kept[behind] = data


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Books of the shortest stretches."""
    monkeypatch.setattr(rendered, "_BOOK_BYTES", 1)


def steps(log: Memory, wanted: str, upto: int, books: Books, **fields: object) -> list[object]:
    seen = msgspec.structs.replace(view(seq=upto), **fields)
    return [step for step in rendered.search(log, seen, wanted, books=books) if step is not None]


@pytest.mark.usefixtures("small")
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_books_tell_the_same_while_the_session_goes_on(draw: st.DataObject) -> None:
    pieces = [b"\x1b[%d;1Hmark %d\r\n" % (1 + n % 12, n // 3) for n in range(60)]
    whole = log_of(*pieces, every=7)
    books = Books()
    for upto in sorted(draw.draw(st.lists(st.integers(1, 61), min_size=1, max_size=5))):
        log = Memory(whole.rows[:upto], [one for one in whole.kept if one.seq <= upto])
        wanted = draw.draw(st.sampled_from(["mark 1", "mark", "no such"]))
        assert steps(log, wanted, upto, books) == steps(log, wanted, upto, Books())
    assert all(behind in (0, *(one.seq for one in whole.kept)) for behind in books.kept)


@pytest.mark.usefixtures("small")
def test_a_book_is_made_of_what_will_not_change_and_used_again() -> None:
    log = log_of(*(b"mark %d\r\n" % n for n in range(40)), every=10)
    books = Books()
    first = steps(log, "mark", 41, books)
    assert sorted(books.kept) == [0, 10, 20, 30]  # behind 40 it is not over
    log.read = 0
    assert steps(log, "mark", 41, books) == first
    assert (books.taken, log.read) == ([30, 20, 10, 0], 1)
    assert steps(log, "mark", 41, books, state="exited") == first
    assert sorted(books.kept) == [0, 10, 20, 30, 40]


@pytest.mark.usefixtures("small")
def test_a_book_of_what_was_cut_meanwhile_is_not_used() -> None:
    log = log_of(*(b"mark %d\r\n" % n for n in range(40)), every=10)
    books = Books()
    steps(log, "mark 3", 41, books)
    cut = log_of(*(b"other %d\r\n" % n for n in range(40)), every=10)
    assert [one for one in steps(cut, "mark 3", 10, books, cut_bytes=9) if isinstance(one, rendered.Line)] == []


@pytest.mark.usefixtures("small")
def test_a_checkpoint_that_went_makes_a_longer_stretch() -> None:
    log = log_of(*(b"mark %d\r\n" % n for n in range(40)), every=10)
    books = Books()
    before = steps(log, "mark 1", 41, books)
    log.kept = [one for one in log.kept if one.seq != 20]
    after = steps(log, "mark 1", 41, books)
    assert {one for one in after if isinstance(one, rendered.Line)} == {
        one for one in before if isinstance(one, rendered.Line)
    }
    assert Book(books.kept[10]).span.upto == 30
