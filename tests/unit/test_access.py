"""Tickets and cookies: once, in time, and nothing that is kept can be turned back into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether import access

TOKEN = "ab" * 32
NOW = 1000.0


def test_a_ticket_is_good_once_and_in_its_time():
    tickets = access.Tickets()
    for name in ("one", "two", "three"):
        tickets.issue(name, NOW)
    assert tickets.redeem("one", NOW + access.TICKET_TTL_S)
    assert not tickets.redeem("one", NOW)
    assert not tickets.redeem("two", NOW + access.TICKET_TTL_S + 1)
    assert not tickets.redeem("two", NOW), "also the late try has used it up"
    assert not tickets.redeem("four", NOW)
    assert not tickets.redeem("three" * 100, NOW)


def test_of_too_many_tickets_the_oldest_gives_way():
    tickets = access.Tickets(limit=2)
    for name in ("one", "two", "three"):
        tickets.issue(name, NOW)
    assert [tickets.redeem(name, NOW) for name in ("one", "two", "three")] == [False, True, True]


def test_another_owner_token_voids_every_cookie():
    assert access.cookie_digest(TOKEN, "c") != access.cookie_digest("cd" * 32, "c")
    assert access.cookie_digest("", "c") == access.cookie_digest(TOKEN, "") == ""
    assert access.cookie_digest(TOKEN, "c" * 1000) == access.cookie_digest(TOKEN, "ü") == ""


def test_a_secret_has_all_its_bytes():
    assert len(access.secret(bytes(32))) == 43
    with pytest.raises(ValueError, match="32 bytes"):
        access.secret(bytes(16))


@given(st.text(max_size=400))
def test_nothing_but_the_token_is_the_token(shown: str):
    assert access.check_bearer(TOKEN, shown) == (shown == TOKEN)
    assert not access.check_bearer("", shown)
    access.cookie_digest(TOKEN, shown)
    assert not access.Tickets().redeem(shown, NOW)


def test_the_cookies_name_holds_the_port():
    assert access.cookie_name(4789) != access.cookie_name(4790)
