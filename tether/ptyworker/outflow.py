"""What to send to the store next: go-back-N over the events that are not yet durable. Pure.

The store acknowledges cumulatively. A new run of it (`boot`), a Nak, or a reconnection sends the
cursor back; everything is idempotent, so sending too much is only waste.
"""

from __future__ import annotations

from typing import Final

# Without any word from the store about events that were sent: ask again where it stands.
SILENCE_S: Final = 1.0


class Outflow:
    """Sequence numbers of one session: `durable` < `cursor` <= `next_seq`."""

    def __init__(self, durable: int, next_seq: int) -> None:
        self.durable = durable
        self.cursor = durable + 1
        self.next_seq = next_seq
        self.boot = ""
        self.synced = False
        self._heard = float("-inf")

    def added(self, seq: int) -> None:
        """The event `seq` exists now."""
        self.next_seq = seq + 1

    def disconnected(self) -> None:
        """The connection is new or gone: nothing may be sent before the store has said where it stands."""
        self.synced = False

    def acked(self, upto: int, boot: str, now: float) -> int:
        """The store has everything up to `upto`. Returns how many events became durable by it."""
        self._heard = now
        fresh = not self.synced or boot != self.boot
        self.boot, self.synced = boot, True
        upto = min(upto, self.next_seq - 1)
        gained = max(0, upto - self.durable)
        self.durable += gained
        # An old Ack that overtook nothing must not send the cursor forward past what was sent.
        self.cursor = self.durable + 1 if fresh else max(self.cursor, self.durable + 1)
        return gained

    def nacked(self, wanted: int, boot: str, now: float) -> None:
        """The store misses `wanted`: go back to it."""
        self._heard = now
        self.boot, self.synced = boot, True
        self.cursor = min(max(wanted, self.durable + 1), self.next_seq)

    def next_to_send(self) -> int | None:
        """The number of the event to send now, or None."""
        return self.cursor if self.synced and self.cursor < self.next_seq else None

    def sent(self, now: float) -> None:
        """The event at the cursor was handed to the connection."""
        if self.cursor == self.durable + 1:
            self._heard = max(self._heard, now)
        self.cursor += 1

    @property
    def unacknowledged(self) -> bool:
        """True while something that exists is not durable."""
        return self.durable + 1 < self.next_seq

    def silent(self, now: float) -> bool:
        """True when events were sent and nothing was heard for too long: `Sync` again."""
        return self.unacknowledged and now - self._heard >= SILENCE_S

    def asked(self, now: float) -> None:
        """A `Sync` went out at `now`."""
        self._heard = now
