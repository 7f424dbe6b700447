"""The local owner's credentials, as pure rules: who may come in, and how a browser gets in without a password.

Everything is derived from the owner's token (a file that only the owner can read), so a new token
revokes all of it at once. A *ticket* is made by the `tether` command and travels in the fragment of a
URL, which browsers send to nobody; the page hands it in once and gets a *cookie*. Both are
`claim.mac`, with an HMAC under a key of their own purpose: a ticket is never a cookie.

No I/O, no clock, no randomness: time and nonces are arguments.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NONCE_BYTES: Final = 16
# Long enough to copy a link to another window, short enough that a link in a chat log is worthless the same day.
TICKET_TTL_S: Final = 600
COOKIE_TTL_S: Final = 30 * 24 * 3600
# A clock that was set back a little must not make fresh credentials look forged.
CLOCK_SKEW_S: Final = 60
# 4096 logins in ten minutes; past it logging in is refused rather than a used ticket forgotten.
USED_NONCES_MAX: Final = 4096
_TEXT_MAX: Final = 256


def make_ticket(owner_token: str, now_s: int, nonce: bytes) -> str:
    """A ticket issued at `now_s` (seconds since 1970) with 16 random bytes. ValueError for another nonce."""
    return _seal(owner_token, "ticket", now_s, nonce)


def check_ticket(owner_token: str, ticket: str, now_s: int) -> str | None:
    """The ticket's nonce when it is ours and not older than `TICKET_TTL_S`, else None. That it was not used before
    is for `UsedNonces` to say."""
    return _open(owner_token, "ticket", ticket, now_s, TICKET_TTL_S)


def make_cookie(owner_token: str, now_s: int, nonce: bytes) -> str:
    """A browser's credential, issued at `now_s` (seconds since 1970) with 16 random bytes. ValueError otherwise."""
    return _seal(owner_token, "cookie", now_s, nonce)


def check_cookie(owner_token: str, value: str, now_s: int) -> str | None:
    """The cookie's id when it is ours and not older than `COOKIE_TTL_S`, else None."""
    return _open(owner_token, "cookie", value, now_s, COOKIE_TTL_S)


def check_bearer(owner_token: str, shown: str) -> bool:
    """True when `shown` is the owner's token. Takes the same time whatever is shown."""
    return bool(owner_token) and hmac.compare_digest(owner_token.encode(), shown.encode("utf-8", "surrogateescape"))


def cookie_name(port: int) -> str:
    """The cookie's name. Browsers share cookies between the ports of one host, so the port is part of the name."""
    return f"tether-{port}"


@dataclass
class UsedNonces:
    """Remembers the nonces of redeemed tickets for as long as the tickets could be shown again."""

    limit: int = USED_NONCES_MAX
    _expiry: dict[str, int] = field(default_factory=dict)

    def use(self, nonce: str, now_s: int) -> bool:
        """True the first time. False when it was used before, or when so many are remembered that none is taken on."""
        if len(self._expiry) >= self.limit:
            self._expiry = {n: until for n, until in self._expiry.items() if until >= now_s}
        if nonce in self._expiry or len(self._expiry) >= self.limit:
            return False
        self._expiry[nonce] = now_s + TICKET_TTL_S + 2 * CLOCK_SKEW_S
        return True

    @property
    def remembered(self) -> Mapping[str, int]:
        """Nonce -> the second until which it is kept."""
        return self._expiry


def _seal(owner_token: str, purpose: str, now_s: int, nonce: bytes) -> str:
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    claim = f"{now_s:x}.{_text(nonce)}"
    return f"{claim}.{_mac(owner_token, purpose, claim)}"


def _open(owner_token: str, purpose: str, text: str, now_s: int, ttl_s: int) -> str | None:
    if not owner_token or len(text) > _TEXT_MAX or not text.isascii():
        return None
    claim, _, mac = text.rpartition(".")
    if not hmac.compare_digest(mac, _mac(owner_token, purpose, claim)):
        return None
    issued, _, nonce = claim.partition(".")
    # The claim is authentic from here on, so its form is ours.
    age_s = now_s - int(issued, 16)
    return nonce if -CLOCK_SKEW_S <= age_s <= ttl_s else None


def _mac(owner_token: str, purpose: str, claim: str) -> str:
    key = hmac.digest(owner_token.encode(), f"tether/1 {purpose}".encode(), hashlib.sha256)
    return _text(hmac.digest(key, claim.encode(), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
