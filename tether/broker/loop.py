"""The broker's loop: poll, decode, decide, do. The rules live next door."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from tether.broker import reports, routing
from tether.broker.desk import Desk, Surroundings
from tether.broker.spawner_link import SpawnerLink
from tether.broker.upkeep import Upkeep
from tether.bus import Bus, Dealer, Poller, Publisher, Router, Subscriber
from tether.clock import monotonic
from tether.paths import Paths
from tether.wire import WireError, decode
from tether.wire.ids import NO_SESSION

log = logging.getLogger("tether")

# Frames taken in one turn, so that the store and the spawner are heard beside a flood of orders.
_FRAMES_PER_TURN = 256
# Between two tries to reach the spawner while somebody waits for a session.
_CONNECT_S = 0.05


class Loop:
    """All sockets of the service; also the outbox of its rules."""

    def __init__(self, bus: Bus, paths: Paths, around: Surroundings, boot: str) -> None:
        now = monotonic()
        self._paths = paths
        self._router: Router = bus.router(paths.broker)
        self._publisher: Publisher = bus.publisher(paths.broker_pub)
        self._store: Dealer = bus.dealer(paths.store, monitored=True)
        self._notices: Subscriber = bus.subscriber(paths.store_pub, NO_SESSION)
        self._link = SpawnerLink(paths.spawner)
        self._wake_r, self._wake_w = os.pipe()
        self._poller = Poller()
        for socket in (self._router, self._store, self._notices):
            self._poller.add(socket)
        self._poller.add_monitor(self._store)
        self._poller.add(self._wake_r)
        self._polled_fd: int | None = None
        self._stopping = False
        self._parent = os.getppid()
        self._upkeep = Upkeep(now)
        self.desk = Desk(self, around, boot, now)

    # -- outbox

    def send(self, peer: bytes, frame: bytes) -> bool:
        return self._router.send(peer, frame)

    def publish(self, frame: bytes) -> None:
        self._publisher.send(frame)

    def to_store(self, frame: bytes) -> bool:
        return self._store.send(frame)

    def to_spawner(self, line: dict[str, Any]) -> bool:
        return self._link.send(line)

    # -- loop

    def stop(self) -> None:
        """From a signal handler: leave at the next turn."""
        self._stopping = True
        os.write(self._wake_w, b"x")

    def run(self) -> None:
        """Serve until told to stop, or until the parent is gone."""
        next_tick = monotonic()
        while not self._stopping:
            ready = self._poller.wait(next_tick - monotonic())
            if self._router in ready:
                self._from_peers()
            if self._store in ready or self._notices in ready:
                self._from_store()
            if self._polled_fd in ready:
                self._from_spawner()
            now = monotonic()
            if self.desk.launches.by_sid and self._link.fd is None:
                next_tick = min(next_tick, now + _CONNECT_S)
            if now >= next_tick:
                next_tick = now + self._tick(now)
            if self._link.fd != self._polled_fd or self._link.unsent:
                self._poll_link()
        for path in (self._paths.broker, self._paths.broker_pub):
            Path(path).unlink(missing_ok=True)

    def _from_peers(self) -> None:
        now = monotonic()
        for _ in range(_FRAMES_PER_TURN):
            received = self._router.receive()
            if received is None:
                return
            routing.on_frame(self.desk, received[0], received[1], now, self._router.pid)

    def _from_store(self) -> None:
        if self._store.drain_monitor():
            self.desk.watch.hurry()
            self.desk.journal.connected()
        self.desk.store_connected = self._store.connected
        for socket in (self._store, self._notices):
            while (frame := socket.receive()) is not None:
                try:
                    sid, message = decode(frame)
                except WireError:
                    self.desk.garbage += 1
                else:
                    reports.from_store(self.desk, sid, message, monotonic())

    def _from_spawner(self) -> None:
        self._link.flush()
        for line in self._link.receive():
            reports.from_spawner(self.desk, line, monotonic())

    def _tick(self, now: float) -> float:
        if os.getppid() != self._parent:
            log.warning("event=orphaned")
            self._stopping = True
        if self._link.connect():
            log.info("event=spawner-connected connection=%d", self._link.connection)
            self.desk.spawner = self._link.connection
            # It must say what it holds before launches that it may know already are asked of it again.
            self.desk.watch.hurry()
        return self._upkeep.tick(self.desk, now)

    def _poll_link(self) -> None:
        fd = self._link.fd
        if self._polled_fd is not None and fd != self._polled_fd:
            self._poller.remove(self._polled_fd)
        if fd is None and self.desk.spawner:
            log.warning("event=spawner-away")
            self.desk.spawner = 0
            self.desk.watch.disconnected()
        if fd is not None:
            self._poller.add(fd, write=self._link.unsent)
        self._polled_fd = fd
