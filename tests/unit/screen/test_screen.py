"""A snapshot written to a fresh screen makes the same screen, wherever the output was cut."""

import subprocess
import sys

import pytest

from tests.support.screenstate import state
from tether.screen import Screen, ScreenUnavailable, binding, terminal, unavailable
from tether.screen.capture import CaptureFailed

COLS, ROWS = 24, 6

STREAMS = {
    "text": b"hello\r\nworld\r\n" * 5 + b"end",
    "styles": b"\x1b[1;31mred\x1b[0m \x1b[4:3;58:5:9mcurl\x1b[m \x1b[38;2;1;2;3;48;5;200mrgb\x1b[7minv\x1b[m\r\nx",
    "background erased": b"a\x1b[44m\x1b[K\x1b[m\r\n\x1b[42mb\x1b[3X\x1b[5Cc\x1b[m\x1b[3;1Hd",
    "soft wrap": b"0123456789" * 7 + b"\r\nnext",
    "wrap with a background": b"\x1b[45m" + b"ab" * 13 + b"\x1b[m\r\n" * 6 + b"\x1b[41m" + b"xy" * 15 + b"\x1b[m",
    "wrap pending": b"\x1b[31m" + b"x" * COLS,
    "unicode": "中文字中文字中文字中文字中文字 é❤️👩‍💻e\u0301\u0302 ░ 한국어".encode(),
    "alternate": b"shell$ vi\r\n\x1b[?1049h\x1b[2J\x1b[1;1Hfull\x1b[3;3H\x1b[7mscreen\x1b[m\x1b[?1049lback",
    "saved cursors": b"\x1b[2;3H\x1b[32m\x1b7\x1b[m\x1b[5;5H\x1b[?1049h\x1b[4;4H\x1b7\x1b[Hx\x1b8y\x1b[?1049l\x1b8z",
    "margins and origin": b"\x1b[2;4r\x1b[?6h\x1b[2;2Hin\r\n\r\n\r\n\r\nscrolled\x1b[?6l\x1b[1;1Hout",
    "modes": b"\x1b[?2004;1004;1003;1006h\x1b[?1h\x1b=\x1b[?25l\x1b[4hins\x1b[2Gert\x1b[4l\x1b[?7l" + b"w" * 30,
    "tabs": b"\x1b[3g\x1b[5G\x1bH\x1b[11G\x1bH\r\ta\tb\tc",
    "charsets": b"\x1b(0lqqk\x1b(B ab \x1b)0\x0elqk\x0f q",
    "colours": b"\x1b]4;1;rgb:11/22/33\x07\x1b]10;#445566\x07\x1b[31mx\x1b]104;1\x07y",
    "title and links": b"\x1b]0;a title\x07\x1b]8;id=a;http://x.y/\x1b\\link\x1b]8;;\x1b\\ \x1b]8;;http://z/\x07more",
    "keyboard": b"\x1b[>1u\x1b[>7u\x1b[<u\x1b[?1049h\x1b[>5ux\x1b[?1049ly",
    "repeat": b"ab\x1b[5bc\x1b[31m-\x1b[3b",
    "protected": b'\x1b[1"qkeep\x1b[0"qgo\r\x1b[?K',
    "scroll": b"\x1b[3;5r\x1b[5;1H1\n2\n3\x1bM\x1b[2S\x1b[T\x1b[L\x1b[P\x1b[@x",
}


@pytest.fixture(autouse=True, scope="module")
def _emulator():
    if unavailable():
        pytest.skip(unavailable())


def made(*parts: bytes) -> Screen:
    screen = Screen(COLS, ROWS)
    for part in parts:
        screen.feed(part)
    return screen


