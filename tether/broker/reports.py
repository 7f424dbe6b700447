"""What workers, the store and the spawner tell."""

from __future__ import annotations

import logging
from typing import Any

from msgspec.structs import replace

from tether.broker import clients, control, liveness, questions
from tether.broker.desk import Desk
from tether.broker.sessions import Session, Trouble, present
from tether.clock import now_us
from tether.errors import printable
from tether.wire import encode
from tether.wire.auditing import AuditAck, Typed
from tether.wire.control import Hello, InputAck, Launched, Refused, Report, Welcome
from tether.wire.ids import NO_SESSION, public_id
from tether.wire.storing import OpenSessions, OpenSessionsQuery, Seal, Sealed, Stalled, StoreHealth
from tether.wire.version import PROTOCOL
from tether.wire.views import SessionView

log = logging.getLogger("tether")


# -- workers


def worker_hello(desk: Desk, peer: bytes, hello: Hello, view: SessionView, now: float) -> None:
    """A worker introduces itself: the registry and the lease are rebuilt from what it says."""
    known = desk.registry.live.get(view.sid)
    if known is not None and known.worker is not None and known.worker != peer:
        desk.peers.pop(known.worker, None)
        questions.forget(desk, known)
    session = desk.registry.adopt(view.sid, view, peer)
    desk.tell(peer, view.sid, Welcome(PROTOCOL, desk.boot))
    if session.ended:
        session.ended_at = session.ended_at or now
    else:
        _reconcile(desk, session, view, now)
    desk.causes.pop(view.sid, None)
    desk.publish(session)
    log.info(
        "event=worker-hello session=%s pid=%d state=%s epoch=%d recovered=%s",
        public_id(view.sid), view.worker_pid, printable(view.state, 20), session.lease.epoch, hello.recovered,
    )  # fmt: skip
    pending = desk.launches.finish(view.sid)
    if pending is not None:
        desk.tell(pending.peer, view.sid, Launched(pending.req, present(session, desk.store_reason)))


def _reconcile(desk: Desk, session: Session, view: SessionView, now: float) -> None:
    before = session.lease
    lease = control.adopt(before, view.epoch, view.controller_id, clients.client_name(view.controller), now)
    if lease.holder in session.attachments:
        lease = control.arrived(lease)
    session.lease = lease
    session.granted = view.epoch
    if lease.epoch != before.epoch:
        session.lane = b""
    if session.lane or (lease.epoch, lease.holder) != (view.epoch, view.controller_id):
        # A worker that was replaced has forgotten the key to its lane.
        desk.grant(session, "the worker was replaced")
    if lease.epoch != before.epoch:
        desk.tell_control(session, "the worker was replaced")


def report(desk: Desk, session: Session, told: Report, now: float) -> None:
    """The session has changed."""
    recovered = session.worker_spoke()
    was_ended = session.ended
    if not desk.registry.report(session, told.view):
        desk.unexpected += 1
    elif session.ended and not was_ended:
        session.ended_at = now
        desk.end(session, "the session has ended")
        return
    if not was_ended or recovered:
        desk.publish(session)


def input_ack(desk: Desk, session: Session, ack: InputAck, frame: bytes) -> None:
    """Pass the acknowledgement on, as it came, to the connection that speaks for the client."""
    if session.worker_spoke():
        desk.publish(session)
    session.remember_input(ack.client, ack.n)
    attachment = session.attachments.get(ack.client)
    if attachment is not None:
        desk.outbox.send(attachment.peer, frame)


def typed(desk: Desk, session: Session, told: Typed) -> None:
    """Somebody typed: who, when and how much is for the audit log; what is nobody's."""
    if session.worker_spoke():
        desk.publish(session)
    who = session.actors.get(told.client, f"client {told.client.hex()[:8]}")
    desk.journal.note(
        "typed", who, public_id(session.sid), bytes=str(told.size), pieces=str(told.pieces),
        seconds=f"{max(0, told.until - told.since) / 1e6:.1f}",
    )  # fmt: skip


def worker_refused(desk: Desk, session: Session, refused: Refused, frame: bytes) -> None:
    """The worker did not take a client's order: tell that client."""
    if session.worker_spoke():
        desk.publish(session)
    attachment = session.attachments.get(refused.client)
    if attachment is not None:
        desk.outbox.send(attachment.peer, frame)


# -- store


def from_store(desk: Desk, sid: bytes, message: Any, now: float) -> None:
    """An answer or a notice of the store."""
    match message:
        case OpenSessions():
            _open_sessions(desk, message, now)
        case AuditAck():
            desk.journal.acked(message)
        case Sealed():
            _sealed(desk, sid, message)
        case Stalled(reason=reason):
            _store_reason(desk, reason)
        case StoreHealth(state=state, reason=reason):
            _store_reason(desk, (reason or state) if state == "stalled" else "")
        case _:
            desk.unexpected += 1


