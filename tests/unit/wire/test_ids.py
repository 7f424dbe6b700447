"""Session ids: what they hold, how people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.wire import ids

times = st.integers(min_value=0, max_value=(1 << 48) - 1)
five = st.binary(min_size=5, max_size=5)


@given(times, five, five)
def test_an_id_holds_its_time_its_name_and_its_machine(now_ms: int, random: bytes, machine: bytes) -> None:
    sid = ids.make_session_id(now_ms, random, machine)
    assert len(sid) == 16
    assert ids.created_ms(sid) == now_ms
    assert ids.public_id(sid) == ids.base32(random)
    assert ids.machine_id(sid) == ids.base32(machine)
    assert ids.is_session_id(sid) == (sid != ids.NO_SESSION)


@given(times, times, five, five)
def test_ids_sort_by_age(earlier: int, later: int, random: bytes, machine: bytes) -> None:
    made = [ids.make_session_id(at, random, machine) for at in (earlier, later)]
    assert (made[0] <= made[1]) == (earlier <= later)


@given(five)
def test_a_public_id_is_its_own_normal_form(random: bytes) -> None:
    public = ids.base32(random)
    assert len(public) == ids.PUBLIC_CHARS
    for length in range(1, len(public) + 1):
        assert ids.normalise_public(public[:length]) == public[:length]
        assert ids.normalise_public(f" {public[:length].upper()}\n") == public[:length]


@given(five, five)
def test_two_names_are_equal_only_when_their_bytes_are(one: bytes, other: bytes) -> None:
    assert (ids.base32(one) == ids.base32(other)) == (one == other)


@pytest.mark.parametrize(("typed", "meant"), [("O0iIlL11", "00111111"), ("K3V9", "k3v9"), ("  a ", "a")])
def test_letters_that_look_alike_are_read_alike(typed: str, meant: str) -> None:
    assert ids.normalise_public(typed) == meant


@pytest.mark.parametrize("typed", ["", "   ", "u", "k3v9x0pqz", "k3-v9", "../etc", "k3v9\0", "ä", "k3 v9"])
def test_what_cannot_be_a_name_is_none(typed: str) -> None:
    assert ids.normalise_public(typed) is None


@pytest.mark.parametrize(("random", "machine"), [(b"1234", b"12345"), (b"12345", b"123456"), (b"", b"")])
def test_wrong_lengths_are_refused(random: bytes, machine: bytes) -> None:
    with pytest.raises(ValueError, match="5 random bytes"):
        ids.make_session_id(0, random, machine)


def test_the_null_id_and_odd_lengths_are_no_session() -> None:
    assert not ids.is_session_id(ids.NO_SESSION)
    assert not ids.is_session_id(b"short")
    assert ids.is_client_id(bytes(16))
    assert not ids.is_client_id(bytes(15))
