"""What everybody who is attached anywhere is told: that an agent tried to act on its own behalf, that a device is new.

An attempt is in the log each time; it is shown once in ten seconds for each session and way, for an agent that tries in
a loop must not cover everybody's screens.
"""

from __future__ import annotations

import logging

from tether.broker.desk import Desk
from tether.broker.sessions import Session
from tether.errors import printable
from tether.wire.ids import public_id

ATTEMPT = "self-approval-attempt"

log = logging.getLogger("tether")


def attempted(desk: Desk, peer: bytes, sid: bytes, what: str, now: float) -> None:
    """The process behind `peer` tried to do `what` with the session `sid` and was refused."""
    known = desk.peers[peer]
    noted(desk, known.inside, known.pid, sid, what, now)


def noted(desk: Desk, inside: frozenset[bytes], pid: int, sid: bytes, what: str, now: float) -> None:
    """The same of the process `pid` in the sessions `inside`: in the log, and shown. Told is where it came from, and
    only where that is not known at what it was aimed."""
    name = names(inside) or (public_id(sid) if any(sid) else "")
    log.warning("event=%s session=%s pid=%d what=%r", ATTEMPT, name or "?", pid, what)
    actor = "a program in it" if inside else "a program without a terminal"
    desk.journal.note(ATTEMPT, actor, name, what=what, pid=str(pid))
    who = f"A program in session {name}" if inside else "A program without a terminal"
    _show(desk, name, f"{who} (process {pid}) tried to {what}: refused", now)


def refuse_own(
    desk: Desk, peer: bytes, session: Session, what: str, now: float, *, req: int = 0, client: bytes = b""
) -> None:
    """An agent tried to act on its own session: refused, noted, shown."""
    text = f"A program inside session {public_id(session.sid)} may not type into it"
    hint = "What an agent is asked is answered from outside of its session"
    desk.refuse(peer, session.sid, "own-session", text, hint, req=req, client=client)
    attempted(desk, peer, session.sid, what, now)


def reported(desk: Desk, name: str, actor: str, what: str, now: float) -> None:
    """The web part refused an attempt, and has it noted: it is shown."""
    _show(desk, name, f"{printable(actor, 60).capitalize()} tried {printable(what, 80)}: refused", now)


def paired(desk: Desk, name: str, device: str) -> None:
    """A new device is everybody's business, so that a pairing which somebody was talked into does not go unseen."""
    text = f"A new device was paired: {printable(name, 60)}"
    tell_everybody(desk, text, f"Not yours? tether revoke {printable(device, 6).rstrip('…')}")


def tell_everybody(desk: Desk, text: str, hint: str) -> None:
    """Show a notice wherever somebody is attached."""
    for session in desk.registry.live.values():
        for client, one in session.attachments.items():
            desk.refuse(one.peer, session.sid, "notice", text, hint, client=client)


def names(inside: frozenset[bytes]) -> str:
    """The sessions that a program is in, for people; "" when none is known."""
    return ",".join(public_id(one) for one in sorted(inside) if one)


def _show(desk: Desk, name: str, text: str, now: float) -> None:
    if desk.attempts(name, text, now):
        tell_everybody(desk, text, "See: tether audit")
