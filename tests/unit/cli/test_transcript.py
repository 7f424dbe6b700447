"""A session as one HTML file."""

from __future__ import annotations

from tether.cli.transcript import page
from tether.wire.events import Created, Event, Output, Resized

S = 1_000_000


def made(*events: Event, title: str = "t") -> str:
    begin = Created(1, 1 * S, "shell", title, "/", 40, 5, "me", "m")
    return "".join(page([begin, *events], title))


def test_every_line_is_there_once_in_order_and_the_last_screen() -> None:
    text = b"".join(b"line %d\r\n" % n for n in range(2000))
    outputs = [Output(2 + n, (2 + n) * S, 0, text[n * 1000 : (n + 1) * 1000]) for n in range(-(-len(text) // 1000))]
    found = made(*outputs)
    places = [found.index(f"line {n}\n") for n in (0, 1, 499, 500, 1000, 1990)]
    assert places == sorted(places)
    assert found.count("line 777\n") == 1
    assert 'data-kind="end"' in found


def test_a_full_screen_is_shown_where_the_agent_paused() -> None:
    found = made(
        Output(2, 2 * S, 0, b"before\r\n\x1b[?1049h\x1b[Hfirst screen"),
        Output(3, 60 * S, 0, b"\x1b[2J\x1b[Hsecond screen"),
        Resized(4, 61 * S, 60, 6),
        Output(5, 62 * S, 0, b"\x1b[?1049l"),
    )
    assert found.index("first screen") < found.index('data-kind="end"')
    assert "before" in found


def test_titles_and_output_are_text() -> None:
    found = made(Output(2, 2 * S, 0, b"<script>alert(1)</script>"), title="<img src=x>")
    assert "<script" not in found
    assert "<img" not in found
    assert "default-src 'none'" in found
