"""The recording is what asciinema reads."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tether.cli import cast
from tether.wire.events import Created, Exited, Output, Resized

CREATED = Created(1, 5_000_000, "shell", "t", "/", 100, 30, "me", "m")


def recording(*chunks: bytes) -> list[object]:
    events = [CREATED]
    for at, chunk in enumerate(chunks):
        events.append(Output(2 + at, 5_000_000 + at * 1000, 0, chunk))
    return [json.loads(line) for line in cast.lines(events, "a title")]


def test_header_output_and_size() -> None:
    events = [CREATED, Output(2, 5_250_000, 0, b"hi\r\n"), Resized(3, 6_000_000, 80, 24), Exited(4, 7_000_000, 0, None)]
    lines = [json.loads(line) for line in cast.lines(events, "a title")]
    assert lines[0] == {
        "version": 2, "width": 100, "height": 30, "timestamp": 5, "title": "a title", "env": {"TERM": "xterm-256color"},
    }  # fmt: skip
    assert lines[1:] == [[0.25, "o", "hi\r\n"], [1.0, "r", "80x24"]]


@given(st.text(max_size=40), st.integers(1, 3))
def test_characters_are_joined_over_events(text: str, size: int) -> None:
    data = text.encode("utf-8", "ignore")
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    shown = "".join(line[2] for line in recording(*chunks)[1:])  # type: ignore[index]
    assert shown == data.decode()


def test_what_is_no_text_and_a_clock_set_back() -> None:
    lines = [
        json.loads(line)
        for line in cast.lines([CREATED, Output(2, 6_000_000, 0, b"\xff"), Output(3, 1, 1, b"\xe6")], "")
    ]
    assert lines[1:] == [[1.0, "o", "\ufffd"], [1.0, "o", "\ufffd"]]


def test_nothing_makes_an_empty_recording() -> None:
    assert list(cast.lines([], "x")) == []
