"""Who speaks for which session, and who speaks nonsense."""

from __future__ import annotations

import logging

import msgspec

from tether.bus import Router
from tether.wire import encode
from tether.wire.ids import NO_SESSION
from tether.wire.limits import SESSIONS_LIVE_MAX

log = logging.getLogger("tether")

# Workers, the broker, and those that came back under a new address before the old one was forgotten.
PEERS_MAX = 4 * SESSIONS_LIVE_MAX


class Peers:
    """Addresses of workers by session, and of brokers. The newest address counts; the longest silent are forgotten."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._workers: dict[bytes, bytes] = {}
        self._brokers: dict[bytes, None] = {}
        self._nonsense: dict[bytes, int] = {}
        self.nonsense = 0

    def worker(self, sid: bytes, peer: bytes) -> None:
        """`peer` speaks for the session."""
        if self._workers.get(sid) != peer:
            self._workers[sid] = peer
            _trim(self._workers)

    def broker(self, peer: bytes) -> None:
        """`peer` asked what only a broker asks."""
        self._brokers[peer] = None
        _trim(self._brokers)

    def forget(self, sid: bytes) -> None:
        """The session has ended and its worker was told."""
        self._workers.pop(sid, None)

    def tell(self, sid: bytes, message: msgspec.Struct) -> None:
        """To the session's worker, if one is known. What is not sent is asked for again by the worker."""
        peer = self._workers.get(sid)
        if peer is not None:
            self._router.send(peer, encode(sid, message))

    def answer(self, peer: bytes, sid: bytes, message: msgspec.Struct) -> None:
        """To whoever asked."""
        self._router.send(peer, encode(sid, message))

    def tell_all(self, message: msgspec.Struct) -> None:
        """To every worker and broker; those that are gone are forgotten."""
        for sid, peer in list(self._workers.items()):
            if not self._router.send(peer, encode(sid, message)):
                del self._workers[sid]
        self.tell_brokers(message)

    def tell_brokers(self, message: msgspec.Struct) -> None:
        """To every broker; those that are gone are forgotten."""
        for peer in list(self._brokers):
            if not self._router.send(peer, encode(NO_SESSION, message)):
                del self._brokers[peer]

    def bad(self, peer: bytes, reason: str) -> None:
        """A frame of `peer` made no sense: counted, and logged the first time."""
        self.nonsense += 1
        count = self._nonsense.get(peer, 0) + 1
        self._nonsense[peer] = count
        _trim(self._nonsense)
        if count == 1:
            log.warning("event=bad-frame peer=%s reason=%r", peer.hex(), reason[:200])


def _trim(table: dict[bytes, object] | dict[bytes, bytes] | dict[bytes, int] | dict[bytes, None]) -> None:
    while len(table) > PEERS_MAX:
        del table[next(iter(table))]
