"""An offer to a new device, from its making to its end. Pure: time (monotonic seconds) and secrets are arguments.

There is one at a time. It ends when it is used, when its owner says no or makes another one, after 120
seconds, and after five wrong tries, wherever they come from: nobody gets a sixth guess by changing
what it calls itself.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final, Literal

from tether.devices.scopes import Scopes

TTL_S: Final = 120.0
FAILURES_MAX: Final = 5
ID_BYTES: Final = 8
SECRET_BYTES: Final = 16
CODE_CHARS: Final = 8
# Crockford's: no letter that looks like a digit, none that makes words.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ENDED_KEPT: Final = 16

State = Literal["waiting", "knocking", "paired", "over"]

EXPIRED: Final = "it is older than two minutes"
USED: Final = "it was used before"
WRONG: Final = "it was tried five times with a wrong secret"
DENIED: Final = "the owner said no"
WITHDRAWN: Final = "the owner withdrew it"


@dataclass(frozen=True)
class Knock:
    """A device at the door: what it says of itself, how it came, its key, and the digits that both sides show."""

    key: bytes
    name: str
    platform: str
    path: str
    digits: str


@dataclass
class Offer:
    """`id` and `secret` travel in the link, `code` is the short form; `reason` says why it is over."""

    id: bytes
    secret: bytes
    code: str
    scopes: Scopes
    until: float
    name: str = ""
    state: State = "waiting"
    failures: int = 0
    reason: str = ""
    knock: Knock | None = None
    device: str = ""


@dataclass
class Offers:
    """The offer that stands, and why the last ones ended."""

    current: Offer | None = None
    _ended: dict[bytes, str] = field(default_factory=dict)

    def make(self, id: bytes, secret: bytes, code: str, scopes: Scopes, name: str, now: float) -> Offer:
        """A new offer; the one before is withdrawn."""
        self.end(WITHDRAWN)
        self.current = Offer(id, secret, code, scopes, now + TTL_S, name)
        return self.current

    def standing(self, now: float) -> Offer | None:
        """The offer, if a device may still answer it."""
        offer = self.current
        if offer is not None and offer.state in ("waiting", "knocking") and now >= offer.until:
            self.end(EXPIRED)
        return offer if offer is not None and offer.state == "waiting" else None

    def find(self, id: bytes, now: float) -> Offer | None:
        """The offer with this id, if it stands."""
        offer = self.standing(now)
        return offer if offer is not None and hmac.compare_digest(offer.id, id) else None

    def why_not(self, id: bytes) -> str:
        """Why the offer with this id is no more."""
        offer = self.current
        if offer is not None and offer.id == id and offer.state == "knocking":
            return "another device has answered it"
        return self._ended.get(id, "there is no such offer")

    def failed(self, now: float) -> None:
        """Somebody tried with a wrong secret or a wrong id."""
        offer = self.standing(now)
        if offer is not None:
            offer.failures += 1
            if offer.failures >= FAILURES_MAX:
                self.end(WRONG)

    def knocked(self, offer: Offer, knock: Knock) -> None:
        """A device has shown that it knows the secret: nobody else may any more."""
        offer.state, offer.knock = "knocking", knock

    def decide(self, id: bytes, digits: str, now: float, *, accept: bool) -> Offer | None:
        """The owner's word. The offer when it stood and `digits` are those of the device at the door, else None."""
        self.standing(now)
        offer = self.current
        if offer is None or offer.id != id or offer.state != "knocking" or offer.knock is None:
            return None
        if not hmac.compare_digest(offer.knock.digits.encode(), digits.encode()):
            return None
        if accept:
            offer.state, offer.reason = "paired", USED
            self._note(offer)
        else:
            self.end(DENIED)
        return offer

    def end(self, reason: str) -> None:
        """The offer that stands is over."""
        offer = self.current
        if offer is not None and offer.state in ("waiting", "knocking"):
            offer.state, offer.reason = "over", reason
            self._note(offer)

    def _note(self, offer: Offer) -> None:
        self._ended[offer.id] = offer.reason
        while len(self._ended) > _ENDED_KEPT:
            del self._ended[next(iter(self._ended))]


def code_of(random: bytes) -> str:
    """A short code from random bytes: 40 bits."""
    return "".join(ALPHABET[byte % 32] for byte in random[:CODE_CHARS])


def plain_code(typed: str) -> str:
    """A code as people type it, in its one form: without spaces and dashes, letters that look like digits as digits."""
    text = typed.upper().replace("-", "").replace(" ", "")
    return text.translate(str.maketrans("OIL", "011"))
