"""What was switched on is switched off, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.modes import Modes, guardian_line

BASE = b"\x1b\\\x1b]8;;\x1b\\\x1b[0m\x1b(B\x0f\x1b[?25h"
CASES = [
    (b"\x1b[?1049h", [b"\x1b[?1049l"]),
    (b"\x1b[?1000;1006h", [b"\x1b[?1000;1006l"]),
    (b"\x1b[?2004h\x1b[?1004h", [b"1004;2004l"]),
    (b"\x1b[>7u\x1b[>1u", [b"\x1b[<2u"]),
    (b"\x1b[=5;1u", [b"\x1b[=0;1u"]),
    (b"\x1b[>4;2m", [b"\x1b[>4m"]),
    (b"\x1b[2;10r", [b"\x1b7\x1b[r\x1b8"]),
    (b"\x1b[?7l", [b"\x1b[?7h"]),
    (b"\x1b=\x1b[?1h", [b"\x1b>", b"\x1b[?1l"]),
    (b"\x1b[4h", [b"\x1b[4l"]),
    (b"\x1b[5 q", [b"\x1b[0 q"]),
    (b"\x1b]12;red\x07", [b"\x1b]112"]),
    (b"\x1b[?2026h", [b"\x1b[?2026l"]),
]

PIECES = [data for data, _ in CASES] + [
    b"\x1b[?1049l", b"\x1b[<1u", b"\x1bc", b"\x1b[!p", b"\x1b[?47h", b"text", "žluť 日本".encode(), b"\x1bPdcs",
    b"\x1b\\", b"\x1b[?25l", b"\x1b[?7h", b"\x1b[r", b"\x1b[?1004l",
]  # fmt: skip


def after(*pieces: bytes) -> bytes:
    modes = Modes()
    for piece in pieces:
        modes.feed(piece)
    return modes.restore()


def test_nothing_on_nothing_undone() -> None:
    assert after(b"plain text\r\n\x1b[31mred\x1b[0m\x1b[2J\x1b[?25l\x1b[?25h") == BASE


@pytest.mark.parametrize(("data", "undone"), CASES)
def test_each_mode_is_undone_however_it_is_cut(data: bytes, undone: list[bytes]) -> None:
    for cut in range(len(data) + 1):
        restored = after(b"a" + data[:cut], data[cut:] + b"b")
        assert all(part in restored for part in undone), (cut, restored)


def test_what_the_program_undid_itself_is_left() -> None:
    assert after(b"\x1b[?1049h\x1b[?2004h\x1b[>1u", b"\x1b[<u\x1b[?2004l\x1b[?1049l") == BASE
    assert after(b"\x1b[?1049h\x1b[>4;1m\x1bc") == BASE
    assert after(b"\x1b[3;5r\x1b[r") == BASE


def test_each_screen_has_its_own_keyboard_stack() -> None:
    restored = after(b"\x1b[>1u\x1b[?1049h\x1b[>3u")
    assert restored.index(b"\x1b[<1u") < restored.index(b"\x1b[?1049l") < restored.rindex(b"\x1b[<1u")


def test_it_is_known_when_something_may_be_written_between() -> None:
    modes = Modes()
    assert modes.at_rest
    for data, rest in (
        (b"abc", True), (b"\x1b[3", False), (b"1m", True), ("ž".encode()[:1], False), ("ž".encode()[1:], True),
        (b"\x1b]0;title", False), (b" goes on", False), (b"\x07", True), (b"\x1bPq", False), (b"\x1b\\", True),
    ):  # fmt: skip
        modes.feed(data)
        assert modes.at_rest is rest, data


@given(st.lists(st.sampled_from(PIECES), max_size=20), st.integers(0, 400))
def test_what_is_told_brings_another_reader_to_the_same_state(pieces: list[bytes], cut: int) -> None:
    data = b"".join(pieces)
    cut = min(cut, len(data))
    first, second = Modes(), Modes()
    first.feed(data[:cut])
    second.feed(first.told())
    assert second.restore() == first.restore()
    assert second.at_rest == first.at_rest
    assert second.alternate == first.alternate
    for modes in (first, second):
        modes.feed(data[cut:])
    assert second.restore() == first.restore()
    assert second.at_rest == first.at_rest


def test_the_guardian_is_told_in_one_line() -> None:
    assert guardian_line(b"\x1b[?1049l", 1.5) == b"modes 1500000 1b5b3f313034396c\n"
