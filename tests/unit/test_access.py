"""Tickets, cookies, bearer tokens: what opens the door, and what does not."""

import pytest

from tether import access

TOKEN = "0f" * 32
NOW = 1_800_000_000
NONCE = bytes(range(16))


def test_a_ticket_is_good_for_ten_minutes():
    ticket = access.make_ticket(TOKEN, NOW, NONCE)
    assert access.check_ticket(TOKEN, ticket, NOW) is not None
    assert access.check_ticket(TOKEN, ticket, NOW + access.TICKET_TTL_S) is not None
    assert access.check_ticket(TOKEN, ticket, NOW + access.TICKET_TTL_S + 1) is None


def test_a_ticket_from_the_future_is_forged_unless_the_clock_was_set_back_a_little():
    ticket = access.make_ticket(TOKEN, NOW, NONCE)
    assert access.check_ticket(TOKEN, ticket, NOW - access.CLOCK_SKEW_S) is not None
    assert access.check_ticket(TOKEN, ticket, NOW - access.CLOCK_SKEW_S - 1) is None


def test_another_owner_token_voids_everything():
    other = "f0" * 32
    assert access.check_ticket(other, access.make_ticket(TOKEN, NOW, NONCE), NOW) is None
    assert access.check_cookie(other, access.make_cookie(TOKEN, NOW, NONCE), NOW) is None
    assert not access.check_bearer(other, TOKEN)


def test_a_ticket_is_no_cookie_and_a_cookie_no_ticket():
    assert access.check_cookie(TOKEN, access.make_ticket(TOKEN, NOW, NONCE), NOW) is None
    assert access.check_ticket(TOKEN, access.make_cookie(TOKEN, NOW, NONCE), NOW) is None


def test_a_cookie_is_good_for_thirty_days():
    cookie = access.make_cookie(TOKEN, NOW, NONCE)
    assert access.check_cookie(TOKEN, cookie, NOW + access.COOKIE_TTL_S) is not None
    assert access.check_cookie(TOKEN, cookie, NOW + access.COOKIE_TTL_S + 1) is None


@pytest.mark.parametrize("at", range(0, 75, 7))
def test_one_changed_character_spoils_a_ticket(at: int):
    ticket = access.make_ticket(TOKEN, NOW, NONCE)
    changed = ticket[:at] + ("A" if ticket[at] != "A" else "B") + ticket[at + 1 :]
    assert access.check_ticket(TOKEN, changed, NOW) is None


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é.b.c", "x" * 300, "\ud800", "6b49d200.AAAA"])
def test_what_is_no_ticket_is_none_and_no_error(text: str):
    assert access.check_ticket(TOKEN, text, NOW) is None
    assert access.check_cookie(TOKEN, text, NOW) is None


def test_an_empty_owner_token_vouches_for_nothing():
    assert access.check_ticket("", access.make_ticket("", NOW, NONCE), NOW) is None
    assert not access.check_bearer("", "")


def test_a_bearer_token_must_be_the_whole_token():
    assert access.check_bearer(TOKEN, TOKEN)
    for shown in (TOKEN[:-1], TOKEN + "0", TOKEN.upper(), "", "é"):
        assert not access.check_bearer(TOKEN, shown)


def test_a_nonce_has_sixteen_bytes():
    with pytest.raises(ValueError, match="16"):
        access.make_ticket(TOKEN, NOW, b"short")


def test_a_nonce_is_used_once_and_forgotten_only_when_its_ticket_is_worthless():
    used = access.UsedNonces(limit=2)
    assert used.use("a", NOW)
    assert not used.use("a", NOW + access.TICKET_TTL_S)
    assert used.use("b", NOW)
    assert not used.use("c", NOW), "full: refuse, do not forget"
    assert "a" in used.remembered
    later = NOW + access.TICKET_TTL_S + 2 * access.CLOCK_SKEW_S + 1
    assert used.use("c", later)
    assert set(used.remembered) == {"c"}


def test_gateways_on_one_host_have_different_cookies():
    assert access.cookie_name(4789) != access.cookie_name(4790)
