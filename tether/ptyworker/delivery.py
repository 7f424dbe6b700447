"""The durable path's near end: which events the store still needs, and sending them (rules: `outflow`)."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from tether.bus import Dealer, Poller
from tether.clock import monotonic
from tether.ptyworker.outflow import SILENCE_S, Outflow
from tether.ring import RECORD_MAX, Record, Ring
from tether.wire import PROTOCOL
from tether.wire.codec import encode
from tether.wire.storing import Ack, Nak, Stalled, Sync

# Events that are not durable yet and are sent to a holder that comes in, in bytes.
_BACKLOG_BYTES_MAX: Final = 128 * 1024
# Events that are durable and still stand in the ring: a flood's last forty milliseconds, for a holder that is a little
# behind when it lends its terminal.
_RECENT_MAX: Final = 64


class Delivery:
    """Owns the records of the ring that are not yet durable. `connect` comes once there is a bus."""

    def __init__(self, sid: bytes, ring: Ring) -> None:
        self._sid = sid
        self._ring = ring
        self._records: dict[int, Record] = {record.seq: record for record in ring.records()}
        self._recent: deque[Record] = deque(maxlen=_RECENT_MAX)
        self._outflow = Outflow(ring.header.acked, ring.header.next_seq)
        self._store: Dealer | None = None
        self._poller: Poller | None = None
        self.stalled = ""  # why the store can't write now, for people

    @property
    def done(self) -> bool:
        """True when every event is durable."""
        return not self._outflow.unacknowledged

    def connect(self, store: Dealer, poller: Poller) -> None:
        """From now on events go out on `store`, which `poller` waits for."""
        self._store, self._poller = store, poller

    def frame(self, record: Record) -> bytes:
        """The event of a record, as it goes on the wire."""
        return self._sid + self._ring.body(record)

    def add(self, record: Record) -> None:
        """There is a new event. Until it is sent, or the store asks for it, it waits."""
        self._records[record.seq] = record
        self._outflow.added(record.seq)

    def send(self, seq: int, frame: bytes) -> None:
        """Send the event `seq`, whose frame is `frame`, to the store as soon as it takes it."""
        if self._store is None:
            return  # the store will ask
        now = monotonic()
        if self._outflow.next_to_send() == seq and self._store.send(frame):
            self._outflow.sent(now)
        else:
            self._pump(now)

    def ready(self, messages: list[Any], now: float) -> bool:
        """The connection changed or `messages` came from the store. True when events became durable."""
        store = self._store
        if store is None:
            return False
        if store.drain_monitor():
            self._outflow.disconnected()
            self._sync(now)
        elif not store.connected:
            self._outflow.disconnected()
        gained = False
        for message in messages:
            if isinstance(message, Ack):
                gained = self._acknowledged(message, now) or gained
            elif isinstance(message, Nak):
                self._outflow.nacked(message.next, message.boot, now)
            elif isinstance(message, Stalled):
                self.stalled = message.reason
        self._pump(now)
        return gained

    def tick(self, now: float) -> None:
        """Ask where the store stands when it has been silent for too long."""
        if self._store is not None and self._store.connected and self._outflow.silent(now):
            self._sync(now)

    def wait(self) -> float | None:
        """Seconds until `tick` is worth a call; None while there is nothing to wait for."""
        if self._store is not None and self._store.connected and self._outflow.unacknowledged:
            return SILENCE_S
        return None

    def has_sent(self, seq: int) -> bool:
        """True when the event `seq` has gone out to the store that is connected now."""
        return self._outflow.synced and self._outflow.cursor > seq

    def backlog(self) -> tuple[int, list[bytes]]:
        """What a holder that comes in finds in no log yet; nothing when it is so much that the log is better."""
        header = self._ring.header
        if header.head - header.tail > _BACKLOG_BYTES_MAX:
            return header.next_seq, []
        first = self._outflow.durable + 1
        return first, [self.frame(self._records[seq]) for seq in range(first, header.next_seq)]

    def since(self, seq: int) -> list[Record] | None:
        """The events after `seq`; None when they are not all in the ring any more."""
        header = self._ring.header
        if not 0 <= seq < header.next_seq:
            return None
        first = self._outflow.durable + 1
        found = [self._records[number] for number in range(max(first, seq + 1), header.next_seq)]
        if seq + 1 >= first:
            return found
        recent = [record for record in self._recent if record.seq > seq]
        # What stands there now was written before the ring's head came round to it again.
        safe = header.head + header.pending + 2 * RECORD_MAX - header.area
        if not recent or recent[0].seq != seq + 1 or recent[0].end - len(recent[0].data) - RECORD_MAX < safe:
            return None
        return recent + found

    def _pump(self, now: float) -> None:
        """Send the store what it does not have, as far as the connection takes it."""
        store, poller = self._store, self._poller
        if store is None or poller is None:
            return
        while (seq := self._outflow.next_to_send()) is not None:
            if not store.send(self.frame(self._records[seq])):
                poller.add(store, write=store.connected)
                return
            self._outflow.sent(now)
        poller.add(store)

    def _sync(self, now: float) -> None:
        header = self._ring.header
        self._outflow.asked(now)
        if self._store is not None:
            self._store.send(encode(self._sid, Sync(PROTOCOL, header.tail_seq, header.next_seq)))

    def _acknowledged(self, ack: Ack, now: float) -> bool:
        first = self._outflow.durable + 1
        gained = self._outflow.acked(ack.upto, ack.boot, now)
        if not gained:
            return False
        end = 0
        for seq in range(first, first + gained):
            record = self._records.pop(seq)
            end = record.end
            self._recent.append(record)
        self._ring.release(first + gained - 1, end)
        return True
