"""The keys that belong to Tether, in every encoding, however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.cli.detachkeys import (
    DETACH,
    HELP,
    HOLD_S,
    OBSERVE,
    PASS,
    PREFIX_S,
    TAKE,
    Act,
    Keys,
    Parser,
    is_typing,
    parse,
)
from tether.errors import TetherError
from tether.ptyworker.loan import stops

PREFIXES = (
    b"\x1c",
    b"\x1b[92;5u",
    b"\x1b[92;5:1u",
    b"\x1b[92:124;5u",
    b"\x1b[92;69u",  # with caps lock
    b"\x1b[92;133u",  # with num lock
    b"\x1b[223::92;5u",  # another layout's letter on the key of the backslash
    b"\x1b[27;5;92~",
)
LETTERS = (b"d", b"\x1b[100u", b"\x1b[100;1u", b"\x1b[100;1:1u", b"\x1b[27;1;100~", b"\x1b[100;129u")


def feed(parser: Parser, *pieces: bytes, now: float = 0.0) -> list[Act]:
    acts: list[Act] = []
    for piece in pieces:
        acts += parser.feed(piece, now)
    return acts


def joined(acts: list[Act]) -> bytes:
    return b"".join(act.data for act in acts if act.kind == PASS)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("letter", LETTERS)
def test_every_encoding_detaches_cut_at_every_byte(prefix: bytes, letter: bytes) -> None:
    whole = b"ab" + prefix + letter + b"yz"
    for cut in range(len(whole) + 1):
        acts = feed(Parser(Keys()), whole[:cut], whole[cut:])
        assert [act.kind for act in acts if act.kind != PASS] == [DETACH], (cut, acts)
        assert joined(acts) == b"abyz"
    acts = feed(Parser(Keys()), *(bytes([byte]) for byte in whole))
    assert [act.kind for act in acts if act.kind != PASS] == [DETACH]


@pytest.mark.parametrize(("letter", "kind"), [(b"t", TAKE), (b"o", OBSERVE), (b"?", HELP), (b"\x1b[47:63;2u", HELP)])
def test_other_letters(letter: bytes, kind: str) -> None:
    assert feed(Parser(Keys()), b"\x1c" + letter) == [Act(kind)]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_prefix_twice_sends_it_once(prefix: bytes) -> None:
    acts = feed(Parser(Keys()), prefix + prefix + b"d")
    assert acts == [Act(PASS, prefix + b"d")]


def test_an_unknown_letter_passes_both_on() -> None:
    assert feed(Parser(Keys()), b"\x1cx") == [Act(PASS, b"\x1cx")]
    assert feed(Parser(Keys()), b"\x1cD") == [Act(PASS, b"\x1cD")]
    assert feed(Parser(Keys()), b"\x1b[92;5u\x1b[A") == [Act(PASS, b"\x1b[92;5u\x1b[A")]


def test_a_prefix_alone_passes_after_a_second() -> None:
    parser = Parser(Keys())
    assert parser.feed(b"\x1c", 10.0) == []
    assert parser.deadline() == 10.0 + PREFIX_S
    assert parser.expire(10.5) == []
    assert parser.expire(10.0 + PREFIX_S) == [Act(PASS, b"\x1c")]
    assert parser.deadline() is None
    assert parser.feed(b"d", 12.0) == [Act(PASS, b"d")]


def test_letting_go_of_keys_is_no_letter() -> None:
    # kitty with event types: ctrl down, prefix down, prefix up, ctrl up, d down
    stream = b"\x1b[57442;5u\x1b[92;5u\x1b[92;5:3u\x1b[57442;1:3u\x1b[100u"
    acts = feed(Parser(Keys()), stream)
    assert acts[-1] == Act(DETACH)
    assert joined(acts) == b"\x1b[57442;5u"


def test_a_bare_escape_is_held_for_a_moment_only() -> None:
    parser = Parser(Keys())
    assert parser.feed(b"\x1b", 1.0) == []
    assert parser.deadline() == 1.0 + HOLD_S
    assert parser.expire(1.0 + HOLD_S) == [Act(PASS, b"\x1b")]


def test_ordinary_keys_are_never_held() -> None:
    for data in (b"a", "ž".encode(), b"\x1b[A", b"\x1bOP", b"\x1ba", b"\x1b[<0;1;1M", b"\x03", b"\x1b[3~"):
        assert feed(Parser(Keys()), data) == [Act(PASS, data)], data


def test_a_paste_is_passed_on_untouched() -> None:
    paste = b"\x1b[200~text \x1cd \x1b[92;5ud\x1b[201~"
    for cut in range(len(paste) + 1):
        acts = feed(Parser(Keys()), paste[:cut], paste[cut:], b"\x1cd")
        assert joined(acts) == paste, cut
        assert acts[-1] == Act(DETACH)


def test_other_keys_may_be_set() -> None:
    keys = parse("ctrl-] .")
    assert keys == Keys("]", ".")
    assert feed(Parser(keys), b"\x1d.") == [Act(DETACH)]
    assert feed(Parser(keys), b"\x1b[93;5u\x1b[46u") == [Act(DETACH)]
    assert feed(Parser(keys), b"\x1cd") == [Act(PASS, b"\x1cd")]
    assert feed(Parser(parse("Ctrl-A d")), b"\x01d") == [Act(DETACH)]


def test_none_turns_them_off() -> None:
    assert parse("none") is None
    assert feed(Parser(None), b"\x1cd\x1b") == [Act(PASS, b"\x1cd\x1b")]


@pytest.mark.parametrize("text", ["", "d", "ctrl-", "ctrl-\\", "ctrl-ab d", "ctrl-\\ dd", "ctrl-1 d", "alt-x d"])
def test_keys_that_can_not_be(text: str) -> None:
    with pytest.raises(TetherError):
        parse(text)


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_nothing_is_lost_or_reordered(pieces: list[bytes]) -> None:
    """What is typed without Tether's prefix arrives whole, whatever it is and however it is cut."""
    pieces = [piece.replace(b"\x1c", b"") for piece in pieces]
    if b"92" in b"".join(pieces):
        return
    parser = Parser(Keys())
    got = joined(feed(parser, *pieces)) + joined(parser.expire(1e9))
    assert got == b"".join(pieces)


