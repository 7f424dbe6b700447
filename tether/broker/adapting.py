"""Between the adapters, clients and workers: reports pass to the session's worker, decisions to the adapters.

The broker keeps nothing of approvals. It knows who asks: what an agent, or anything that it started, wants to decide is
refused here, recorded and told to everybody who is attached.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from msgspec.structs import replace

from tether.broker import alarm, launching, questions
from tether.broker.clients import client_name
from tether.broker.desk import Desk
from tether.broker.launching import Pending
from tether.broker.sessions import Session
from tether.errors import printable
from tether.providers import Provider
from tether.wire import encode
from tether.wire.agents import (
    Compose,
    Decide,
    Decided,
    Interrupt,
    Noted,
    Observed,
    Prepare,
    Prepared,
    Prompt,
    Signalled,
)
from tether.wire.auditing import Deed
from tether.wire.control import Done, Launch, ListSessions, Refused
from tether.wire.ids import public_id

log = logging.getLogger("tether")

# What an adapter may take to make its side channel ready; a person waits meanwhile.
PREPARE_S: Final = 5.0
_ANSWERS: Final = (Decided, Done, Refused)
_ARGS_MAX: Final = 64
_RULE_ROLES: Final = frozenset({"web", "client"})


# -- the adapters


def came(desk: Desk, peer: bytes) -> None:
    """The adapters are there (again); another connection of theirs is void."""
    if desk.adapters and desk.adapters != peer:
        desk.peers.pop(desk.adapters, None)
    desk.adapters = peer
    for session in desk.registry.live.values():
        desk.order(session, Signalled("again"))
    log.info("event=adapters-hello")


def from_adapters(desk: Desk, peer: bytes, sid: bytes, message: Any, frame: bytes, now: float) -> None:
    """One message of the adapters."""
    if peer != desk.adapters:
        return
    if isinstance(message, Observed | Compose):
        session = desk.reachable(sid)
        if session is None or session.worker is None or not desk.outbox.send(session.worker, frame):
            desk.refuse_unreachable(peer, sid, req=getattr(message, "req", 0))
    elif isinstance(message, Prepared):
        pending = desk.launches.by_sid.get(sid)
        if pending is not None and pending.prepared_by:
            go_on(desk, pending, message)
    elif isinstance(message, ListSessions):
        # The same answer as for everybody; imported late, because that table holds our rules as well.
        from tether.broker import orders

        orders.list_sessions(desk, peer, sid, message, now)
    elif isinstance(message, Deed):
        desk.journal.deed(message, now)
    elif isinstance(message, _ANSWERS):
        asker = desk.asked.pop((getattr(message, "client", b""), message.req), None)
        if asker is not None:
            desk.outbox.send(asker, frame)
    else:
        desk.unexpected += 1


def from_worker(desk: Desk, session: Session, message: Any, frame: bytes) -> bool:
    """Pass on what a worker has for the adapters. False when it is something else."""
    ours = isinstance(message, Noted | Signalled) or (isinstance(message, Done | Refused) and message.req > _OURS)
    if ours and desk.adapters:
        desk.outbox.send(desk.adapters, frame)
    return ours


# The adapters number their own questions from here on, so that answers to them are told from others.
_OURS: Final = 1 << 40


# -- launches


def prepare(desk: Desk, pending: Pending, provider: Provider, order: Launch, now: float) -> bool:
    """Ask the adapters what the session's side channel needs. False when there are none: it starts without."""
    question = Prepare(
        order.req, provider.name, provider.channel, order.cwd, order.args, dict(pending.spec["env"]), order.resume
    )
    if not desk.adapters or not desk.tell(desk.adapters, pending.sid, question):
        return False
    pending.prepared_by = now + PREPARE_S
    return True


def go_on(desk: Desk, pending: Pending, answer: Prepared | None) -> None:
    """Start the session, with what its side channel needs if there is one."""
    pending.prepared_by = 0.0
    if answer is None:
        log.warning("event=not-prepared session=%s", public_id(pending.sid))
    elif max(len(answer.args), len(answer.side_args)) <= _ARGS_MAX:
        socket = desk.around.side_socket(pending.sid) if answer.side else ""
        pending.spec = launching.with_channel(pending.spec, answer, socket)
    if desk.spawner:
        desk.outbox.to_spawner(desk.launches.order(pending, desk.spawner))


# -- clients


def decide(desk: Desk, peer: bytes, sid: bytes, order: Decide, now: float) -> None:
    """Pass a decision on, if who makes it may: never a program inside a session, never one without a terminal."""
    session = desk.registry.live.get(sid)
    if not _may(desk, peer, sid, order, f"decide {printable(order.id, 20)}", now):
        return
    if session is None:
        desk.refuse_absent(peer, sid, now, req=order.req, client=order.client)
        return
    known = desk.peers[peer]
    name = desk.around.site.owner if known.role == "client" else client_name(order.by)
    # Rules decide beside the adapters: who comes this way signs as what it is.
    if _pass_on(desk, peer, sid, replace(order, by=name, rule=""), now):
        desk.journal.note(
            "decide", name, public_id(sid), approval=printable(order.id, 20), decision=printable(order.decision, 12),
            scope=printable(order.scope, 12),
        )  # fmt: skip


def prompt(desk: Desk, peer: bytes, sid: bytes, order: Prompt | Interrupt, now: float) -> None:
    """Pass a prompt on, or the wish that the agent leaves off."""
    what = type(order).__name__.lower()
    if _may(desk, peer, sid, order, what, now, terminal=False):
        name = desk.around.site.owner if desk.peers[peer].role == "client" else client_name(order.by)
        if _pass_on(desk, peer, sid, replace(order, by=name), now):
            desk.journal.note(what, name, public_id(sid))


def _may(
    desk: Desk, peer: bytes, sid: bytes, order: Decide | Prompt | Interrupt, what: str, now: float, *,
    terminal: bool = True,
) -> bool:  # fmt: skip
    client, req = order.client, order.req
    known = desk.peers[peer]
    if known.inside:
        alarm.attempted(desk, peer, sid, what, now)
        text = "A program inside a session decides nothing about sessions"
        desk.refuse(peer, sid, "own-session", text, "Decide at a terminal outside of it", req=req, client=client)
        return False
    if terminal and known.role == "client" and not desk.around.has_terminal(known.pid):
        alarm.attempted(desk, peer, sid, what, now)
        text = "A program without a terminal decides nothing"
        desk.refuse(
            peer, sid, "scope", text, "Use a terminal, or a device with the scope approve", req=req, client=client
        )
        return False
    return known.role in _RULE_ROLES


def _pass_on(desk: Desk, peer: bytes, sid: bytes, order: Decide | Prompt | Interrupt, now: float) -> bool:
    if not desk.adapters or not desk.outbox.send(desk.adapters, encode(sid, order)):
        text = "The part of the gateway that talks to agents is away"
        desk.refuse(
            peer, sid, "not-ready", text, "Try again, or see: tether status", req=order.req, client=order.client
        )
        return False
    questions.note(desk.asked, order.client, order.req, peer)
    return True
