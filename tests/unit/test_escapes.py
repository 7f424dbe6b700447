"""Where sequences are, and where one is cut off by the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.escapes import SEQUENCE, finished, without_sequences

PIECES = (
    *(b"\x1b", b"\x1b[", b"\x1b]0;", b"\x07", b"\x1b\\", b"\xc2\x9b", b"\xc2\x9d", b"\xc2", b"\x90", b"3", b";", b"m"),
    *(b"K", b"abc", b"\x18", b"\x1bP", b" ", b"\xc2\x9c", b"(", b"\n", b"\x00", b"\xc3\xa9", b"\x1b7", b"\x1b_"),
)


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        (b"abc", 3), (b"a\x1b", 1), (b"a\x1b[3", 1), (b"a\x1b[3m", 5), (b"a\x1b]0;t", 1), (b"a\x1b]0;t\x1b", 1),
        (b"a\x1b]0;t\x1b\\", 8), (b"a\x1b]0;t\x07b", 8), (b"a\xc2", 1), (b"a\xc2\xa0b", 4), (b"\xc2\x9d0;abc", 0),
        (b"\xc2\x9b3", 0), (b"\x1bP1;2q###", 0), (b"\x1b(", 0), (b"\x1b[1\x1b[2m", 7), (b"\x1b]0;t\x18", 6),
    ],
)  # fmt: skip
def test_the_end_of_what_is_finished(data: bytes, ends: int) -> None:
    assert finished(data) == ends


def test_text_without_sequences() -> None:
    data = b"a\x1b[1;31mb\x1b]0;title\x07c\x1bP1$r\x1b\\d\x1b(Be\xc2\x9b4mf\xc2\xa0g\x1b[?25lh"
    assert without_sequences(data) == b"abcdef\xc2\xa0gh"


def test_a_title_that_a_colour_cuts_off_does_not_go_on_behind_it() -> None:
    """The colour was taken out first, and the title went on to the next sequence: a token in between was not seen."""
    assert without_sequences(b"\x1b]0;t \x1b[3mtext\x1b[3\x1b[3m") == b"text"


@given(st.lists(st.sampled_from(PIECES), max_size=10).map(b"".join))
def test_the_quick_way_takes_out_what_the_grammar_says(data: bytes) -> None:
    assert without_sequences(data) == SEQUENCE.sub(b"", data)
