"""Where sequences are, and where one is cut off by the end."""

from __future__ import annotations

import pytest

from tether.escapes import finished, without_sequences


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
