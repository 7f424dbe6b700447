"""What a terminal says beside its screen is found at any cut, and a spinner is no news."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tether.ptyworker.signals import Signals
from tether.wire.agents import Signalled

RULES = (("^[\u2800-\u28ff]", "working"), ("^\u2733", "idle"))


def said(data: bytes, rules: tuple[tuple[str, str], ...] = ()) -> list[Signalled]:
    return Signals(rules).feed(data)


def test_each_kind_is_told() -> None:
    data = b"a\x1b]0;title\x07b\x1b]9;look\x1b\\\x1b]777;notify;who;what\x07\x1b]133;C\x07\x1b]7;file:///home\x07\x07"
    assert said(data) == [
        Signalled("title", "title"),
        Signalled("notice", "look"),
        Signalled("notice", "who: what"),
        Signalled("mark", "C"),
        Signalled("cwd", "file:///home"),
        Signalled("bell"),
    ]


def test_what_ends_a_title_is_no_bell_and_progress_is_no_notice() -> None:
    assert said(b"\x1b]2;t\x07\x1b]9;4;1;30\x07") == [Signalled("title", "t")]


def test_a_spinner_is_told_once() -> None:
    signals = Signals(RULES)
    told = []
    for sign in "⠂⠐⠂⠐":
        told += signals.feed(f"\x1b]0;{sign} name\x07".encode())
    told += signals.feed("\x1b]0;✳ name\x07\x1b]0;✳ other\x07".encode())
    assert [signal.state for signal in told] == ["working", "idle"]
    assert [signal.state for signal in signals.latest()] == ["idle"]


@given(st.lists(st.integers(1, 12), max_size=40))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    data = "x\x1b]0;⠂ one\x07\x07y\x1b[31mz\x1b]133;A\x1b\\\x1b]9;n\x07end".encode()
    signals = Signals(RULES)
    told = []
    at = 0
    for size in [*cuts, len(data)]:
        told += signals.feed(data[at : at + size])
        at += size
    assert [s.kind for s in told] == ["title", "bell", "mark", "notice"]


def test_a_title_without_end_is_let_go() -> None:
    signals = Signals()
    assert signals.feed(b"\x1b]0;" + b"x" * 10_000) == []
    assert signals.feed(b"y\x07") == [Signalled("bell")]
