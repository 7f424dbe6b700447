"""Questions of clients that a session's worker answers: its screen, its scrollback. They need no attachment.

A question is passed on as it is, and the answer as it comes: what is kept is who asked. A client that gets no answer
makes one from the log, so nothing is asked again here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tether.broker.desk import Desk
from tether.broker.sessions import Session
from tether.wire.control import History, HistoryQuery, Refused, Snapshot, SnapshotQuery

# Questions under way at one session; the oldest are forgotten. Each costs its worker some milliseconds.
_ASKED_MAX: Final = 128

Asked = OrderedDict[tuple[bytes, int], bytes]
"""(client, number of its question) -> the connection that asked, oldest first."""


def ask(desk: Desk, peer: bytes, sid: bytes, order: SnapshotQuery | HistoryQuery, now: float) -> None:
    """Pass a question on to the session's worker."""
    session = desk.reachable(sid)
    if session is None:
        desk.refuse_absent(peer, sid, now, req=order.req, client=order.client)
    elif not desk.order(session, order):
        desk.refuse_unreachable(peer, sid, req=order.req, client=order.client)
    else:
        note(session.asked, order.client, order.req, peer)


def note(asked: Asked, client: bytes, req: int, peer: bytes) -> None:
    """`peer` asked question `req` of `client`."""
    asked[client, req] = peer
    asked.move_to_end((client, req))
    if len(asked) > _ASKED_MAX:
        asked.popitem(last=False)


def forget(desk: Desk, session: Session) -> None:
    """The worker that was asked is gone: whoever waits for it is told at once."""
    for (client, req), peer in session.asked.items():
        desk.refuse_unreachable(peer, session.sid, req=req, client=client)
    session.asked.clear()


def answered(desk: Desk, session: Session, answer: object, frame: bytes) -> bool:
    """Pass the worker's answer, as it came, to whoever asked. False when it is none, or nobody did."""
    if not isinstance(answer, Snapshot | History | Refused):
        return False
    peer = session.asked.pop((answer.client, answer.req), None)
    if peer is None:
        return False
    desk.outbox.send(peer, frame)
    return True