@pytest.mark.parametrize("name", STREAMS)
def test_a_snapshot_makes_the_same_screen_at_every_cut(name):
    data = STREAMS[name]
    whole = state(made(data))
    for cut in range(len(data) + 1):
        snapshot = made(data[:cut]).snapshot(50)
        resumed = state(made(snapshot, data[cut:]))
        for key, wanted in whole.items():
            assert resumed[key] == wanted, (key, cut, data[:cut], snapshot)


def test_only_as_much_scrollback_as_is_asked_for():
    screen = Screen(80, 24)
    for line in range(5000):
        screen.feed(b"line %d\r\n" % line)
    assert b"line 4976" not in screen.snapshot(0)
    some = screen.snapshot(100)
    assert b"line 4976" in some
    assert b"line 4877\r\n" in some
    assert b"line 4876\r\n" not in some
    assert screen.history_size() == 5000 - 23
    assert len(screen.snapshot(10_000)) > len(some) * 20


def test_scrollback_by_pages():
    screen = Screen(10, 3)
    screen.feed(b"".join(b"\x1b[3%dm%d\x1b[m\r\n" % (n % 8, n) for n in range(100)) + b"0123456789abc")
    assert screen.history_size() == 99
    assert [line.text for line in screen.history(0, 2)] == ["0", "1"]
    (line,) = screen.history(41, 1)
    assert (line.text, line.ansi, line.wrapped) == ("41", b"\x1b[0;31m41\x1b[m", False)
    assert [line.text for line in screen.history(97, 10)] == ["97", "98"]
    assert screen.history(200, 5) == []


def test_text_and_facts():
    screen = made(b"\x1b]2;my title\x07one\r\n  two  \x1b[?2004h\x1b[?1002;1006h\x1b[?25l\x1b[?2026h")
    assert screen.text() == ["one", "  two", "", "", "", ""]
    facts = screen.facts()
    assert (facts.x, facts.y, facts.cursor_visible, facts.alternate) == (7, 1, False, False)
    assert facts.title == "my title"
    assert facts.bracketed_paste
    assert facts.synchronized
    assert (facts.mouse, facts.mouse_format) == (1002, 1006)
    screen.feed(b"\x1b]2;" + b"t" * 500 + b"\x07\x1b[?1049hx\x1b[>5u")
    facts = screen.facts()
    assert (len(facts.title), facts.alternate, facts.kitty_keyboard) == (120, True, 5)


def test_a_frame_that_is_being_drawn_does_not_freeze_the_client():
    assert b"2026" not in made(b"\x1b[?2026hhalf a frame").snapshot()


def test_resize_flows_anew():
    screen = made(b"0123456789" * 4)
    screen.resize(10, 6)
    assert screen.text() == ["0123456789"] * 4 + ["", ""]
    screen.resize(40, 6)
    assert screen.text()[0] == "0123456789" * 4
    screen.resize(0, 100_000)
    assert (screen.cols, screen.rows) == (1, 1000)


def test_questions_are_answered_once_and_no_better_than_clients_can():
    replies: list[bytes] = []
    screen = Screen(80, 24, on_reply=replies.append)
    screen.feed(b"\x1b[5;7H\x1b[6n\x1b[c\x1b[?u\x1b[?2027$p\x1b[?2004$p\x1b]11;?\x07\x1b[>q\x1b_Gi=1,a=q;AAAA\x1b\\")
    assert replies == [
        b"\x1b[5;7R", b"\x1b[?62;22c", b"\x1b[?2027;0$y", b"\x1b[?2004;2$y", b"\x1b]11;rgb:0d0d/1111/1717\x07",
        b"\x1bP>|tether\x1b\\",
    ]  # fmt: skip
    screen.feed(b"\x1b]4;1;?\x07")
    assert replies.pop() == b"\x1b]4;1;rgb:ffff/7b7b/7272\x07"
    made(screen.snapshot())
    assert len(replies) == 6


def test_grapheme_clusters_stay_off():
    screen = made(b"\x1b[?2027h", "👩‍👩‍👧".encode())
    assert screen.facts().x == 6


