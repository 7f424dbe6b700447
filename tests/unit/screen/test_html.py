"""Styled lines as HTML: what a terminal showed is text, whatever it is."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tether.screen import Screen, html


def test_styles_become_words_of_a_style_sheet() -> None:
    assert html.line(b"plain \x1b[0;1;31mred\x1b[m end") == (
        'plain <span style="font-weight:bold;color:#ff7b72">red</span> end'
    )
    assert "color:#010203;background:#ff00d7" in html.line(b"\x1b[0;38;2;1;2;3;48;5;200mrgb\x1b[m")
    assert 'text-decoration:underline"' in html.line(b"\x1b[0;4:3;58:5:9mwavy\x1b[m")
    assert "color:#0d1117;background:#e6edf3" in html.line(b"\x1b[0;7mturned\x1b[m")
    assert "#79b8ff" in html.line(b"\x1b[0;34mblue\x1b[m")
    assert "#a5d0ff" in html.line(b"\x1b[0;94mbright\x1b[m")


@given(st.binary(max_size=200))
def test_no_bytes_make_markup(data: bytes) -> None:
    """Nothing but our own spans, and no control character."""
    shown = html.line(data)
    left = re.sub(r'<span style="[a-z0-9#:;. -]*">|</span>', "", shown)
    assert "<" not in left
    assert ">" not in left
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown)


def test_a_screens_own_lines() -> None:
    screen = Screen(20, 2)
    screen.feed(b"\x1b[32m<b>&\x1b[m\r\n\r\n\r\n")
    assert html.line(screen.history(0, 1)[0].ansi) == '<span style="color:#4ecb71">&lt;b&gt;&amp;</span>'
    screen.close()
