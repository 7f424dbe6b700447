"""The stream masker: what leaves is what came but for the secrets, however it is cut."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.redact import scenes, scoring
from tests.redact.kinds import ALNUM, B64, take
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.stream import HOLD_MAX, Masker

FINDER = Finder(shipped())
RANDOM = random.Random(7)
TOKEN = "ghp_" + take(RANDOM, ALNUM, 36)
BODY = TOKEN[4:]
ROWS = list(scoring.positives(11, ["plain", "sgr", "wrap", "indent", "box"]))
PIECES = [
    *(b"password=", b"token: ", TOKEN.encode(), b"://u:", b"@h", b"eyJ", b"AKIA", b"-----BEGIN RSA PRIVATE KEY-----"),
    *(b"\x1b[31m", b"\x1b]0;", b"\x07", b"\r\n", b"\x08 \x08", "│ ".encode(), b"\x1b[5;10H", b" \r"),
    *(b"\xc2\x9d0;", b"\x1bP", b"\x1b\\"),
]


def masked(chunks: list[bytes], cols: int = 80) -> bytes:
    masker = Masker(FINDER, cols)
    return b"".join([*(masker.feed(chunk) for chunk in chunks), masker.flush()])


@given(st.sampled_from(ROWS), st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_any_cut_gives_the_same(row: scenes.Row, r: random.Random) -> None:
    pieces = scenes.cut(row.data, lambda: r.choice([1, 2, 3, 7, 30, 400]))
    assert masked(pieces) == masked([row.data])


@given(st.lists(st.binary(max_size=40) | st.sampled_from(PIECES), max_size=30))
@settings(max_examples=200, deadline=None)
def test_the_length_stays_and_nothing_but_printable_ascii_changes(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    out = masked(pieces)
    assert len(out) == len(data)
    for before, after in zip(data, out, strict=True):
        assert before == after or (33 <= before <= 126)
    # Sequences are whole: the clipboard's payload may be encoded anew, all else stays.
    if b"52;" not in data and b"\x1b]" not in data and b"\xc2\x9d" not in data:
        pattern = re.compile(rb"\x1b\[[\x20-\x3f]*[\x40-\x7e]")
        assert [m.span() for m in pattern.finditer(data)] == [m.span() for m in pattern.finditer(out)]


def test_nothing_is_held_before_a_trigger_is_complete() -> None:
    masker = Masker(FINDER)
    for char in b"$ echo hello world, ls -la /usr/share; ghp":
        assert masker.feed(bytes([char])) == bytes([char])
        assert not masker.holding


def test_only_the_value_is_held_and_the_prefix_is_shown() -> None:
    masker = Masker(FINDER)
    assert masker.feed(b"using " + TOKEN[:20].encode()) == b"using ghp_"
    assert masker.holding
    assert masker.feed(TOKEN[20:].encode() + b" ok\r\n") == b"*" * 36 + b" ok\r\n"
    assert not masker.holding


def test_silence_releases_what_waits_hidden_and_goes_on_hiding() -> None:
    masker = Masker(FINDER)
    masker.feed(b"DB_PASSWORD=hunter")
    assert masker.silent() == b"******"
    assert not masker.holding
    assert masker.feed(b"2!x") == b"***"
    assert masker.feed(b"9\r\n$ ls\r\n") == b"*\r\n$ ls\r\n"


def test_silence_shows_the_beginning_of_what_only_might_be_a_token() -> None:
    masker = Masker(FINDER)
    assert masker.feed(b"npm_con") == b"npm_"
    assert masker.silent() == b"con"
    assert masker.feed(b"fig_cache=1\r\n") == b"fig_cache=1\r\n"


def test_an_unfinished_sequence_waits_and_is_no_secret() -> None:
    masker = Masker(FINDER)
    assert masker.feed(b"ok\x1b[3") == b"ok"
    assert not masker.holding
    assert masker.silent() == b""
    assert masker.feed(b"1mred") == b"\x1b[31mred"


@pytest.mark.parametrize(
    "text",
    [
        "\x1b]0;curl -H 'Authorization: Bearer {t}'\x07",
        "\x1b]8;;https://ci:{t}@host/x\x1b\\link\x1b]8;;\x1b\\",
        "\x1b]9;done {t}\x07",
        "\x1b]777;notify;x;{t}\x07",
        "\x1b]7;file://h/{t}\x1b\\",
        "\xc2\x9d0;{t}\x07",
    ],
)
def test_strings_beside_the_text_are_covered(text: str) -> None:
    data = text.replace("{t}", TOKEN).encode("latin-1")
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        out = masked(pieces)
        assert BODY[:8].encode() not in out
        assert len(out) == len(data)


def test_a_long_string_that_never_ends_is_hidden_and_is_not_kept() -> None:
    masker = Masker(FINDER)
    out = masker.feed(b"\x1b]0;" + b"x" * 6000 + TOKEN.encode())
    for _ in range(50):
        out += masker.feed(TOKEN.encode() * 10)
    assert BODY.encode() not in out
    assert masker.feed(b"\x07after") == b"\x07after"


def test_an_image_passes() -> None:
    image = b"\x1b]1337;File=inline=1:" + take(RANDOM, B64, 9000).encode() + b"\x07"
    sixel = b"\x1bPq" + b"#0;2;0;0;0~~@@vv@@" * 500 + b"\x1b\\"
    for data in (image, sixel):
        assert masked([data[i : i + 700] for i in range(0, len(data), 700)]) == data


def test_a_key_in_armour_is_hidden_line_by_line() -> None:
    lines = [take(RANDOM, B64, 64) for _ in range(12)]
    text = (
        "-----BEGIN OPENSSH PRIVATE KEY-----\r\n"
        + "\r\n".join(lines)
        + "\r\n-----END OPENSSH PRIVATE KEY-----\r\n$ ls\r\n"
    )
    out = masked([text.encode()])
    assert out.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----\r\n****")
    assert out.endswith(b"*\r\n-----END OPENSSH PRIVATE KEY-----\r\n$ ls\r\n")
    masker = Masker(FINDER)
    shown = b"".join(masker.feed(text.encode()[i : i + 9]) for i in range(0, 400, 9))
    assert len(shown) > 300, "a key is hidden as it comes, not held back"


def test_a_value_without_an_end_does_not_stop_the_stream() -> None:
    masker = Masker(FINDER)
    shown = masker.feed(b"token=" + take(RANDOM, ALNUM, 20).encode())
    for _ in range(400):
        shown += masker.feed(take(RANDOM, ALNUM, 100).encode())
    assert len(shown) > 40_000 - HOLD_MAX
    assert set(shown[6:]) == {42}


@pytest.mark.parametrize("cols", [40, 80, 120])
@pytest.mark.parametrize("step", [1, 7, 4096])
@pytest.mark.parametrize("between", ["\r\n", "\n", "\r\n    ", "\r\n\u2502 "])
def test_a_program_that_wraps_at_a_width_of_its_own_hides_nothing_from_it(cols: int, step: int, between: str) -> None:
    text = "x" * 20 + " " + TOKEN
    data = (text[:40] + between + text[40:] + " ok\r\n").encode()
    out = masked([data[at : at + step] for at in range(0, len(data), step)], cols)
    assert out.startswith(b"x" * 20 + b" ghp_***")
    assert out.endswith(b"*** ok\r\n")
    assert BODY[20:30].encode() not in out


@pytest.mark.parametrize(
    "text",
    [
        b"the token of the session is abc\r\n3f2a9c1 fix the parser\r\n",
        b"2026-03-04 10:00:00 password\r\n2026-03-04 10:00:01 key\r\n",
        b"    12)     password = None\r\nc1cfff4a (Jo Doe 2026-01-02)\r\n",
        b"export GITHUB_TOKEN=$TOKEN\r\nNODE_ENV=production\r\nPORT=3000\r\n",
    ],
)
def test_lines_that_only_follow_one_another_are_left_alone(text: bytes) -> None:
    assert masked([text]) == text
    assert masked([bytes([c]) for c in text]) == text


def test_a_line_after_a_whole_secret_is_no_part_of_it() -> None:
    data = b"      export GITHUB_TOKEN=" + TOKEN.encode() + b"\r\nNODE_ENV=production\r\n"
    assert masked([data]) == b"      export GITHUB_TOKEN=" + b"*" * 40 + b"\r\nNODE_ENV=production\r\n"


def test_silence_shows_what_only_a_next_line_could_make_a_secret() -> None:
    masker = Masker(FINDER)
    assert masker.feed(b"this is the token: abc\r\n") == b"this is the token: "
    assert masker.silent() == b"abc\r\n"


def test_a_placeholder_a_number_and_code_are_left_alone() -> None:
    for text in (
        b"password=changeme\r\n",
        b"max_tokens=4096\r\n",
        b"token = get_token()\r\n",
        b"ghp_" + b"x" * 36 + b"\r\n",
    ):
        assert masked([text]) == text


def test_what_a_line_shows_while_it_is_typed_is_hidden_in_each_of_its_drawings() -> None:
    data = b"".join(b"\r\x1b[K$ use " + TOKEN[:size].encode() for size in range(len(TOKEN) + 1)) + b"\r\n$ "
    for step in (1, 17, 60, len(data)):
        out = masked([data[at : at + step] for at in range(0, len(data), step)])
        assert BODY[:2].encode() not in out
        assert out.count(b"use ghp_") == 37


def test_a_wrong_key_in_a_token_that_is_typed_shows_nothing_of_it() -> None:
    token = b"sqp_" + take(RANDOM, "0123456789abcdef", 40).encode()
    masker = Masker(FINDER)
    assert masker.feed(b"$ use " + token[:20] + b"y") == b"$ use sqp_"
    assert masker.feed(b"\x08 \x08" + token[20:] + b"\r\n") == b"*" * 17 + b"\x08 \x08" + b"*" * 24 + b"\r\n"


def test_what_was_held_too_long_leaves_once() -> None:
    """It left twice, when more than is held back had come with it."""
    data = b"".join(b"\r\x1b[K$ " + b"word " * 30 + TOKEN[:size].encode() for size in range(5, 40)) * 3
    assert len(data) > HOLD_MAX
    assert len(masked([data[at : at + 700] for at in range(0, len(data), 700)])) == len(data)


def test_a_word_below_a_question_for_a_password_holds_up_nothing() -> None:
    """A quote that a full line leaves open was taken for the end of what had come."""
    line = b"x" * 58 + b"getpass('Password: ')\r\n"
    masker = Masker(FINDER)
    assert masker.feed(line + b"token = x.get('a')\r\nnext line\r\n") == line + b"token = x.get('a')\r\nnext line\r\n"


def test_a_token_behind_a_title_that_was_cut_off_is_hidden() -> None:
    parts = [b"\x1b]0;t ", b"\x1b[3", b"mtext", b" " + TOKEN.encode(), b"\x1b[3", b"\x1b[3"]
    assert BODY[:8].encode() not in masked(parts)


def test_a_line_of_sixty_is_not_taken_for_a_full_one() -> None:
    """A first look joined it with the next, in which a sentence began, and let the first letters of a token pass."""
    line = b"On branch main. Your branch is up to date with 'origin/main'.\r\n"
    masker = Masker(FINDER)
    assert masker.feed(line + b"Using credential sJ") == line + b"Using credential "


def test_the_beginning_of_a_next_line_is_no_word_before_it_ends() -> None:
    """Two letters that looked like a word passed, of a value that the edge had cut."""
    masker = Masker(FINDER)
    line = b"INFO " * 8 + b'"webhookSecret": "lQ30Dw5dWJD0WruYtwAGb\r\n'
    out = masker.feed(line + b"Ke") + masker.feed(b'nAs2"\r\n')
    assert out.endswith(b'***\r\n******"\r\n')
