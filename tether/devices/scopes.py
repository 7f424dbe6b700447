"""What somebody may do. The only source is the row of a device or the way in that the kernel vouches for; nothing that
a client says about itself counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

OBSERVE: Final = "observe"  # see sessions and what they show
INPUT: Final = "input"  # type, take control, set the size
APPROVE: Final = "approve"  # decide what an agent asks
ADMIN: Final = "admin"  # see and revoke devices, read the audit log, stop sessions
LOCAL: Final = "local"  # what the owner's programs on this machine may, beyond observe and input: stop sessions
PAIR: Final = "pair"  # make an offer to a new device and accept it: the owner's terminal alone

Scopes = frozenset[str]

DEVICE_SCOPES: Final[Scopes] = frozenset({OBSERVE, INPUT, APPROVE, ADMIN})
"""What a device can be given. LOCAL and PAIR never are."""
PHONE: Final[Scopes] = frozenset({OBSERVE, INPUT, APPROVE})
"""What a device is given when nothing is said: the closed menu of a phone."""
TOKEN: Final[Scopes] = frozenset({OBSERVE, INPUT, LOCAL})
"""The owner's token, which whatever runs as the owner can read: no approval, no pairing, no devices."""
DESK: Final[Scopes] = frozenset({OBSERVE, INPUT, APPROVE, ADMIN, LOCAL})
"""A browser that the owner let in from a terminal outside of every session."""
TERMINAL: Final[Scopes] = DESK | {PAIR}
"""A command of the owner's at a terminal outside of every session."""
UNSEATED: Final[Scopes] = TERMINAL - {APPROVE, PAIR}
"""The same without a terminal: a service, a job of cron. It decides nothing and lets nobody in."""


def permits(held: Scopes, needed: str) -> bool:
    """True when `held` includes `needed`. An administrator may do what the owner's programs may."""
    return needed in held or (needed == LOCAL and ADMIN in held)


def parse(text: str) -> Scopes:
    """Scopes from a list with commas. ValueError, naming what is unknown or missing, otherwise."""
    found = frozenset(word.strip() for word in text.split(",") if word.strip())
    return checked(found)


def checked(found: Iterable[str]) -> Scopes:
    """`found` itself, when a device can have it. ValueError otherwise."""
    scopes = frozenset(found)
    unknown = scopes - DEVICE_SCOPES
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: a device's scopes are {', '.join(sorted(DEVICE_SCOPES))}")
    if OBSERVE not in scopes:
        raise ValueError("a device that may not observe can do nothing: add observe")
    return scopes
