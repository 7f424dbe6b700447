"""What the spawner holds for each session, and when a dead worker is worth replacing. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

# A worker that dies this often within the window is not replaced again: something kills every one of them.
DEATHS_MAX: Final = 50
DEATHS_WINDOW_S: Final = 30.0
# A worker that never gets as far as connecting finds nothing to continue from: replacing it is no use.
STILLBORN_MAX: Final = 5
# After the spawner's own start: time for living workers to say that they are there.
GRACE_S: Final = 3.0


@dataclass
class Holding:
    """One session's terminal and worker."""

    sid: str
    master: int
    slave: int
    worker_pid: int = 0
    agent_pid: int = 0
    agent_status: int | None = None  # of waitpid, when the spawner reaped the agent
    spec: dict[str, Any] | None = None  # until the agent runs
    connection: object | None = None  # the worker's connection
    since: float = 0.0  # when it was last seen alive, or this holding came from the keeper
    deaths: list[float] = field(default_factory=list)
    stillborn: int = 0  # deaths since a worker was last connected
    answer: Callable[[dict[str, Any]], None] | None = None  # to who ordered the session, until that is answered

    @property
    def meta(self) -> dict[str, int]:
        """What the keeper keeps beside the descriptors."""
        return {"worker_pid": self.worker_pid, "agent_pid": self.agent_pid}

    def died(self, now: float) -> bool:
        """Note a worker's death at `now` (seconds); False when it must not be replaced again."""
        self.stillborn += 1
        self.deaths = [at for at in self.deaths if now - at < DEATHS_WINDOW_S] + [now]
        return len(self.deaths) <= DEATHS_MAX and self.stillborn <= STILLBORN_MAX

    def connected(self, connection: object, now: float) -> None:
        """Its worker said that it is there, at `now`. (A spare that got it has a `connection` before it speaks.)"""
        self.connection, self.since, self.stillborn = connection, now, 0


def due(holdings: list[Holding], now: float) -> list[Holding]:
    """The holdings without a connected worker whose grace is over at `now`: look whether one lives."""
    return [h for h in holdings if h.connection is None and now - h.since >= GRACE_S]


def next_check(holdings: list[Holding], now: float) -> float | None:
    """Seconds until the next holding is `due`; None when every worker is connected."""
    waits = [max(0.0, h.since + GRACE_S - now) for h in holdings if h.connection is None]
    return min(waits) if waits else None
