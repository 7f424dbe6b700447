"""A line book answers as the lines themselves would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether import linebook
from tether.linebook import Book, Line, Span, Wanted, Writing, encoded

SPAN = Span(7, 90, 8, 800, True)
LETTERS = st.text(st.sampled_from("abABxXéÉßſK中 ─İ"), min_size=1, max_size=6).filter(lambda text: text.strip())
LOOKS = st.lists(st.lists(LETTERS, min_size=1, max_size=4), max_size=12)


def book(looks: list[list[str]]) -> bytes:
    writing = Writing()
    for number, lines in enumerate(looks):
        writing.add(10 + number, 1000 + number, len(lines), encoded("\n".join(lines)))
    data = writing.finish(SPAN)
    assert data is not None
    return data


def found(data: bytes, wanted: str, *, fold: bool = False, upto: int = 90) -> list[Line]:
    return [line for line in Book(data).lines(Wanted(wanted, fold=fold), upto) if line is not None]


@given(LOOKS, LETTERS, st.booleans(), st.integers(1, 40))
def test_it_finds_what_the_lines_hold(looks: list[list[str]], wanted: str, fold: bool, piece: int) -> None:
    patched = pytest.MonkeyPatch()
    patched.setattr(linebook, "_PIECE", piece)
    try:
        seen = found(book(looks), wanted, fold=fold)
    finally:
        patched.undo()
    assert seen == [
        Line(10 + number, 1000 + number, line)
        for number, lines in enumerate(looks)
        for line in lines
        if (wanted.casefold() in line.casefold() if fold else wanted in line)
    ]


@given(st.text(st.sampled_from("abABxXéÉßſK中 ─İ")))
def test_folding_is_python_s(text: str) -> None:
    assert linebook.folded(encoded(text)) == encoded(text.casefold())


def test_as_far_as_an_event() -> None:
    data = book([["one mark"], ["two mark"], ["three mark"]])
    assert [line.seq for line in found(data, "mark", upto=11)] == [10, 11]
    assert Book(data).span == SPAN


def test_no_line_holds_a_line_s_end() -> None:
    assert found(book([["a", "b"]]), "a\nb") == []


def test_a_piece_may_be_looked_through_at_a_time() -> None:
    data = book([["x" * 1000] * 1000, ["needle"]])
    steps = list(Book(data).lines(Wanted("needle"), 90))
    assert steps.count(None) >= 4
    assert [step.seq for step in steps if step is not None] == [11]


@pytest.mark.parametrize("keep", [0, 3, 15, 18, 19, 30, -1])
def test_what_is_not_whole_is_no_book(keep: int) -> None:
    with pytest.raises(linebook.NotABook):
        Book(book([["a line"]])[:keep])
    with pytest.raises(linebook.NotABook):
        Book(b"another" + book([["a line"]]))


def test_too_much_is_not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linebook, "BYTES_MAX", 10)
    writing = Writing()
    writing.add(1, 1, 1, b"x" * 20)
    assert writing.finish(SPAN) is None
