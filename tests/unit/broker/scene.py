"""A desk without sockets: what goes out is kept, time is a number."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, TypeVar

from tether.broker import routing
from tether.broker.desk import Desk, Surroundings
from tether.broker.launching import Site
from tether.broker.upkeep import Upkeep
from tether.wire import PROTOCOL, decode, encode
from tether.wire.auditing import AuditEntry
from tether.wire.control import Attach, Hello
from tether.wire.ids import NO_SESSION, make_session_id, public_id
from tether.wire.views import SessionView

M = TypeVar("M")
TOKEN = "t" * 64


def session_id(number: int = 1) -> bytes:
    return make_session_id(1_000_000 + number, number.to_bytes(5, "big"), b"mmmmm")


def view(sid: bytes, **fields: Any) -> SessionView:
    return SessionView(
        **{"sid": sid, "id": public_id(sid), "provider": "shell", "title": "t", "state": "running", **fields}
    )


class Scene:
    """Also the outbox: `gone` holds connections that can't be sent to."""

    def __init__(self, now: float = 100.0) -> None:
        self.sent: list[tuple[bytes, bytes, Any]] = []
        self.published: list[SessionView] = []
        self.asked_store: list[tuple[bytes, Any]] = []
        self.audited: list[AuditEntry] = []
        self.asked_spawner: list[dict[str, Any]] = []
        self.gone: set[bytes] = set()
        self.locked: set[bytes] = set()
        self.now = now
        sids = map(session_id, itertools.count(1000))
        keys = (number.to_bytes(16, "big") for number in itertools.count(1))
        around = Surroundings(
            site=Site("owner", "machine", 5.0, 1 << 20),
            providers=Path("/nonexistent"),
            boot_s=0.0,
            make_sid=lambda: next(sids),
            make_key=lambda: next(keys),
            read_token=lambda: TOKEN,
            locked=lambda sid: sid in self.locked,
        )
        self.desk = Desk(self, around, "boot", now)
        self.upkeep = Upkeep(now)

    # -- outbox

    def send(self, peer: bytes, frame: bytes) -> bool:
        if peer in self.gone:
            return False
        self.sent.append((peer, *decode(frame)))
        return True

    def publish(self, frame: bytes) -> None:
        self.published.append(decode(frame)[1])

    def to_store(self, frame: bytes) -> bool:
        sid, message = decode(frame)
        if isinstance(message, AuditEntry):
            self.audited.append(message)
        else:
            self.asked_store.append((sid, message))
        return True

    def to_spawner(self, line: dict[str, Any]) -> bool:
        self.asked_spawner.append(line)
        return bool(self.desk.spawner)

    # -- what happens

    def say(self, peer: bytes, sid: bytes, message: Any) -> None:
        routing.on_frame(self.desk, peer, encode(sid, message), self.now)

    def worker(self, sid: bytes, peer: bytes = b"worker", **fields: Any) -> bytes:
        self.say(peer, sid, Hello(PROTOCOL, "worker", TOKEN, view(sid, **fields)))
        self.locked.add(sid)
        return peer

    def client(self, peer: bytes = b"client") -> bytes:
        self.say(peer, NO_SESSION, Hello(PROTOCOL, "client", TOKEN))
        return peer

    def attach(self, sid: bytes, client: bytes, peer: bytes = b"client", mode: str = "control", **fields: Any) -> None:
        self.say(peer, sid, Attach(1, client, "name", "native", mode, 80, 24, **fields))

    def wait(self, seconds: float, *hearing: Any) -> None:
        """Time passes in steps of half a second, `hearing` is called in each."""
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            for call in hearing:
                call()
            self.upkeep.tick(self.desk, self.now)

    def to(self, peer: bytes, kind: type[M]) -> list[M]:
        """What `peer` was sent of this kind, oldest first."""
        return [message for one, _sid, message in self.sent if one == peer and isinstance(message, kind)]
