"""What an attachment may send, by the scopes of whoever opened it and by where that one runs. Pure.

Asked for every frame: the broker fences who writes, this says who may want to.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tether.devices import scopes
from tether.devices.rows import sees
from tether.web.admission import Credential
from tether.wire import control
from tether.wire.views import SessionView

FRAMES: Final[dict[type, str]] = {
    control.Input: scopes.INPUT,
    control.Resize: scopes.INPUT,
    control.Take: scopes.INPUT,
    control.Release: scopes.OBSERVE,
    control.Detach: scopes.OBSERVE,
    control.Seen: scopes.OBSERVE,
    control.Credit: scopes.OBSERVE,
    control.Ping: scopes.OBSERVE,
    control.SnapshotQuery: scopes.OBSERVE,
    control.HistoryQuery: scopes.OBSERVE,
}
"""Every frame that a client may send on its attachment, with the scope it needs. What is not here is refused."""

WRITES: Final = frozenset({control.Input, control.Resize, control.Take})


def visible(credential: Credential, view: SessionView) -> bool:
    """May it know of this session?"""
    return sees(credential.scopes, remote=credential.remote, shared=view.share)


def attaching(credential: Credential, sid: bytes, wanted: control.Attach) -> control.Attach:
    """The Attach as it is passed on: a device has the name of its row, and who may not type only observes."""
    mode = wanted.mode if refused_writing(credential, sid) is None else "observe"
    name = credential.name or wanted.name
    device = credential.name if credential.device else wanted.device
    return msgspec.structs.replace(wanted, mode=mode, take=wanted.take and mode == "control", name=name, device=device)


def check(message: Any, credential: Credential, sid: bytes) -> control.Refused | None:
    """The answer to a frame that its sender may not send; None for one that it may."""
    needed = FRAMES.get(type(message), "")
    if not needed:
        problem: tuple[str, str, str] | None = ("scope", "Nobody may send that on an attachment", "")
    elif type(message) in WRITES:
        problem = refused_writing(credential, sid)
    else:
        problem = None if credential.permits(needed) else _lacks(credential, needed)
    if problem is None:
        return None
    number = getattr(message, "req", 0)
    return control.Refused(number, *problem, client=getattr(message, "client", b""))


def refused_writing(credential: Credential, sid: bytes) -> tuple[str, str, str] | None:
    """(code, message, hint) when it may not write to the session `sid`."""
    if not credential.permits(scopes.INPUT):
        return _lacks(credential, scopes.INPUT)
    if sid in credential.inside or b"" in credential.inside:
        return (
            "own-session",
            "A program inside this session may not type into it",
            "What an agent is asked is answered from outside of its session",
        )
    return None


def _lacks(credential: Credential, needed: str) -> tuple[str, str, str]:
    who = credential.name or credential.via
    return "scope", f"{who} may not do this: it lacks the scope {needed}", "The owner decides: see tether devices"
