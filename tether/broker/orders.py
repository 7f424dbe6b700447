"""What clients ask for, each order with its checks. Every function takes the desk, the connection that asks, the
session of the envelope, the message and the monotonic second."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from tether import providers
from tether.broker import adapting, alarm, clients, control, launching, questions
from tether.broker.clients import Attachment
from tether.broker.desk import Desk, actor
from tether.broker.outbox import clients_frame, sessions_frame
from tether.broker.sessions import Session, present
from tether.clock import now_us
from tether.errors import TetherError, printable
from tether.wire import encode
from tether.wire.agents import Decide, Interrupt, Prompt
from tether.wire.auditing import Deed
from tether.wire.control import (
    Attach,
    Attached,
    Detach,
    Done,
    HistoryQuery,
    Input,
    Launch,
    ListClients,
    ListSessions,
    Ping,
    Pong,
    Release,
    Reload,
    Rename,
    Resize,
    Seen,
    SnapshotQuery,
    Stop,
    Take,
)
from tether.wire.ids import NO_SESSION, is_client_id, public_id
from tether.wire.limits import (
    CLIENTS_PER_SESSION_MAX,
    INPUT_BYTES_MAX,
    INPUT_QUEUE_BYTES,
    SESSIONS_LIVE_MAX,
)

log = logging.getLogger("tether")

_GRACE_S_MAX = 3600.0
_SIGNAL_MAX = 64
# What a queued frame costs beyond its bytes.
_FRAME_COST = 256


def type_in(desk: Desk, peer: bytes, sid: bytes, order: Input, frame: bytes, now: float) -> None:
    """Pass input on as it came: the one order whose time is felt at every key."""
    client = order.client
    session = desk.registry.live.get(sid)
    if session is None or session.worker is None or session.ended:
        desk.refuse_absent(peer, sid, now, client=client)
        return
    attachment = session.attachments.get(client)
    lease = session.lease
    if attachment is None or attachment.peer != peer or lease.holder != client or lease.epoch != order.epoch:
        _refuse_writing(desk, peer, session, client, attachment, now)
        return
    if desk.inside(peer, sid):
        alarm.refuse_own(desk, peer, session, "type into it", now, client=client)
        return
    if len(order.data) > INPUT_BYTES_MAX:
        desk.refuse(
            peer, sid, "bad-message", f"An input is over {INPUT_BYTES_MAX} bytes", "Send it in parts", client=client
        )
        return
    attachment.heard = now
    if session.owed_bytes > INPUT_QUEUE_BYTES:
        return  # the worker is stopped; its client sends this again, as it does what was lost on the way
    if desk.outbox.send(session.worker, frame):
        session.owed_bytes += len(frame) + _FRAME_COST
        session.owed_since = session.owed_since or now
    else:
        desk.refuse_unreachable(peer, sid, client=client)


def _refuse_writing(
    desk: Desk, peer: bytes, session: Session, client: bytes, attachment: Attachment | None, now: float
) -> None:
    name, lease = public_id(session.sid), session.lease
    if attachment is None or attachment.peer != peer:
        code, text, hint = "not-attached", f"This client is not attached to session {name}", "Attach again"
    elif lease.holder != client:
        holder = lease.name or "nobody"
        code, text, hint = "observe-only", f"Session {name} is controlled by {holder}", "Take control first"
    else:
        code, text, hint = "stale-epoch", f"Control of session {name} has changed since", "Use the current epoch"
    desk.refuse(peer, session.sid, code, text, hint, client=client)
    who = actor(attachment) if attachment is not None else "a client that is not attached"
    desk.journal.refused(who, name, now, what="writing", code=code)


def resize(desk: Desk, peer: bytes, sid: bytes, order: Resize, now: float) -> None:
    """The size belongs to the controller."""
    session = desk.reachable(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, client=order.client)
        return
    attachment = session.attachments.get(order.client)
    fits = session.lease.holder == order.client and session.lease.epoch == order.epoch
    if attachment is None or attachment.peer != peer or not fits:
        _refuse_writing(desk, peer, session, order.client, attachment, now)
        return
    if not launching.valid_size(order.cols, order.rows):
        text = f"A terminal of {order.cols}x{order.rows} cells can't be made"
        desk.refuse(peer, sid, "size", text, "Use 1 to 1000 columns and rows", client=order.client)
        return
    attachment.heard = now
    attachment.cols, attachment.rows = order.cols, order.rows
    if not desk.order(session, order):
        desk.refuse_unreachable(peer, sid, client=order.client)
        return
    desk.journal.note("resize", actor(attachment), public_id(sid), size=f"{order.cols}x{order.rows}")


def attach(desk: Desk, peer: bytes, sid: bytes, order: Attach, now: float) -> None:
    """Make `client` an attachment, or give it its connection back."""
    session = desk.reachable(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, req=order.req, client=order.client)
        return
    if not is_client_id(order.client) or not any(order.client) or order.mode not in (control.CONTROL, control.OBSERVE):
        desk.refuse(peer, sid, "bad-message", "An Attach without a client id or with an unknown mode", req=order.req)
        return
    if order.mode == control.CONTROL and desk.inside(peer, sid):
        alarm.refuse_own(desk, peer, session, "take control of it", now, req=order.req, client=order.client)
        return
    old = session.attachments.get(order.client)
    if old is None and len(session.attachments) >= CLIENTS_PER_SESSION_MAX:
        text = f"Session {public_id(sid)} has {CLIENTS_PER_SESSION_MAX} attachments, which is the limit"
        desk.refuse(peer, sid, "too-many", text, "Detach one: tether clients", req=order.req, client=order.client)
        return
    new = clients.attachment(order, peer, now, now_us())
    session.attachments[order.client] = new if old is None else clients.resume(old, new)
    session.remember_actor(order.client, actor(new))
    change = control.attach(session.lease, order.client, new.name, mode=order.mode, take=order.take, epoch=order.epoch)
    passed = desk.pass_lease(session, change, but=order.client)
    mode = control.mode_of(session.lease, order.client)
    key, reason = (_lane_key(desk, session), "") if mode == control.CONTROL else (b"", change.reason)
    last_n = session.last_n.get(order.client, 0)
    view = present(session, desk.store_reason)
    desk.tell(peer, sid, Attached(order.req, mode, session.lease.epoch, view, reason, last_n, key))
    if old is None or passed:
        desk.publish(session)
    if old is None:
        desk.journal.note("attach", actor(new), public_id(sid), mode=mode, device=new.device)
    log.info(
        "event=attach session=%s client=%r kind=%s mode=%s epoch=%d again=%s",
        public_id(sid), new.name, new.kind, mode, session.lease.epoch, old is not None,
    )  # fmt: skip


def _lane_key(desk: Desk, session: Session) -> bytes:
    """The key to the lane for the holder. A broker that was restarted does not know the old one and makes another."""
    if not session.lane:
        session.lane = desk.around.make_key()
        desk.grant(session, "")
    return session.lane


def detach(desk: Desk, peer: bytes, sid: bytes, order: Detach, now: float) -> None:
    """The client leaves and says so: its lease is free at once."""
    session = desk.registry.live.get(sid)
    one = session.attachments.get(order.client) if session is not None else None
    if session is None or one is None or one.peer != peer:
        return
    del session.attachments[order.client]
    desk.journal.note("detach", actor(one), public_id(sid))
    desk.pass_lease(session, control.leave(session.lease, order.client, session.attachments))
    desk.publish(session)
    log.info("event=detach session=%s client=%r", public_id(sid), one.name)


def take(desk: Desk, peer: bytes, sid: bytes, order: Take | Release, now: float) -> None:
    """An attachment takes the lease, or gives it up."""
    session = desk.reachable(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, req=order.req, client=order.client)
        return
    one = session.attachments.get(order.client)
    if one is None or one.peer != peer:
        text = f"This client is not attached to session {public_id(sid)}"
        desk.refuse(peer, sid, "not-attached", text, "Attach again", req=order.req, client=order.client)
        return
    one.heard = now
    if desk.inside(peer, sid):
        alarm.refuse_own(desk, peer, session, "take control of it", now, req=order.req, client=order.client)
        return
    if isinstance(order, Take):
        change = control.take_over(session.lease, order.client, one.name)
    else:
        change = control.release(session.lease, order.client)
    if desk.pass_lease(session, change):
        desk.publish(session)
    desk.tell(peer, sid, Done(order.req))


def seen(desk: Desk, peer: bytes, sid: bytes, order: Seen, now: float) -> None:
    """A sign of life. One from a client that is not attached (any more) is answered, so that it attaches again."""
    session = desk.registry.live.get(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, client=order.client)
        return
    one = session.attachments.get(order.client)
    if one is not None and one.peer == peer:
        clients.note_seen(one, order, now)
    elif session.worker is None or session.ended:
        desk.refuse_absent(peer, sid, now, client=order.client)
    else:
        _refuse_writing(desk, peer, session, order.client, None, now)


def stop(desk: Desk, peer: bytes, sid: bytes, order: Stop, now: float) -> None:
    """Pass the wish to end the session on. Asked again, it is passed on again."""
    session = desk.reachable(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, req=order.req)
        return
    grace = order.grace_s
    if not math.isfinite(grace) or not 0 <= grace <= _GRACE_S_MAX or not 0 <= order.signal <= _SIGNAL_MAX:
        desk.refuse(peer, sid, "bad-message", f"A grace of {grace} s or signal {order.signal} can't be", req=order.req)
        return
    by = clients.client_name(order.by)
    if not desk.order(session, Stop(order.req, by, grace, order.signal)):
        desk.refuse_unreachable(peer, sid, req=order.req)
        return
    desk.journal.note("stop", by, public_id(sid), grace_s=f"{grace:g}")
    log.info("event=stop session=%s by=%r grace_s=%g", public_id(sid), by, grace)
    desk.tell(peer, sid, Done(order.req))


def rename(desk: Desk, peer: bytes, sid: bytes, order: Rename, now: float) -> None:
    """Give the session another title; the worker reports it back."""
    session = desk.reachable(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, req=order.req)
    elif desk.order(session, Rename(order.req, title := launching.clean_title(order.title, session.view.provider))):
        desk.journal.note("rename", "a client", public_id(sid), title=title)
        desk.tell(peer, sid, Done(order.req))
    else:
        desk.refuse_unreachable(peer, sid, req=order.req)


def reload(desk: Desk, peer: bytes, sid: bytes, order: Reload, now: float) -> None:
    """Have one worker, or all, carry on with the code that is installed now."""
    if sid != NO_SESSION:
        session = desk.reachable(sid)
        if session is None:
            desk.refuse_absent(peer, sid, now, req=order.req)
        elif desk.order(session, Reload()):
            desk.tell(peer, sid, Done(order.req, "1"))
        else:
            desk.refuse_unreachable(peer, sid, req=order.req)
        return
    told = sum(desk.order(session, Reload()) for session in desk.registry.live.values() if not session.ended)
    desk.journal.note("reload", desk.around.site.owner, workers=str(told))
    log.info("event=reload workers=%d", told)
    desk.tell(peer, sid, Done(order.req, str(told)))


def launch(desk: Desk, peer: bytes, sid: bytes, order: Launch, now: float) -> None:
    """Check the order and ask the spawner; the answer follows the worker's first word."""
    under_way = desk.launches.by_sid
    if len(desk.registry.live) + len(under_way) >= SESSIONS_LIVE_MAX:
        text = f"{SESSIONS_LIVE_MAX} sessions live, which is the limit"
        desk.refuse(peer, sid, "too-many", text, "End one: tether stop ID", req=order.req)
        return
    taken = desk.registry.public_ids() | {public_id(one) for one in under_way}
    while public_id(new := desk.around.make_sid()) in taken:
        pass
    try:
        provider = providers.find(order.provider, desk.around.providers)
        spec = launching.build_spec(order, provider, new, desk.around.site)
    except TetherError as error:
        desk.refuse(peer, sid, error.code, error.message, error.hint, req=order.req)
        return
    pending = launching.Pending(new, peer, order.req, spec, now + launching.LAUNCH_S)
    desk.launches.add(pending)
    if provider.channel and adapting.prepare(desk, pending, provider, order, now):
        pass  # it goes on with the adapter's answer, or without one in a moment
    elif desk.spawner:
        desk.outbox.to_spawner(desk.launches.order(pending, desk.spawner))
    desk.journal.note(
        "launch", desk.around.site.owner, public_id(new), provider=provider.name, title=printable(order.title, 60)
    )
    log.info("event=launch session=%s provider=%s title=%r", public_id(new), provider.name, printable(order.title, 60))


