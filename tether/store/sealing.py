"""The end of a session that nobody can reach: what its ring holds, then `Lost`, then its files go."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tether.paths import Paths
from tether.store.salvage import StillAlive, Wreck
from tether.store.writer import Writer
from tether.wire import WireError
from tether.wire.codec import decode_body, encode_body
from tether.wire.events import Lost, Note
from tether.wire.views import SessionView

log = logging.getLogger("tether")


@dataclass
class _Open:
    peers: set[bytes]
    wreck: Wreck


class Sealing:
    """The seals under way: begun, and waiting for the commit that makes them durable."""

    def __init__(self, paths: Paths, writer: Writer) -> None:
        self._paths = paths
        self._writer = writer
        self._open: dict[bytes, _Open] = {}

    def begin(self, peer: bytes, sid: bytes, cause: str, now_us: int) -> bool:
        """Take what the ring holds and the end of the session; `peer` is answered by `finished` after a commit.

        False when a worker holds the session's lock: then it is not lost and nothing was done.
        """
        if sid in self._open:
            self._open[sid].peers.add(peer)
            return True
        try:
            wreck = Wreck(self._paths, sid)
        except StillAlive:
            log.error("event=seal-refused session=%s message='its worker lives'", sid.hex())
            return False
        self._open[sid] = _Open({peer}, wreck)
        self._salvage(wreck, sid, now_us)
        known = self._writer.newest(sid) > 0
        if known and not self._writer.has_ended(sid):
            self._append(sid, Lost(self._writer.newest(sid) + 1, now_us, cause))
        log.info("event=sealed session=%s seq=%d cause=%r", sid.hex(), self._writer.newest(sid), cause)
        return True

    def finished(self) -> list[tuple[bytes, bytes, SessionView | None]]:
        """(peer, session, final record) of every seal that is on disk now; their files are gone."""
        done = [sid for sid in self._open if self._writer.durable(sid) == self._writer.newest(sid)]
        answers = []
        for sid in done:
            seal = self._open.pop(sid)
            seal.wreck.remove()
            answers += [(peer, sid, self._writer.view(sid)) for peer in seal.peers]
        return answers

    def _salvage(self, wreck: Wreck, sid: bytes, now_us: int) -> None:
        if self._writer.has_ended(sid):
            return
        found = wreck.read(self._writer.newest(sid), now_us)
        if found.bodies:
            self._writer.missing(sid, found.first, now_us)
        taken = 0
        for body in found.bodies:
            try:
                event = decode_body(body)
            except WireError as error:
                found.problem = str(error)
                break
            self._writer.take(sid, event, body, force=True)
            taken += 1
        if taken:
            log.info("event=salvaged session=%s events=%d", sid.hex(), taken)
        if found.problem and self._writer.newest(sid) and not self._writer.has_ended(sid):
            log.error("event=salvage-incomplete session=%s reason=%r", sid.hex(), found.problem)
            text = f"The last output could not be saved: {found.problem}"
            self._append(sid, Note(self._writer.newest(sid) + 1, now_us, "gap", text))

    def _append(self, sid: bytes, event: Lost | Note) -> None:
        self._writer.take(sid, event, encode_body(event), force=True)
