"""When a session is lost: only on evidence, never on silence alone. Pure.

A worker that is stopped, or a machine that sleeps, says nothing for hours and is not lost. A session
is lost when the log believes it alive, no process holds its worker's lock, and the spawner, which we
can reach, does not hold its terminal; and all of that twice, some time apart, through one and the
same connection to the spawner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tether.wire.ids import created_ms

# After the broker's start nothing is lost for this long: workers and spawner may be on their way.
SETTLE_S = 5.0
# Between two looks, and between a suspicion and its confirmation.
LOOK_S = 5.0
CONFIRM_S = 2.0

RESTARTED = "the machine was restarted"
ALL_ENDED = "its worker and every holder of its terminal ended"


@dataclass
class Watch:
    """One look at a time: the store and the spawner are both asked, and judged when both have answered."""

    started: float
    connection: int = 0
    suspects: dict[bytes, float] = field(default_factory=dict)
    asked_at: float = 0.0
    open: list[bytes] | None = None
    held: frozenset[bytes] | None = None

    def due(self, now: float) -> bool:
        """True when it is time to ask again."""
        wait = CONFIRM_S if self.suspects else LOOK_S
        return not self.asked_at or now - self.asked_at >= wait

    def hurry(self) -> None:
        """Something has happened: look again at once."""
        self.asked_at = 0.0

    def begin(self, now: float, connection: int) -> None:
        """Both are asked now. Another `connection` to the spawner voids every suspicion; 0 is none."""
        if connection != self.connection or not connection:
            self.suspects.clear()
        self.connection = connection
        self.asked_at = now
        self.open = self.held = None

    def judge(self, now: float, locked: Callable[[bytes], bool]) -> list[bytes]:
        """The sessions that are lost, once both have answered; `locked` tells whether a worker holds its lock."""
        if self.open is None or self.held is None or not self.connection or now - self.started < SETTLE_S:
            return []
        absent = [sid for sid in self.open if sid not in self.held and not locked(sid)]
        self.suspects = {sid: self.suspects.get(sid, now) for sid in absent}
        self.open = self.held = None
        return [sid for sid, since in self.suspects.items() if now - since >= CONFIRM_S]

    def disconnected(self) -> None:
        """The spawner is away: what it would say is not known."""
        self.connection = 0
        self.suspects.clear()
        self.held = None


def cause(sid: bytes, boot_s: float, told: str = "") -> str:
    """Why `sid` is lost: made before the machine's start (`boot_s`, seconds since 1970, 0 unknown), what the spawner
    told, or that everything that could hold it has ended."""
    if boot_s and created_ms(sid) / 1000 < boot_s:
        return RESTARTED
    return told or ALL_ENDED


def removed(known: Iterable[bytes], open_now: Iterable[bytes]) -> list[bytes]:
    """Of the sessions known from the log alone, those that it does not believe open any more."""
    still = set(open_now)
    return [sid for sid in known if sid not in still]
