"""Only an assertion that the team made for this application, and that is valid now, counts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tether.exposure import assertions
from tether.exposure.assertions import BadAssertion

KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
NOW = 1_800_000_000
CLAIMS = {
    "aud": ["app"], "iss": assertions.issuer("team"), "exp": NOW + 60, "nbf": NOW - 60, "email": "a@example.com",
}  # fmt: skip


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwks() -> dict[str, Any]:
    public = KEY.public_key().public_numbers()
    return {"keys": [{"kid": "k1", "kty": "RSA", "n": number(public.n), "e": number(public.e)}, {"kty": "EC"}, {}]}


def token(key: rsa.RSAPrivateKey = KEY, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    head = b64(json.dumps({"alg": "RS256", "kid": "k1", **(header or {})}).encode())
    body = b64(json.dumps({**CLAIMS, **claims}).encode())
    return f"{head}.{body}.{b64(key.sign(f'{head}.{body}'.encode(), padding.PKCS1v15(), SHA256()))}"


def verify(text: str) -> str:
    return assertions.verify(text, assertions.keys_of(jwks()), "team", "app", NOW)


def test_a_good_one_names_its_subject() -> None:
    assert verify(token()) == "a@example.com"
    assert verify(token(aud="app")) == "a@example.com"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (token(OTHER), "signature"),
        (token(aud=["other"]), "another application"),
        (token(aud=None), "another application"),
        (token(iss=assertions.issuer("evil")), "another team"),
        (token(iss="https://team.cloudflareaccess.com.evil.example"), "another team"),
        (token(exp=NOW - 61), "expired"),
        (token(exp="9999999999"), "expired"),
        (token(exp=True), "expired"),
        (token(nbf=NOW + 61), "not valid yet"),
        (token(header={"alg": "none"}), "algorithm"),
        (token(header={"alg": "HS256"}), "algorithm"),
        (token(header={"kid": "k2"}), "key"),
        (token().rpartition(".")[0] + ".", "signature"),
        ("", "no JWT"),
        ("a.b.c", "no JWT"),
        ("e30.e30", "no JWT"),
        (f"{b64(b'[]')}.{b64(b'[]')}.{b64(b'x')}", "no JWT"),
        ("x" * 10_000, "no JWT"),
    ],
)
def test_every_other_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadAssertion, match=why):
        verify(text)


def test_a_flipped_bit_is_refused() -> None:
    good = token()
    for at in range(0, len(good), 7):
        bad = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
        if bad[-8:] == good[-8:] and bad != good:
            with pytest.raises(BadAssertion):
                verify(bad)


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"keys": 1}, {"keys": [1, {"kty": "RSA"}, {"kty": "RSA", "kid": 1, "n": "*", "e": "AQAB"}]}],
)
def test_keys_that_do_not_fit_are_left_out(document: Any) -> None:
    assert assertions.keys_of(document) == {}
