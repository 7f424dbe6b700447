"""What every rule of the broker works on: the registry, who is connected, and how to answer."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tether.audit import Repeats
from tether.broker.clients import Attachment
from tether.broker.control import CONTROL, Change, Lease, mode_of
from tether.broker.journal import Journal
from tether.broker.launching import Launches, Site
from tether.broker.liveness import Watch
from tether.broker.outbox import Outbox
from tether.broker.sessions import Registry, Session, present
from tether.clock import now_us
from tether.wire import encode
from tether.wire.control import Control, Grant, Refused
from tether.wire.ids import NO_SESSION, public_id

log = logging.getLogger("tether")


@dataclass(slots=True)
class Peer:
    """A connection that has introduced itself: `role` is client, web, adapters or worker (then of the session `sid`).

    `pid` is the process that made it, `inside` the sessions whose process trees that one is in (b"": it can't be told
    which).
    """

    role: str
    sid: bytes
    heard: float
    pid: int = 0
    inside: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Surroundings:
    """What the rules need of the machine. `locked` tells whether a living process holds a session's worker lock."""

    site: Site
    providers: Path
    boot_s: float
    make_sid: Callable[[], bytes]
    make_key: Callable[[], bytes]
    read_token: Callable[[], str]
    locked: Callable[[bytes], bool]
    sessions_around: Callable[[int], frozenset[bytes]] = lambda _pid: frozenset()
    has_terminal: Callable[[int], bool] = lambda _pid: True
    side_socket: Callable[[bytes], str] = lambda _sid: ""


class Desk:
    """The broker's whole state. `boot` names this run; times are monotonic seconds."""

    def __init__(self, outbox: Outbox, around: Surroundings, boot: str, now: float) -> None:
        self.outbox = outbox
        self.around = around
        self.boot = boot
        self.registry = Registry(now)
        self.peers: dict[bytes, Peer] = {}
        self.launches = Launches()
        self.watch = Watch(now)
        self.causes: dict[bytes, str] = {}
        # The connection of the adapters, b"" while they are away, and who waits for an answer of theirs.
        self.adapters = b""
        self.asked: OrderedDict[tuple[bytes, int], bytes] = OrderedDict()
        self._attempts = Repeats()
        self.journal = Journal(boot, lambda entry: outbox.to_store(encode(NO_SESSION, entry)), now_us)
        # The number of the connection to the spawner; 0 while it is away.
        self.spawner = 0
        self.store_connected = False
        self.store_reason = ""
        # Frames that broke the protocol, and messages that nobody may send here.
        self.garbage = 0
        self.unexpected = 0

    @property
    def store_health(self) -> str:
        if not self.store_connected:
            return "down"
        return f"stalled: {self.store_reason}" if self.store_reason else "ok"

    def reachable(self, sid: bytes) -> Session | None:
        """The session, if it lives and its worker has introduced itself."""
        session = self.registry.live.get(sid)
        return session if session is not None and session.worker is not None and not session.ended else None

    def tell(self, peer: bytes, sid: bytes, message: msgspec.Struct) -> bool:
        """False when the peer is gone."""
        return self.outbox.send(peer, encode(sid, message))

    def inside(self, peer: bytes, sid: bytes) -> bool:
        """True when `peer` is a process of the session `sid` itself: an agent, or what it started."""
        known = self.peers.get(peer)
        return known is not None and bool(known.inside) and (sid in known.inside or b"" in known.inside)

    def attempts(self, name: str, what: str, now: float) -> bool:
        """True when what a program in session `name` tried was not shown a moment ago."""
        self._attempts.over(now)
        return self._attempts.first((name, what), now)

    def order(self, session: Session, message: msgspec.Struct) -> bool:
        """Tell the session's worker; False when it can't be reached."""
        return session.worker is not None and self.tell(session.worker, session.sid, message)

    def refuse(
        self, peer: bytes, sid: bytes, code: str, message: str, hint: str = "", *, req: int = 0, client: bytes = b""
    ) -> None:
        self.tell(peer, sid, Refused(req, code, message, hint, client))

    def refuse_absent(self, peer: bytes, sid: bytes, now: float, *, req: int = 0, client: bytes = b"") -> None:
        """Say why nothing can be asked of the session `sid`."""
        if sid in self.launches.by_sid:
            text = f"Session {public_id(sid)} is starting"
            self.refuse(peer, sid, "not-ready", text, "Try again", req=req, client=client)
            return
        code, message, hint = self.registry.absence(sid, now)
        self.refuse(peer, sid, code, message, hint, req=req, client=client)

    def refuse_unreachable(self, peer: bytes, sid: bytes, *, req: int = 0, client: bytes = b"") -> None:
        """The worker's connection broke a moment ago, or its queue is full."""
        text = f"The worker of session {public_id(sid)} does not answer now"
        self.refuse(peer, sid, "not-ready", text, "Try again, or see: tether ls", req=req, client=client)

    def publish(self, session: Session) -> None:
        """Show everybody what the session looks like now."""
        self.outbox.publish(encode(session.sid, present(session, self.store_reason)))

    def publish_all(self) -> None:
        for session in self.registry.live.values():
            self.publish(session)

    def pass_lease(self, session: Session, change: Change, *, but: bytes = b"") -> bool:
        """Make `change` true. When the epoch moved, the worker fences, and every attachment except `but` (which is
        answered otherwise) is told at once. True when the holder changed."""
        old, session.lease = session.lease, change.lease
        if old.epoch == change.lease.epoch:
            return False
        session.lane = self.around.make_key() if change.lease.holder else b""
        self.grant(session, change.reason)
        self.tell_control(session, change.reason, but=but)
        self.journal.note(
            "control", change.lease.name or "nobody", public_id(session.sid),
            epoch=str(change.lease.epoch), before=old.name or "nobody", reason=change.reason or "free",
        )  # fmt: skip
        log.info(
            "event=lease session=%s epoch=%d holder=%r reason=%r",
            public_id(session.sid), change.lease.epoch, change.lease.name, change.reason,
        )  # fmt: skip
        return True

    def grant(self, session: Session, reason: str) -> None:
        """Tell the worker who may write. A worker that can't hear it now is told later (`upkeep`)."""
        lease: Lease = session.lease
        if self.order(session, Grant(lease.epoch, lease.holder, lease.name, reason, session.lane)):
            session.granted = lease.epoch

    def tell_control(self, session: Session, reason: str, *, but: bytes = b"") -> None:
        """Tell every attachment (except `but`) what it may do now."""
        lease = session.lease
        for client, one in session.attachments.items():
            if client != but:
                mode = mode_of(lease, client)
                key = session.lane if mode == CONTROL else b""
                self.tell(one.peer, session.sid, Control(client, mode, lease.epoch, lease.name, reason, key))

    def end(self, session: Session, reason: str) -> None:
        """The session has ended: nobody writes any more; everybody is told."""
        session.lease = Lease(session.lease.epoch)
        session.lane = b""
        self.publish(session)
        self.tell_control(session, reason)
        self.journal.note("ended", "gateway", public_id(session.sid), state=session.view.state)
        log.info("event=ended session=%s state=%s", public_id(session.sid), session.view.state)


def actor(attachment: Attachment) -> str:
    """An attachment as the audit log names it."""
    return f"{attachment.name} ({attachment.kind})"
