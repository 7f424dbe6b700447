"""The first look: is there any trigger at all? It may say yes too often, and never no where something is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.view import squeezed

FINDER = Finder(shipped())
PLAIN = Finder(shipped(), plain=True)
CUTS = (b"\r\n", b" | \r\n | ", b"\xe2\x94\x82\r\n\xe2\x94\x82 ")
PIECES = (b"AKIA", b"akia", b"ghp_", b"api", b"key", b"=", b": ", b"-----BEGIN ", b"PRIVATE KEY", b"A" * 22, b"a" * 22)


@pytest.mark.parametrize("finder", [FINDER, PLAIN])
def test_small_letters_are_no_trigger_of_capitals(finder: Finder) -> None:
    assert finder.triggered_joined(b"AKIA", exact=True)
    assert not finder.triggered_joined(b"akia", exact=True)
    assert finder.triggered_joined(b"akia")


@pytest.mark.parametrize("cut", CUTS)
def test_a_trigger_that_lines_cut_is_one(cut: bytes) -> None:
    assert not FINDER.triggered(b"AK" + cut + b"IA")
    assert FINDER.triggered_joined(b"AK" + cut + b"IA")


def test_a_trigger_that_holds_a_blank_is_looked_for_as_it_is() -> None:
    for exact in (False, True):
        assert FINDER.triggered_joined(b"the signing key", exact)
        assert FINDER.triggered_joined(b"-----BEGIN ", exact)


@given(st.lists(st.sampled_from((*PIECES, *CUTS, b"k3J9", b"zQ8r5TtW", b" ")), max_size=12))
def test_where_something_is_found_there_is_a_trigger(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    whole, joins, _ = squeezed(text, 80)
    if FINDER.find(text) or FINDER.find(whole, joins):
        assert FINDER.triggered_joined(text, exact=True)
    if FINDER.triggered(text):
        assert FINDER.triggered_joined(text)