def _store_reason(desk: Desk, reason: str) -> None:
    if reason != desk.store_reason:
        desk.store_reason = printable(reason)
        log.info("event=store reason=%r", desk.store_reason)
        desk.publish_all()


def _open_sessions(desk: Desk, answer: OpenSessions, now: float) -> None:
    live = desk.registry.live
    for view in answer.sessions:
        if view.sid not in live and not desk.registry.has_ended(view.sid):
            desk.publish(desk.registry.adopt(view.sid, view, None))
    from_log = [sid for sid, session in live.items() if session.worker is None]
    for sid in liveness.removed(from_log, (view.sid for view in answer.sessions)):
        desk.registry.forget(sid)
    believed = dict.fromkeys(view.sid for view in answer.sessions)
    believed.update(dict.fromkeys(sid for sid, session in live.items() if not session.ended))
    desk.watch.open = list(believed)
    judge(desk, now)


def judge(desk: Desk, now: float) -> None:
    """Declare lost what is lost, by having the store seal it; its answer makes it known."""
    for sid in desk.watch.judge(now, desk.around.locked):
        cause = liveness.cause(sid, desk.around.boot_s, desk.causes.get(sid, ""))
        log.warning("event=lost session=%s cause=%r", public_id(sid), cause)
        desk.causes[sid] = cause
        desk.outbox.to_store(encode(sid, Seal(cause)))


def _sealed(desk: Desk, sid: bytes, sealed: Sealed) -> None:
    session = desk.registry.live.get(sid)
    cause = desk.causes.pop(sid, liveness.ALL_ENDED)
    desk.watch.suspects.pop(sid, None)
    if session is None:
        if sealed.view is not None:
            desk.outbox.publish(encode(sid, sealed.view))
        return
    session.view = sealed.view or replace(session.view, state="lost", detail=cause, ended=now_us())
    session.trouble = None
    desk.end(session, cause if session.view.state == "lost" else "the session has ended")
    desk.registry.forget(sid)


# -- spawner


def from_spawner(desk: Desk, line: dict[str, Any], now: float) -> None:
    """One line of the spawner."""
    number = line.get("req")
    match line.get("op"):
        case "spawned" if isinstance(number, int):
            told = line.get("pid")
            desk.launches.spawned(number, told if isinstance(told, int) else 0)
        case "failed" if isinstance(number, int):
            _spawn_failed(desk, number, str(line.get("error", "")))
        case "sessions":
            _held(desk, line.get("held"), now)
        case "worker":
            _worker_state(desk, _sid_of(line), str(line.get("state", "")), printable(str(line.get("cause") or "")))
        case _:
            desk.unexpected += 1


def _spawn_failed(desk: Desk, number: int, error: str) -> None:
    pending = desk.launches.failed(number)
    if pending is not None:
        text = f"The session could not be started: {printable(error)}"
        desk.refuse(pending.peer, NO_SESSION, "spawner", text, "See: tether status", req=pending.req)
        log.warning("event=launch-failed session=%s error=%r", public_id(pending.sid), printable(error))


def _held(desk: Desk, held: Any, now: float) -> None:
    entries = [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []
    alive = {sid: bool(entry.get("alive")) for entry in entries if (sid := _sid_of(entry))}
    for pending in desk.launches.waiting(desk.spawner):
        if pending.sid not in alive and not desk.around.locked(pending.sid):
            desk.outbox.to_spawner(desk.launches.order(pending, desk.spawner))
    for sid, session in desk.registry.live.items():
        if session.worker is None and session.trouble is None and desk.registry.settled(now):
            recovering = sid in alive and not alive[sid]
            trouble = ("recovering", "its worker is being replaced") if recovering else (
                "unresponsive", "its worker has not spoken since the gateway started")  # fmt: skip
            session.trouble = Trouble(*trouble, now_us())
            desk.publish(session)
    desk.watch.held = frozenset(alive)
    judge(desk, now)


def _worker_state(desk: Desk, sid: bytes, state: str, cause: str) -> None:
    session = desk.registry.live.get(sid)
    if session is None or session.ended:
        return
    if state == "recovering":
        session.trouble = Trouble("recovering", "its worker died and is being replaced", now_us())
    elif state == "recovered" and session.trouble is not None and session.trouble.state == "recovering":
        session.trouble = None
    elif state == "lost":
        desk.causes[sid] = cause
        desk.watch.hurry()
        return
    else:
        return
    log.info("event=worker session=%s state=%s", public_id(sid), state)
    desk.publish(session)


def _sid_of(line: dict[str, Any]) -> bytes:
    try:
        sid = bytes.fromhex(str(line.get("sid", "")))
    except ValueError:
        return b""
    return sid if len(sid) == len(NO_SESSION) else b""


def ask_all(desk: Desk, now: float) -> None:
    """Begin a look at what lives: ask the store and the spawner."""
    desk.watch.begin(now, desk.spawner)
    desk.outbox.to_store(encode(NO_SESSION, OpenSessionsQuery()))
    desk.outbox.to_spawner({"op": "sessions?"})