def test_typing_is_told_from_answers() -> None:
    for data in (b"a", b"\r", b"\x1b[A", b"\x1b", b"\x1b[13u", b"x\x1b[I"):
        assert is_typing(data), data
    for data in (b"\x1b[?62;c", b"\x1b[24;80R", b"\x1b[I", b"\x1b[O", b"\x1b[<35;10;5M", b"\x1b]11;rgb:0/0/0\x07",
                 b"\x1bP>|xterm\x1b\\", b"\x1b[?1u", b"\x1b[0n", b"\x1b[?2026;2$y", b"\x1b[I\x1b[O"):  # fmt: skip
        assert not is_typing(data), data


TYPED = st.sampled_from(
    [b"a", b"\r", b"\x1b", b"\x1b[A", b"[", b"9", b"92", b";5u", b"\x1b[92;5u", b"\x1b[1234::92;5u", b":92;",
     b"\x1b[27;5;92~", b"\x1c", b"d", b"\x1b[200~", b"\x1b[201~", b"\x1b[27;5;9~", b"\x1bOP", b"\x1b[M \xff\xff",
     b"\x1b[<0;1;1M"]
)  # fmt: skip


@given(st.lists(st.lists(TYPED, max_size=4).map(b"".join), max_size=8))
def test_what_holds_no_stop_passes_a_parser_at_rest_and_changes_nothing(chunks: list[bytes]) -> None:
    parser, other = Parser(Keys()), Parser(Keys())
    pattern = stops(parser.stops())
    assert pattern is not None
    for chunk in chunks:
        if parser.at_rest and not pattern.search(chunk):
            # Somebody else read this one; the parser has never seen it.
            assert joined(other.feed(chunk, 0.0)) == chunk
            assert other.at_rest
        else:
            assert parser.feed(chunk, 0.0) == other.feed(chunk, 0.0)


@pytest.mark.parametrize(
    "keys", [b"\x1c", b"\x1b[92;5u", b"\x1b[92:124;5u", b"\x1b[1234::92;5u", b"\x1b[27;5;92~", b"\x1b[92;133:1u"]
)
def test_the_prefix_is_stopped_in_every_encoding_however_it_is_cut(keys: bytes) -> None:
    pattern = stops(Parser(Keys()).stops())
    assert pattern is not None
    for cut in range(1, len(keys) + 1):
        assert pattern.search(b"abc" + keys[:cut]), cut
    assert not pattern.search(b"plain: text; 92, \x1b[A and more")
    assert stops(Parser(None).stops()) is None
