"""Output that means harm: sequences without an end, numbers without bounds, a million of everything."""

import pytest

from tether.screen import Screen, unavailable
from tether.screen.cutting import SEQUENCE_MAX, Cutter

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())

SEQUENCES = {
    "osc": (b"\x1b]0;", b"A", b"\x07"),
    "osc st": (b"\x1b]52;c;", b"QUFB", b"\x1b\\"),
    "dcs": (b"\x1bP1;2q", b"#0~", b"\x1b\\"),
    "apc": (b"\x1b_Ga=T;", b"AAAA", b"\x1b\\"),
    "pm": (b"\x1b^", b"x", b"\x1b\\"),
    "sos": (b"\x1bX", b"x", b"\x1b\\"),
    "csi": (b"\x1b[", b"1;", b"m"),
    "cancelled": (b"\x1bP", b"x", b"\x18"),
}


def fed(data: bytes, size: int = 4096) -> Screen:
    screen = Screen(40, 5)
    for at in range(0, len(data), size):
        screen.feed(data[at : at + size])
    return screen


@pytest.mark.parametrize("name", SEQUENCES)
def test_what_does_not_end_is_cut_and_what_follows_is_shown(name):
    begin, body, end = SEQUENCES[name]
    unfinished = b"before " + begin + body * (300_000 // len(body))
    screen = fed(unfinished)
    snapshot = screen.snapshot()
    assert len(snapshot) < 64
    screen.feed(body * 1000 + end + b"after")
    assert screen.text()[0] == "before after"
    late = fed(snapshot)
    late.feed(body * 1000 + end + b"after")
    assert late.text()[0] == "before after"
    assert screen.facts().title == ""


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_long_sequence_that_ends_in_time_is_left_alone(name):
    begin, body, end = SEQUENCES[name]
    whole = begin + body * (SEQUENCE_MAX // 2 // len(body))
    screen = fed(whole)
    snapshot = screen.snapshot()
    assert snapshot.endswith(whole[-1000:])
    late = fed(snapshot + end + b"after")
    assert late.text()[0] == "after"


def test_only_what_belongs_to_the_sequence_is_kept_from_the_model():
    cutter = Cutter()
    assert not cutter.too_long(b"x" * 100_000, ground=True)
    assert not cutter.too_long(b"\x1b]0;" + b"x" * 60_000, ground=False)
    assert cutter.too_long(b"x" * 10_000, ground=False)
    cutter.cut(b"\x1b]0;xxx")
    assert cutter.rest(b"xxx") == b""
    assert cutter.beginning == b"\x1b]9999;"
    assert cutter.rest(b"x\x07shown") == b"shown"
    assert (cutter.rest(b"all"), cutter.beginning) == (b"all", b"")
    cutter.cut(b"\x1bPq")
    assert cutter.rest(b"\x07x\x1b[1mshown") == b"\x1b[1mshown"


HUGE = b"2147483647"


@pytest.mark.parametrize("final", "@ABCDEFGILMPSTXZbd`ae")
def test_huge_numbers_are_clamped(final):
    screen = fed(b"x\x1b[" + HUGE + final.encode() + b"\x1b[H\x1b[2Jdone")
    assert screen.text()[0] == "done"
    assert screen.history_size() <= 2**31 // 40


@pytest.mark.parametrize(
    "data",
    [
        b"x" + "\u0301".encode() * 100_000,
        b"".join(b"\x1b]8;;http://%d/\x07x\x1b]8;;\x07" % n for n in range(20_000)),
        b"".join(b"\x1b[38;2;%d;%d;%dmx" % (n & 255, n >> 8 & 255, n >> 16) for n in range(50_000)),
        b"\x1b[>1u" * 10_000 + b"\x1b7\x1b8" * 10_000 + b"\x1b[?1049h\x1b[?1049l" * 1000,
        b"\x1bc" * 500 + b"\x1b#8" * 500,
        b"\xf0\x9f" * 50_000 + b"\xff" * 1000,
    ],
    ids=["combining", "links", "styles", "stacks", "resets", "no utf-8"],
)
def test_a_million_of_one_thing_leaves_a_snapshot_of_a_screen(data):
    screen = fed(data)
    snapshot = screen.snapshot()
    assert len(snapshot) < 40 * 5 * 64
    assert fed(snapshot).text() == screen.text()


def test_what_a_title_or_a_link_carries_is_text():
    screen = fed("\x1b]2;a\u202eb\u0085c\x07\x1b]8;;http://x/\u0080y\x07z".encode() + b"\x1b]2;t\x9b2Jt\x07")
    snapshot = screen.snapshot()
    assert "\u202e".encode() not in snapshot
    assert b"\x9b" not in snapshot.replace("\u009b".encode(), b"")
    assert screen.facts().title.isprintable()


def test_what_the_library_cannot_encode_is_left():
    screen = fed(b"\x1b[31mred\x1b\x9e\x90")
    late = fed(screen.snapshot())
    for one in (screen, late):
        one.feed(b"\r\nmore")
        assert [line.rstrip("\ufffd") for line in one.text()[:2]] == ["red", "more"]
    assert b"31m" in screen.snapshot()
