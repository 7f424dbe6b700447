"""What time alone brings about: silence, grace, oversights."""

from __future__ import annotations

import logging

from tether.broker import adapting, clients, control, reports
from tether.broker.desk import Desk, actor
from tether.broker.sessions import FORGET_S, Session, Trouble
from tether.clock import now_us
from tether.wire import encode
from tether.wire.control import Pong
from tether.wire.ids import NO_SESSION, public_id

log = logging.getLogger("tether")

# Between two looks: while something may fall due any moment, while somebody watches, and while nobody does.
_SOON_S = 0.5
_WATCHED_S = 1.0
_QUIET_S = 2.5
# A tick so late means that this process, or the machine, stood still: nobody's silence counts then.
_STOOD_STILL_S = 4.0
# A connection that has said nothing for so long is asked whether it is there; ROUTER tells only when sent to.
_IDLE_S = 60.0


class Upkeep:
    """Remembers when it last looked."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._probed = now
        self._odd = 0

    def tick(self, desk: Desk, now: float) -> float:
        """Do what is due at `now`, in monotonic seconds; the seconds after which to look again."""
        if now - self._last > _STOOD_STILL_S:
            _forgive(desk, now)
        self._last = now
        desk.journal.tick(now)
        for session in list(desk.registry.live.values()):
            _keep(desk, session, now)
        for pending in desk.launches.overdue(now):
            text = "The spawner does not answer" if not pending.spawned else "The session's worker does not answer"
            desk.refuse(pending.peer, NO_SESSION, "spawner", text, "See: tether status", req=pending.req)
            log.warning("event=launch-overdue session=%s spawned=%s", public_id(pending.sid), pending.spawned)
        for unprepared in desk.launches.unprepared(now):
            adapting.go_on(desk, unprepared, None)
        if desk.watch.due(now):
            reports.ask_all(desk, now)
        if now - self._probed >= _IDLE_S:
            self._probed = now
            _probe(desk, now)
            self._tell_oddities(desk)
        return _next_look(desk)

    def _tell_oddities(self, desk: Desk) -> None:
        odd = desk.garbage + desk.unexpected
        if odd != self._odd:
            self._odd = odd
            log.warning("event=odd-frames garbage=%d unexpected=%d", desk.garbage, desk.unexpected)


def _next_look(desk: Desk) -> float:
    sessions = desk.registry.live.values()
    if desk.launches.by_sid or desk.watch.suspects or not desk.spawner:
        return _SOON_S
    if any(one.lease.away_until or one.owed_since or one.ended for one in sessions):
        return _SOON_S
    return _WATCHED_S if any(one.attachments for one in sessions) else _QUIET_S


def _forgive(desk: Desk, now: float) -> None:
    for session in desk.registry.live.values():
        session.owed_since = session.owed_since and now
        for one in session.attachments.values():
            one.heard = now


def _keep(desk: Desk, session: Session, now: float) -> None:
    if session.ended:
        _keep_ended(desk, session, now)
        return
    silent = clients.silent(session.attachments.values(), now)
    for one in silent:
        del session.attachments[one.client]
        session.lease = control.gone(session.lease, one.client, now)
        desk.journal.note("detach", actor(one), public_id(session.sid), reason="silent")
        log.info("event=client-gone session=%s client=%r", public_id(session.sid), one.name)
    passed = desk.pass_lease(session, control.expire(session.lease, now, session.attachments))
    troubled = session.trouble is None and session.overdue(now)
    if troubled:
        session.trouble = Trouble("unresponsive", "its worker has not acknowledged input for 5 s", now_us())
        log.warning("event=unresponsive session=%s", public_id(session.sid))
    if silent or passed or troubled:
        desk.publish(session)
    if session.worker is not None and session.granted != session.lease.epoch:
        desk.grant(session, "")


def _keep_ended(desk: Desk, session: Session, now: float) -> None:
    session.ended_at = session.ended_at or now
    if now - session.ended_at < FORGET_S and desk.around.locked(session.sid):
        return
    desk.registry.forget(session.sid)
    if session.worker is not None:
        desk.peers.pop(session.worker, None)
    log.info("event=forgotten session=%s", public_id(session.sid))


def _probe(desk: Desk, now: float) -> None:
    idle = [peer for peer, known in desk.peers.items() if known.role != "worker" and now - known.heard >= _IDLE_S]
    for peer in idle:
        if not desk.outbox.send(peer, encode(NO_SESSION, Pong(0))):
            del desk.peers[peer]
