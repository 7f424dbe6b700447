"""Cloudflare Access: is this assertion (a signed JWT) one that its team made for this application? Pure.

An extra gate before the device's own credential, never instead of one. The rules are RFC 7519 and 7515, narrowed to
what Access sends: RS256, `aud`, `iss`, `exp`, `nbf`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

CLOCK_SKEW_S: Final = 60
_BYTES_MAX: Final = 8192


class BadAssertion(Exception):
    """Why it does not count; for the log, not for whoever sent it."""


def issuer(team: str) -> str:
    """The issuer of a team's assertions, also the address of its keys."""
    return f"https://{team}.cloudflareaccess.com"


def verify(token: str, keys: Mapping[str, tuple[int, int]], team: str, audience: str, now_s: int) -> str:
    """The subject (an e-mail address or "") of a valid assertion. `keys` are RSA keys (n, e) by their `kid`.

    BadAssertion otherwise.
    """
    header, claims, signed, signature = _parts(token)
    if header.get("alg") != "RS256":
        raise BadAssertion(f"its algorithm is {header.get('alg')!r}")
    key = keys.get(str(header.get("kid")))
    if key is None:
        raise BadAssertion("its key is not one of the team's")
    if not _signed(key, signed, signature):
        raise BadAssertion("its signature is wrong")
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise BadAssertion("it is for another application")
    if claims.get("iss") != issuer(team):
        raise BadAssertion("it is another team's")
    if not _number(claims.get("exp")) > now_s - CLOCK_SKEW_S:
        raise BadAssertion("it has expired")
    if _number(claims.get("nbf", 0)) > now_s + CLOCK_SKEW_S:
        raise BadAssertion("it is not valid yet")
    return str(claims.get("email", ""))


def keys_of(document: Any) -> dict[str, tuple[int, int]]:
    """The RSA keys of a JWKS document (RFC 7517), by `kid`; what does not fit is left out."""
    found: dict[str, tuple[int, int]] = {}
    listed = document.get("keys") if isinstance(document, dict) else None
    for key in listed if isinstance(listed, list) else []:
        try:
            if key["kty"] == "RSA":
                found[str(key["kid"])] = _integer(key["n"]), _integer(key["e"])
        except (KeyError, TypeError, ValueError):
            continue
    return found


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    pieces = token.split(".")
    if len(token) > _BYTES_MAX or len(pieces) != 3:
        raise BadAssertion("it is no JWT")
    try:
        header, claims = json.loads(_decoded(pieces[0])), json.loads(_decoded(pieces[1]))
        signature = _decoded(pieces[2])
    except (ValueError, RecursionError):
        raise BadAssertion("it is no JWT") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadAssertion("it is no JWT")
    return header, claims, f"{pieces[0]}.{pieces[1]}".encode(), signature


def _signed(key: tuple[int, int], signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        RSAPublicNumbers(key[1], key[0]).public_key().verify(signature, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _integer(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
