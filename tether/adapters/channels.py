"""What a side channel is to the service: made for one session, asked what its start needs, told what was decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tether.adapters.facts import Decision, Fact
from tether.paths import Paths
from tether.wire.agents import Prepare, Prepared, Signalled
from tether.wire.views import SessionView


class Host(Protocol):
    """What the service is to a side channel."""

    @property
    def paths(self) -> Paths: ...

    def take(self, sid: bytes, said: list[Fact]) -> None:
        """The facts in what was read."""
        ...


class Channel(Protocol):
    """One session's side channel. What it has to remember over a restart of the service it keeps in files of its own
    in `paths.adapters`, 0600, whose names begin with the session's hex id; they are removed when the session ends."""

    async def prepare(self, order: Prepare) -> Prepared:
        """Make ready what the agent's start needs. A channel that can't says so in `degraded`."""
        ...

    def open(self, view: SessionView) -> None:
        """The session runs: begin to listen. Called once for each run of the service, without `prepare` when the
        session is older than it."""
        ...

    def signal(self, signal: Signalled) -> None:
        """The terminal said something beside its screen."""
        ...

    async def deliver(self, key: str, decision: Decision) -> bool:
        """Tell the agent what was decided on `key`. False when it can't be told."""
        ...

    async def prompt(self, text: str) -> bool | None:
        """Give the agent a prompt. None: it has no other door than its keyboard."""
        ...

    async def interrupt(self) -> bool | None:
        """Have it leave off. None: it has no other door than its keyboard."""
        ...

    def close(self) -> None:
        """The session has ended."""
        ...


Maker = Callable[[bytes, str, Host], Channel]
"""(session, provider's name, host) -> its channel."""