def list_sessions(desk: Desk, peer: bytes, sid: bytes, order: ListSessions, now: float) -> None:
    """The registry, oldest first: ids begin with the time of creation."""
    views = [present(session, desk.store_reason) for _sid, session in sorted(desk.registry.live.items())]
    desk.outbox.send(peer, sessions_frame(order.req, views, desk.store_health))


def list_clients(desk: Desk, peer: bytes, sid: bytes, order: ListClients, now: float) -> None:
    """The attachments of one session, or of all."""
    if sid == NO_SESSION:
        of = list(desk.registry.live.values())
    elif sid in desk.registry.live:
        of = [desk.registry.live[sid]]
    else:
        desk.refuse_absent(peer, sid, now, req=order.req)
        return
    views = [
        clients.view(session.sid, one, control.mode_of(session.lease, one.client), session.newest_offset)
        for session in of
        for one in session.attachments.values()
    ]
    views.sort(key=lambda view: view.since)
    desk.outbox.send(peer, clients_frame(order.req, views))


def deed(desk: Desk, peer: bytes, sid: bytes, order: Deed, now: float) -> None:
    """Something for the audit log that happened elsewhere in the gateway. An agent has nothing to tell it."""
    known = desk.peers[peer]
    if known.inside:
        alarm.attempted(desk, peer, sid, "write into the audit log", now)
        return
    desk.journal.deed(order, now)
    if known.role != "web":
        return
    if order.kind == "pair":
        alarm.paired(desk, order.facts.get("name", ""), order.facts.get("device", ""))
    elif order.kind == alarm.ATTEMPT:
        alarm.reported(desk, order.session, order.actor, order.facts.get("what", ""), now)


def ping(desk: Desk, peer: bytes, sid: bytes, order: Ping, now: float) -> None:
    """The answer comes from the loop that does the work."""
    desk.outbox.send(peer, encode(sid, Pong(order.req)))


ORDERS: dict[type, Callable[[Desk, bytes, bytes, Any, float], None]] = {
    Resize: resize,
    Attach: attach,
    Detach: detach,
    Take: take,
    Release: take,
    Seen: seen,
    Stop: stop,
    Rename: rename,
    Reload: reload,
    Launch: launch,
    ListSessions: list_sessions,
    ListClients: list_clients,
    Ping: ping,
    SnapshotQuery: questions.ask,
    HistoryQuery: questions.ask,
    Deed: deed,
    Decide: adapting.decide,
    Prompt: adapting.prompt,
    Interrupt: adapting.prompt,
}
"""Every order of a client but Input, which has its own path."""