@pytest.mark.parametrize("cut", range(1, 9))
def test_grapheme_clusters_stay_off_however_they_are_asked_for(cut):
    data = b"\x1b[?2027h" + "👩‍👩‍👧".encode()
    assert made(data[:cut], data[cut:]).facts().x == 6


def test_compress_keeps_everything():
    screen = Screen(80, 24)
    screen.feed(b"".join(b"\x1b[32mline %d\x1b[m\r\n" % n for n in range(3000)))
    before = screen.snapshot(3000)
    screen.compress()
    assert screen.snapshot(3000) == before


def test_a_state_that_cannot_be_encoded_still_shows(monkeypatch):
    screen = made(b"one\r\n\x1b[31mtwo")

    def fail(*_):
        raise CaptureFailed("for the test")

    monkeypatch.setattr(terminal, "capture", fail)
    shown = made(screen.snapshot(10))
    assert shown.text() == ["one", "two", "", "", "", ""]
    assert screen.facts().x == 3
    assert screen.history(0, 10) == []
    assert screen.styled()[1] == b"two"


def test_importing_it_opens_nothing():
    code = "import sys, tether.screen, tether.screen.queries; print('_cffi_backend' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("path", "why"), [("/nowhere/lib.so", "/nowhere/lib.so"), ("libm.so.6", "ghostty_build_info")])
def test_no_library_is_said(monkeypatch, path, why):
    monkeypatch.setenv("TETHER_GHOSTTY_LIBRARY", path)
    binding.library.cache_clear()
    terminal._checked.cache_clear()
    try:
        assert why in unavailable()
        with pytest.raises(ScreenUnavailable, match="no terminal emulator"):
            Screen(80, 24)
    finally:
        binding.library.cache_clear()
        terminal._checked.cache_clear()


def test_one_that_was_made_ahead_becomes_what_a_new_one_would_be():
    told: list[bytes] = []
    ready = Screen(80, 24, on_reply=lambda _reply: None)
    ready.begin(COLS, ROWS, 500, told.append)
    fresh = Screen(COLS, ROWS, scrollback_lines=500)
    for screen in (ready, fresh):
        for stream in STREAMS.values():
            screen.feed(stream + b"\r\n" * 20)
    assert state(ready) == state(fresh)
    assert ready.history_size() == fresh.history_size() > 0
    ready.feed(b"\x1b[5n")
    assert told[-1] == b"\x1b[0n"


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_soft_reset_is_known_wherever_it_is_cut(cut):
    data = b"\x1b[4h\x1b[?2004h\x1b[3;6r\x1b[5;7Hx\x1b[!p"
    screen = Screen(40, 10)
    screen.feed(data[: -5 + cut])
    screen.feed(data[-5 + cut :])
    facts = screen.facts()
    assert (facts.insert, facts.bracketed_paste, facts.x, facts.y) == (False, False, 7, 4)
    screen.feed(b"\x1b[10;1H\n")
    assert screen.text()[3] == "      x"
    screen.close()


def test_what_only_looks_like_a_soft_reset_is_none():
    screen = Screen(40, 10)
    for piece in (b"\x1b[?2004h!p", b"\x1b", b"[!", b"q", b"p", b"a!", b"\x1b[", b"!"):
        screen.feed(piece)
    assert screen.facts().bracketed_paste
    screen.close()


def test_a_flag_is_two_columns_wherever_it_is_cut():
    data = "x\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 \U0001f468\u200d\U0001f469.".encode()
    for one in range(len(data) + 1):
        for other in range(one, min(len(data), one + 4) + 1):
            screen = Screen(40, 3)
            for piece in (data[:one], data[one:other], data[other:]):
                screen.feed(piece)
            # x, two flags, a space, and two people that are none: each two columns.
            assert (screen.facts().x, screen.text()[0]) == (1 + 4 + 1 + 4 + 1, data.decode()), (one, other)
            screen.close()
