"""How the owner gets a browser in without a password, as pure rules.

A *ticket* is made by the gateway for a command of the owner's, travels in the fragment of a URL, which
browsers send to nobody, and is handed in once, for a *cookie*. The gateway keeps a digest of the
cookie, under the owner's token: a new token voids all of them, and whoever reads the file of devices
can make none.

No I/O, no clock, no randomness: time and secrets are arguments.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

SECRET_BYTES: Final = 32
# Long enough to copy a link to another window, short enough that a link in a chat log is worthless the same day.
TICKET_TTL_S: Final = 600
COOKIE_TTL_S: Final = 30 * 24 * 3600
# Links that were asked for and not used yet; the oldest gives way.
TICKETS_MAX: Final = 64
_TEXT_MAX: Final = 256


def check_bearer(owner_token: str, shown: str) -> bool:
    """True when `shown` is the owner's token. Takes the same time whatever is shown."""
    return bool(owner_token) and hmac.compare_digest(owner_token.encode(), shown.encode("utf-8", "surrogateescape"))


def cookie_name(port: int) -> str:
    """The cookie's name. Browsers share cookies between the ports of one host, so the port is part of the name."""
    return f"tether-{port}"


def secret(random: bytes) -> str:
    """A ticket or a cookie from `SECRET_BYTES` random bytes. ValueError for another number of them."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(random)}")
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


def cookie_digest(owner_token: str, cookie: str) -> str:
    """What is kept of a cookie; "" for what can be none."""
    if not owner_token or not cookie or len(cookie) > _TEXT_MAX or not cookie.isascii():
        return ""
    key = hmac.digest(owner_token.encode(), b"tether/1 cookie", hashlib.sha256)
    return hmac.digest(key, cookie.encode(), hashlib.sha256).hex()


@dataclass
class Tickets:
    """The tickets that were issued and not used: their digests, each with the second at which it ends."""

    limit: int = TICKETS_MAX
    _open: dict[bytes, float] = field(default_factory=dict)

    def issue(self, ticket: str, now_s: float) -> None:
        """Take note of a ticket that is handed out now (seconds, monotonic)."""
        self._open = {digest: until for digest, until in self._open.items() if until >= now_s}
        while len(self._open) >= self.limit:
            del self._open[next(iter(self._open))]
        self._open[_digest(ticket)] = now_s + TICKET_TTL_S

    def redeem(self, ticket: str, now_s: float) -> bool:
        """True once for each ticket, within its time."""
        if len(ticket) > _TEXT_MAX:
            return False
        until = self._open.pop(_digest(ticket), None)
        return until is not None and now_s <= until


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogateescape")).digest()
