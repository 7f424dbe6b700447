"""Keys sort as sessions age and events happen; a row's price is what LMDB asks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.store.keyspace import KEY_BYTES, event_key, first_key, last_key, row_bytes, split_key

sids = st.binary(min_size=16, max_size=16)
seqs = st.integers(0, (1 << 64) - 1)


@given(sids, seqs, sids, seqs)
def test_keys_sort_by_session_then_number(sid, seq, other, other_seq):
    assert (event_key(sid, seq) < event_key(other, other_seq)) == ((sid, seq) < (other, other_seq))


@given(sids, seqs)
def test_a_key_holds_its_session_and_number(sid, seq):
    key = event_key(sid, seq)
    assert len(key) == KEY_BYTES
    assert split_key(key) == (sid, seq)
    assert split_key(memoryview(key)) == (sid, seq)
    assert first_key(sid) <= key <= last_key(sid)


def test_other_keys_are_refused():
    with pytest.raises(ValueError, match="not an event"):
        split_key(b"short")
    with pytest.raises(OverflowError):
        event_key(bytes(16), 1 << 64)


@given(st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_larger_body_never_costs_less(one, other):
    small, large = sorted((one, other))
    assert row_bytes(small) <= row_bytes(large)


def test_the_price_is_that_of_whole_pages():
    assert 32_768 < row_bytes(32_040) < 33_000  # eight pages: 3 % more than the body
    assert row_bytes(4096) > 8000  # two pages for a little more than one
    assert row_bytes(100) < 250
