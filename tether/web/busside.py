"""The web process's side of the bus: one line to the broker, the live mirror, a hub per watched session, the log.

Made and closed by the application's lifespan, on its loop. Everything here is callbacks and one timer;
nothing waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from tether import masking, settings
from tether.bookshelf import Shelf
from tether.bus import Bus, Subscriber
from tether.bus.readers import AsyncSockets
from tether.bus.uplink import Uplink
from tether.clock import monotonic, now_us
from tether.paths import Paths
from tether.redact.hostile import Policy
from tether.store.reader import LogReader, LogUnavailable
from tether.web.admission import Credential
from tether.web.attachment import Recent
from tether.web.changes import Changes
from tether.web.connection import (
    CLOSE_IDLE,
    CLOSE_REPLACED,
    CLOSE_RESTARTING,
    CLOSE_REVOKED,
    IDLE_S,
    STALLED_S,
    Connection,
)
from tether.web.courtesy import Courtesy
from tether.web.credentials import Credentials
from tether.web.enclosures import Enclosures
from tether.web.hub import LIVE_HWM, Hub
from tether.web.masked import Live, Log, MaskedLog, Row
from tether.web.mirror import Mirror
from tether.web.screens import Screens
from tether.web.seenfile import SeenFile
from tether.web.telling import Telling
from tether.web.thumbnails import Thumbnails
from tether.web.worktrees import Worktrees
from tether.wire.codec import WireError, decode, encode
from tether.wire.control import Attached, Detach, History, Refused, Sessions
from tether.wire.ids import NO_SESSION
from tether.wire.limits import CLIENT_HEARTBEAT_S
from tether.wire.storing import Committed, StoreHealth
from tether.wire.views import ENDED, SessionView

# A page that is loaded again comes back within this time and keeps its lease.
DETACH_GRACE_S: Final = 5.0
TICK_S: Final = 1.0
# How soon a change of the file of devices by another process is noticed while somebody is attached.
REVIEW_S: Final = 0.25
_LOG_LOOK_S: Final = 0.01
CONNECTIONS_MAX: Final = 1024
# How many times, a tick apart, an agent's environment is asked for that can't be read yet.
MEET_TRIES: Final = 5

log = logging.getLogger("tether")

Key = tuple[bytes, bytes]
"""(session id, client id)."""


class BusSide:
    """What the endpoints work with. `credentials` decides how long a connection may stay."""

    def __init__(self, paths: Paths, credentials: Credentials) -> None:
        self.paths = paths
        self.mirror = Mirror()
        self.changes = Changes(now_us())
        self._growing: set[asyncio.Event] = set()
        self.health: StoreHealth | None = None
        self.reader = LogReader(paths)
        self.books = Shelf(paths.lines)
        chosen = settings.load(paths.settings)
        self.mask = masking.load(paths, chosen.masking.web, Policy(chosen.web.clipboard))
        self._known = masking.known(paths) if self.mask is not None else None
        if self._known is not None:
            self._known.finder.expect_much()
        self._unmet: dict[bytes, tuple[SessionView, int]] = {}
        self._masked = MaskedLog(self.reader, self.mask, self._cols, monotonic) if self.mask is not None else None
        self.shown: Log = self._masked or self.reader
        self.connections: dict[Key, Connection] = {}
        self._credentials = credentials
        self.seen = SeenFile(paths.seen, lambda: [one.id for one in credentials.registry.book.devices], now_us)
        self._hubs: dict[bytes, Hub] = {}
        self._taken: dict[Key, int] = {}
        self._departures: dict[Key, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()
        self._bus = Bus()
        self._sockets = AsyncSockets(self._loop)
        self._views = self._listen(self._bus.subscriber(paths.broker_pub, b""), self._view_frame)
        self._notices = self._listen(self._bus.subscriber(paths.store_pub, NO_SESSION), self._store_frame)
        self.uplink = Uplink(
            self._bus.dealer(paths.broker, monitored=True), self._sockets, paths, self._from_broker, self._welcomed
        )
        self.telling = Telling(self.uplink)
        self.screens = Screens(self.uplink, self.reader, self.mask)
        self.courtesy = Courtesy()
        self.thumbnails = Thumbnails(self.screens, monotonic)
        self.worktrees = Worktrees(paths.beginnings, self.mask, now_us)
        self.enclosures = Enclosures(paths.enclosures)
        self._parent = os.getppid()
        self._ticks = 0
        self.channels: dict[object, Callable[[], None]] = {}
        self._reviewer = self._loop.call_later(REVIEW_S, self._review_again)
        self._ticker = self._loop.call_later(TICK_S, self._tick)

    def close(self) -> None:
        """Close every socket. Clients are not detached: they come back to the next web process."""
        self._ticker.cancel()
        self._reviewer.cancel()
        self.screens.close()
        self.worktrees.close()
        self.enclosures.close()
        for timer in self._departures.values():
            timer.cancel()
        for hub in self._hubs.values():
            hub.close()
        self._bus.close()
        self.reader.close()

    # -- sessions

    def record(self, sid: bytes) -> SessionView | None:
        """The log's record of the session, None when there is none or no log."""
        try:
            return self.reader.session(sid)
        except LogUnavailable:
            return None

    def view(self, sid: bytes) -> SessionView | None:
        """The session as it is known now."""
        return self.mirror.get(sid, self.record(sid))

    def ended(self, sid: bytes) -> bool:
        """True when the session is known to have ended."""
        view = self.view(sid)
        return view is not None and view.state in ENDED

    def sessions(self) -> list[SessionView]:
        """Every session that is known, oldest first."""
        try:
            records = self.reader.sessions()
        except LogUnavailable:
            records = []
        return self.mirror.all(records)

    def find(self, prefix: str) -> list[SessionView]:
        """The sessions whose public id begins with `prefix` (normalised); one whose id equals it wins alone."""
        try:
            records = [record for record in self.reader.find(prefix) if record.id.startswith(prefix)]
        except LogUnavailable:
            records = []
        return self.mirror.find(prefix, records)

    async def log_grows(self, sids: Iterable[bytes], wanting: Callable[[], bool], seconds: float) -> None:
        """Wait while something is `wanting` in the log of these sessions, not longer than `seconds`."""
        if not wanting():
            return
        grown, watched = asyncio.Event(), list(sids)
        for sid in watched:
            self._notices.subscribe(sid)
        self._growing.add(grown)
        until = monotonic() + seconds
        try:
            while wanting() and monotonic() < until:
                grown.clear()
                # A notice that came before the subscription did is never heard: look again all the same.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOG_LOOK_S):
                        await grown.wait()
        finally:
            self._growing.discard(grown)
            for sid in watched:
                self._notices.unsubscribe(sid)

    # -- hubs

    def hub(self, sid: bytes) -> Hub:
        """The session's live events; made when nobody watched it so far. Pair with `release_hub`."""
        hub = self._hubs.get(sid)
        if hub is None:
            path = self.paths.worker_pub(sid)
            hub = Hub(
                sid,
                lambda: self._bus.subscriber(path, sid, hwm=LIVE_HWM),
                lambda wanted: (self._notices.subscribe if wanted else self._notices.unsubscribe)(sid),
                self._sockets,
                self._live_maker(sid),
            )
            self._hubs[sid] = hub
            self._look(hub)
        return hub

    def _live_maker(self, sid: bytes) -> Callable[[Recent], Live] | None:
        masked = self._masked
        if masked is None:
            return None
        return lambda raw: Live(raw, lambda after: masked.reading(sid, after).flow)

    def _cols(self, sid: bytes) -> int:
        view = self.view(sid)
        return view.cols if view is not None else 0

    def read_shown(self, sid: bytes, after: int, limit: int, max_bytes: int) -> list[Row]:
        """Events of the log as they may be shown, all of them that are there. LogUnavailable."""
        reader = self._masked.all_of if self._masked is not None else self.reader.events
        return reader(sid, after, limit, max_bytes)

    def message_shown(self, sid: bytes, message: Any) -> Any:
        """What is said to a client beside events, as it may be shown."""
        match message:
            case _ if self.mask is None:
                return message
            case History():
                return masking.history_masked(message, self.mask, self._cols(sid))
            case SessionView():
                return masking.view_masked(message, self.mask)
            case Attached():
                return msgspec.structs.replace(message, view=masking.view_masked(message.view, self.mask))
            case _:
                return message

    def watched(self, sid: bytes) -> Hub | None:
        """The session's hub if somebody watches it."""
        return self._hubs.get(sid)

    def release_hub(self, sid: bytes) -> None:
        """Close the session's hub when nobody watches any more."""
        hub = self._hubs.get(sid)
        if hub is not None and not hub.watchers:
            hub.close()
            del self._hubs[sid]

    # -- connections

    def join(self, connection: Connection) -> bool:
        """Take a connection in; one with the same client id gives way to it. False when there are too many."""
        key = (connection.sid, connection.client)
        if key not in self.connections and len(self.connections) >= CONNECTIONS_MAX:
            return False
        older = self.connections.get(key)
        if older is not None:
            older.close(CLOSE_REPLACED)
        departure = self._departures.pop(key, None)
        if departure is not None:
            departure.cancel()
        self.connections[key] = connection
        return True

    def leave(self, connection: Connection) -> None:
        """The connection is gone. Its attachment ends a little later, unless the client comes back."""
        key = (connection.sid, connection.client)
        if self.connections.get(key) is not connection:
            return
        del self.connections[key]
        if connection.standing.mode:
            self._departures[key] = self._loop.call_later(DETACH_GRACE_S, self._depart, key)

    def took(self, connection: Connection, n: int) -> None:
        """The worker acknowledged input `n` of this client over its lane, of which the broker hears nothing."""
        self._taken[(connection.sid, connection.client)] = n

    def taken(self, connection: Connection) -> int:
        """The newest input of this client that was acknowledged over a lane; 0 when none was."""
        return self._taken.get((connection.sid, connection.client), 0)

    def detach(self, connection: Connection) -> None:
        """The client said goodbye: its attachment ends at once."""
        connection.standing.mode = ""
        self._depart((connection.sid, connection.client))

    def close_all(self) -> None:
        """The process is about to end: tell every client to come back."""
        for connection in self.connections.values():
            connection.close(CLOSE_RESTARTING)
        self.changes.wake()

    # -- who may stay

    def review(self) -> None:
        """Close whatever stands on a credential that does not stand any more: at once after a revocation."""
        self._credentials.refresh()
        for connection in list(self.connections.values()):
            if not self._credentials.stands(connection.credential):
                # No grace for its lease: it does not come back.
                self.detach(connection)
                connection.close(CLOSE_REVOKED)
        for review in list(self.channels.values()):
            review()

    def _review_again(self) -> None:
        self._reviewer = self._loop.call_later(REVIEW_S, self._review_again)
        if self.connections or self.channels:
            self.review()

    def happened(self, kind: str, by: Credential, **facts: str) -> None:
        """Something about devices that belongs in the audit log."""
        log.info("event=%s by=%r via=%s device=%s", kind, by.name, by.via, facts.get("device", ""))
        self.telling.tell(kind, by.name or by.via, **facts)

    def _depart(self, key: Key) -> None:
        self._departures.pop(key, None)
        self._taken.pop(key, None)
        sid, client = key
        self.uplink.send(encode(sid, Detach(client)))

    # -- what arrives

    def _listen(self, subscriber: Subscriber, take: Any) -> Subscriber:
        def drain() -> None:
            while (frame := subscriber.receive()) is not None:
                try:
                    take(*decode(frame))
                except WireError as error:
                    log.warning("event=bad-bus-frame error=%r", str(error))

        self._sockets.add(subscriber, drain)
        return subscriber

    def _view_frame(self, sid: bytes, message: Any) -> None:
        if isinstance(message, SessionView) and self.mirror.news(message):
            self.worktrees.notice(message)
            self._meet(message, MEET_TRIES)
            self._tell_watchers(message)

    def _meet(self, view: SessionView, tries: int) -> None:
        """Learn what the session's agent was given. One that is about to be executed is looked at again."""
        self._unmet.pop(view.sid, None)
        if self._known is not None and not masking.meet(self._known, view) and tries:
            self._unmet[view.sid] = view, tries - 1

    def _store_frame(self, sid: bytes, message: Any) -> None:
        if isinstance(message, Committed):
            for grown in self._growing:
                grown.set()
            hub = self._hubs.get(sid)
            if hub is not None:
                hub.exists(message.upto)
        elif isinstance(message, StoreHealth):
            self.health = message
            if message.state == "opening":
                # A store that starts must be alone for a moment where LMDB's lock dies with its holder.
                self.reader.let_go()

    def _from_broker(self, sid: bytes, message: Any) -> None:
        if isinstance(message, SessionView):
            self._view_frame(sid, message)
            return
        connection = self.connections.get((sid, getattr(message, "client", b"")))
        if connection is not None:
            connection.standing.from_broker(message)
        elif isinstance(message, Refused) and not message.client:
            log.info("event=unaddressed-refusal code=%s", message.code)

    def _welcomed(self) -> None:
        """The broker is there, perhaps another one than before: learn what lives, and say who is attached."""
        self.refresh()
        self.telling.runs_with(
            {"config": self.paths.settings, "masking": masking.rules_file(self.paths), "exposure": self.paths.exposure}
        )
        for connection in self.connections.values():
            if not self.ended(connection.sid):
                connection.standing.attach_again()

    def refresh(self) -> bool:
        """Ask the broker for its sessions. False when it is away."""
        return self.uplink.list_sessions(self._listed)

    def learn(self, answer: Sessions) -> None:
        """Take the broker's list of live sessions in."""
        before = set(self.mirror.views)
        for view in self.mirror.listed(answer.views):
            self._meet(view, MEET_TRIES)
            self._tell_watchers(view)
        for sid in before.difference(self.mirror.views):
            # Its end was told while nobody here listened: the log has it.
            self.changes.note(sid)

    def _listed(self, answer: Any) -> None:
        if isinstance(answer, Sessions):
            self.learn(answer)
            known = {view.sid for view in self.sessions()}
            self.worktrees.sweep(known)
            self.enclosures.sweep(known)

    def _tell_watchers(self, view: SessionView) -> None:
        self.changes.note(view.sid)
        hub = self._hubs.get(view.sid)
        if hub is None:
            return
        hub.exists(view.seq)
        for connection in self.connections.values():
            if connection.sid == view.sid:
                connection.tell(view)

    # -- time

    def _tick(self) -> None:
        self._ticker = self._loop.call_later(TICK_S, self._tick)
        self._ticks += 1
        if os.getppid() != self._parent:
            # Where no signal tells of it (macOS), a gateway's part still must not outlive its supervisor.
            os.kill(os.getpid(), signal.SIGTERM)
        self.uplink.tick()
        for view, tries in list(self._unmet.values()):
            self._meet(view, tries)
        if not self.connections:
            return
        now = monotonic()
        for hub in self._hubs.values():
            self._look(hub)
        heartbeat = self._ticks % round(CLIENT_HEARTBEAT_S / TICK_S) == 0
        for connection in list(self.connections.values()):
            silent_s = now - connection.alive()
            if silent_s > (STALLED_S if connection.viewer.sending else IDLE_S):
                connection.close(CLOSE_IDLE)
            elif silent_s <= IDLE_S:
                connection.tick(now)
                if heartbeat and connection.standing.mode and not self.ended(connection.sid):
                    # Browsers slow the timers of hidden pages down; the open connection is the sign of life.
                    self.uplink.send(encode(connection.sid, connection.seen))

    def _look(self, hub: Hub) -> None:
        """Notices can be lost: ask the log itself how far it is."""
        try:
            hub.look(self.reader.last_seq(hub.sid))
        except LogUnavailable:
            return
