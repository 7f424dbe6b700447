"""What refuses quickly refuses nothing that would be found: the first look at output, and at what follows a trigger."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.redact import kinds, scoring
from tether.redact import encoded
from tether.redact.finding import Finder
from tether.redact.lines import lines_of
from tether.redact.rules import shipped
from tether.redact.suspicion import FLOOD_BYTES, suspicious
from tether.redact.view import view_of

FINDER = Finder(shipped())
CUTS = (b"\r\n", b" | \r\n | ", b"\xe2\x94\x82\r\n\xe2\x94\x82 ", b"\r", b"\r\x1b[K$ ")
PIECES = (
    *(b"AKIA", b"akia", b"ghp_", b"api", b"key", b"=", b": ", b"-----BEGIN ", b"PRIVATE KEY", b"A" * 22, b"a" * 22),
    *(b"token ", b"password", b" is ", b"(", b"'", b'"', b", ", b"Bearer ", b"cookie: ", b"session=", b"://u:", b"@h"),
    *(b"k3J9", b"zQ8r5TtW", b" ", b"  ", b"word ", b"Word", b": str = ", b"value", b"<", b">", b"--"),
)
TEXTS = st.lists(st.sampled_from((*PIECES, *CUTS)), max_size=14).map(b"".join)


def unhurried() -> Finder:
    """Finds the same, and looks at every trigger."""
    finder = Finder(shipped())
    for literal, ways in finder._ways.items():
        finder._ways[literal] = [way._replace(may=None, needs=b"") for way in ways]
    finder.know([])
    return finder


UNHURRIED = unhurried()


@given(TEXTS, st.booleans())
@example(b"token : word AKIA: str = ", False)
@example(b"token: Foo, Bar = ", False)
@example(b"PRIVATE KEY=Word)|:=", True)
@example(b"password] (prod)=>://u:", False)
@settings(deadline=None)
def test_a_trigger_that_is_refused_quickly_was_none(text: bytes, final: bool) -> None:
    assert FINDER.find(text, (), final) == UNHURRIED.find(text, (), final)


@pytest.mark.parametrize("variant", ["plain", "notice"])
def test_nor_was_one_of_a_corpus(variant: str) -> None:
    for row in scoring.positives(5, [variant]):
        for text in (row.data, row.data[: len(row.data) // 2]):
            for final in (False, True):
                assert FINDER.find(text, (), final) == UNHURRIED.find(text, (), final)


@given(TEXTS, st.sampled_from((b"", b"1 y\r\n" * (FLOOD_BYTES // 5))))
@settings(deadline=None)
def test_what_is_found_by_looking_closely_was_suspicious(text: bytes, before: bytes) -> None:
    view = view_of(lines_of(text, 80), 80)
    found = [one for one in FINDER.find(view.text, view.joins) if not one.open]
    if found:
        assert suspicious(before + text, 0, FINDER, 80)


@pytest.mark.parametrize("finder", [FINDER, Finder(shipped(), plain=True)])
@pytest.mark.parametrize("cut", [b"\r\n", b" | \r\n | ", b"\xe2\x94\x82\r\n\xe2\x94\x82 "])
def test_a_flood_is_passed_over_when_nothing_is_in_it(finder: Finder, cut: bytes) -> None:
    assert finder.triggered_joined(b"AK" + cut + b"IA")
    assert finder.triggered_joined(b"the signing key")
    assert not finder.triggered_joined(b"akia")
    assert not finder.triggered(b"AK" + cut + b"IA")


def test_a_row_that_is_drawn_again_and_again_is_looked_at_once() -> None:
    """Each drawing remembered all before it: a long line that was typed took half a second for every key."""
    token = "ghp_" + kinds.take(random.Random(4), kinds.ALNUM, 36)
    data = b"".join(b"\r\x1b[K$ use " + token[:size].encode() for size in range(len(token) + 1))
    (*_, line) = lines_of(data + b"\r\n", 80)[:-1]
    assert line.text == b"$ use " + token.encode()
    places = view_of(lines_of(data + b"\r\n", 80), 80).places(10, 46)
    assert len(places) == sum(range(1, 37))
    assert {data[place] for place in places} <= set(token[4:].encode())


def test_what_only_begins_like_base64_of_a_token_is_none() -> None:
    """It could not be decoded, and the masker ended with an error."""
    r = random.Random(6)
    beginnings = [
        text
        for rule in shipped().token
        if rule.encoded
        for prefix in sorted(rule.prefixes)
        for text, _ in encoded.encodings(prefix)
    ]
    alphabet = kinds.URL64 + "+/="
    for number in range(4000):
        text = r.choice(beginnings) + kinds.take(r, alphabet, r.choice([0, 1, 2, 3, 5, 40])).encode()
        FINDER.find(kinds.take(r, alphabet, r.randrange(4)).encode() + text, (), final=bool(number & 1))
