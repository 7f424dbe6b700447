"""Every frame from a connection: who may send what, and which rule it goes to."""

from __future__ import annotations

import hmac
import logging

from tether.broker import adapting, alarm, orders, questions, reports
from tether.broker.desk import Desk, Peer
from tether.errors import printable
from tether.wire import PROTOCOL, WireError, decode, encode
from tether.wire.auditing import Typed
from tether.wire.control import Hello, Input, InputAck, Pong, Refused, Report, Welcome
from tether.wire.ids import NO_SESSION, is_session_id
from tether.wire.version import compatible

log = logging.getLogger("tether")

_CLIENT_ROLES = frozenset({"client", "web"})


def on_frame(desk: Desk, peer: bytes, frame: bytes, now: float, pid: int = 0) -> None:
    """Take one frame of `peer`, whose connection the process `pid` made, at `now` (monotonic seconds). Frames that do
    not fit are counted and ignored."""
    try:
        sid, message = decode(frame)
    except WireError:
        desk.garbage += 1
        return
    known = desk.peers.get(peer)
    if known is None or type(message) is Hello or known.pid != pid:
        # Another process under the routing id of one that is gone is somebody else.
        _introduce(desk, peer, message, now, pid)
        return
    known.heard = now
    if known.role == "worker":
        _from_worker(desk, known, sid, message, frame, now)
    elif known.role == "adapters":
        adapting.from_adapters(desk, peer, sid, message, frame, now)
    elif type(message) is Input:
        orders.type_in(desk, peer, sid, message, frame, now)
    elif (rule := orders.ORDERS.get(type(message))) is not None:
        rule(desk, peer, sid, message, now)
    else:
        desk.unexpected += 1


def _from_worker(desk: Desk, known: Peer, sid: bytes, message: object, frame: bytes, now: float) -> None:
    session = desk.registry.live.get(known.sid)
    if session is None or sid != known.sid:
        desk.unexpected += 1
    elif type(message) is InputAck:
        reports.input_ack(desk, session, message, frame)
    elif type(message) is Report:
        reports.report(desk, session, message, now)
    elif questions.answered(desk, session, message, frame) or adapting.from_worker(desk, session, message, frame):
        pass
    elif type(message) is Refused:
        reports.worker_refused(desk, session, message, frame)
    elif type(message) is Typed:
        reports.typed(desk, session, message)
    elif type(message) is Pong:
        session.worker_spoke()
    else:
        desk.unexpected += 1


def _introduce(desk: Desk, peer: bytes, message: object, now: float, pid: int) -> None:
    if not isinstance(message, Hello):
        req = getattr(message, "req", 0)
        desk.refuse(peer, NO_SESSION, "hello-first", "Say Hello first", "Connect again", req=req)
        return
    if not compatible(message.protocol):
        text = f"This gateway speaks protocol {PROTOCOL}, and not {printable(message.protocol, 20)}"
        desk.refuse(
            peer, NO_SESSION, "protocol", text, "Restart the gateway with the version installed: tether restart"
        )
        return
    token = desk.around.read_token()
    if not token or not hmac.compare_digest(token.encode(), message.token.encode()):
        desk.refuse(peer, NO_SESSION, "hello-first", "The bus token is not this gateway's", "Connect again")
        log.warning("event=bad-token role=%r", printable(message.role, 20))
        return
    view = message.view
    inside = _sessions_around(desk, message, pid)
    if message.role != "client" and _poses(message, inside):
        desk.refuse(peer, NO_SESSION, "own-session", "A program inside a session is no part of the gateway")
        alarm.noted(desk, inside, pid, NO_SESSION, f"say Hello as {printable(message.role, 20)}", now)
        return
    if message.role in _CLIENT_ROLES:
        desk.peers[peer] = Peer(message.role, NO_SESSION, now, pid, inside)
        desk.outbox.send(peer, encode(NO_SESSION, Welcome(PROTOCOL, desk.boot)))
    elif message.role == "adapters":
        desk.peers[peer] = Peer(message.role, NO_SESSION, now, pid, inside)
        desk.outbox.send(peer, encode(NO_SESSION, Welcome(PROTOCOL, desk.boot)))
        adapting.came(desk, peer)
    elif message.role == "worker" and view is not None and is_session_id(view.sid):
        desk.peers[peer] = Peer("worker", view.sid, now, pid, inside)
        reports.worker_hello(desk, peer, message, view, now)
    else:
        desk.refuse(peer, NO_SESSION, "bad-message", f"A Hello as {printable(message.role, 20)!r} does not fit")


def _sessions_around(desk: Desk, hello: Hello, pid: int) -> frozenset[bytes]:
    """Whose process trees `pid` is in. Of a worker that is just started the spawner has said which process it is; the
    table of locks, which tells it of all others, takes Linux up to 14 ms to read."""
    if hello.role == "worker" and hello.view is not None and desk.launches.worker_of(hello.view.sid) == pid > 0:
        return frozenset({hello.view.sid})
    return desk.around.sessions_around(pid)


def _poses(hello: Hello, inside: frozenset[bytes]) -> bool:
    """A worker is the root of its own session's tree, and of no other; the web part is in none. Whoever says
    otherwise from inside a session is an agent that poses as a part of the gateway."""
    own = frozenset({hello.view.sid}) if hello.role == "worker" and hello.view is not None else frozenset()
    return bool(inside - own)
