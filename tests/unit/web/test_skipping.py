"""When a client is shown the newest screen instead of what it missed."""

from tether.web.skipping import APART_S, TYPED_BYTES, TYPED_S, Skipping


def test_who_wishes_for_everything_never_skips():
    skipping = Skipping()
    skipping.typed(10.0)
    assert not skipping.wanted(1 << 40, 10.0)


def test_one_skips_beyond_its_wish_and_sooner_after_it_has_typed():
    skipping = Skipping()
    skipping.wish = 1_000_000
    assert not skipping.wanted(1_000_000, 10.0)
    assert skipping.wanted(1_000_001, 10.0)
    skipping.typed(10.0)
    assert skipping.wanted(TYPED_BYTES + 1, 10.0 + TYPED_S / 2)
    assert not skipping.wanted(TYPED_BYTES, 10.0 + TYPED_S / 2)
    assert not skipping.wanted(TYPED_BYTES + 1, 10.0 + TYPED_S)
    skipping.wish = 100
    skipping.typed(20.0)
    assert skipping.wanted(101, 20.0), "typing never makes it wait for more than it wished"


def test_screens_are_apart():
    skipping = Skipping()
    assert skipping.wait(10.0) == 0
    skipping.shown(10.0)
    assert 0 < skipping.wait(10.01) < APART_S
    assert skipping.wait(10.0 + APART_S) == 0
