"""The offer to a new device and the parcels of its channel, as pure rules."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.devices import scopes
from tether.web import pairing, parcels
from tether.web.pairing import Knock, Offer, Offers
from tether.web.parcels import ParcelError

ID, SECRET = b"i" * 8, b"s" * 16
KNOCK = Knock(b"k" * 32, "phone", "iOS", "loopback", "123456")


def made(offers: Offers, now: float = 0.0, id: bytes = ID) -> Offer:
    return offers.make(id, SECRET, "ABCDEFGH", scopes.PHONE, "", now)


def test_an_offer_ends_after_two_minutes() -> None:
    offers = Offers()
    made(offers)
    assert offers.find(ID, 119.9) is not None
    assert offers.find(ID, 120.0) is None
    assert offers.why_not(ID) == pairing.EXPIRED
    offer = made(offers)
    offers.knocked(offer, KNOCK)
    assert offers.decide(ID, "123456", 121.0, accept=True) is None, "also when a device stands at the door"
    assert offer.state == "over"


def test_the_fifth_wrong_try_ends_it() -> None:
    offers = Offers()
    made(offers)
    for _ in range(4):
        offers.failed(1.0)
        assert offers.find(ID, 1.0) is not None
    offers.failed(1.0)
    assert offers.find(ID, 1.0) is None
    assert offers.why_not(ID) == pairing.WRONG


def test_it_is_used_once_by_one_device_with_the_owners_word() -> None:
    offers = Offers()
    offer = made(offers)
    assert offers.decide(ID, "123456", 1.0, accept=True) is None, "nobody has knocked"
    offers.knocked(offer, KNOCK)
    assert offers.find(ID, 1.0) is None
    assert "another device" in offers.why_not(ID)
    for id, digits in ((b"x" * 8, "123456"), (ID, "123457"), (ID, "")):
        assert offers.decide(id, digits, 1.0, accept=True) is None
    assert offers.decide(ID, "123456", 1.0, accept=True) is offer
    assert offer.state == "paired"
    assert offers.decide(ID, "123456", 1.0, accept=True) is None
    assert offers.why_not(ID) == pairing.USED


def test_a_no_and_another_offer_end_it() -> None:
    offers = Offers()
    offers.knocked(made(offers), KNOCK)
    offers.decide(ID, "123456", 1.0, accept=False)
    assert offers.why_not(ID) == pairing.DENIED
    first = made(offers, id=b"1" * 8)
    made(offers, id=b"2" * 8)
    assert first.state == "over"
    assert offers.why_not(b"1" * 8) == pairing.WITHDRAWN
    assert offers.why_not(b"9" * 8) == "there is no such offer"
    for number in range(40):
        made(offers, id=number.to_bytes(8, "big"))
    assert len(offers._ended) <= 16


def test_codes() -> None:
    assert pairing.code_of(bytes(range(0, 250, 30))) == "0YWTRPMJ"
    assert pairing.plain_code(" oi1l-abcd ") == "0111ABCD"
    assert len(set(pairing.ALPHABET)) == 32
    assert not set("ILOU") & set(pairing.ALPHABET)


@given(st.binary(max_size=200))
def test_whatever_a_device_sends_is_a_parcel_or_a_refusal(message: bytes) -> None:
    for read in (parcels.unpack, parcels.request, parcels.opening):
        try:
            read(message)
        except ParcelError:
            continue


def test_parcels() -> None:
    assert parcels.unpack(parcels.pack(parcels.DATA, 7, b"x")) == (parcels.DATA, 7, b"x")
    asked = parcels.request(json.dumps({"method": "POST", "path": "/api/v1/x", "body": {"a": 1}}).encode())
    assert bytes(asked.body) == b'{"a": 1}'
    for wrong in ({"method": "PUT", "path": "/"}, {"method": "GET", "path": "x"}, {"method": "GET", "path": "/é"},
                  {"method": "GET", "path": "/", "headers": {}}):  # fmt: skip
        with pytest.raises(ParcelError):
            parcels.request(json.dumps(wrong).encode())
    assert b"".join(parcels.stretches(bytes(100_000))) == bytes(100_000)
    assert max(map(len, parcels.stretches(bytes(100_000)))) <= parcels.STRETCH_BYTES
