"""Text is what a person would have read."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tether.cli.plaintext import Plain

STREAM = (
    "\x1b[1;31mréd\x1b[0m\r\n\x1b]0;title\x07日本\x1b[K\r\nprogress 10%\rprogress 99%\r\nabc\b\bX\r\n\x1bPq#0\x1b\\end"
).encode()
TEXT = "réd\n日本\nprogress 99%\naXc\nend\n"


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_cut_anywhere(cuts: list[int]) -> None:
    plain = Plain()
    edges = [0, *sorted(cuts), len(STREAM)]
    shown = "".join(plain.feed(STREAM[a:b]) for a, b in pairwise(edges))
    assert shown + plain.finish() == TEXT
