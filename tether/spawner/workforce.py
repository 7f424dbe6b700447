"""The workers of all sessions: giving a session to a spare, noticing deaths, replacing, giving up."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

from tether import locks
from tether.clock import monotonic
from tether.paths import Paths
from tether.spawner.holdings import GRACE_S, Holding, due, next_check
from tether.spawner.lines import Lines
from tether.spawner.nursery import Nursery, Spare

log = logging.getLogger("tether")

_LOOK_AGAIN_S = 0.01
# The next spare is forked when the session that got the last one has had this long for its start.
_REFILL_S = 0.05
# A spare that dies within this time of being asked for is not replaced before there is a session for it.
_SOON_S = 1.0

Tell = Callable[[dict[str, Any]], None]


class Workforce:
    """Every session's terminal and worker. `tell_brokers` and `tell_keeper` send a line; descriptors go beside it."""

    def __init__(
        self,
        paths: Paths,
        nursery: Nursery,
        tell_brokers: Tell,
        tell_keeper: Callable[[dict[str, Any], tuple[int, ...]], None],
    ) -> None:
        self._paths = paths
        self._nursery = nursery
        self._tell_brokers = tell_brokers
        self._tell_keeper = tell_keeper
        self.holdings: dict[str, Holding] = {}
        self.connections: set[Lines] = set()  # of spares, and of workers that were spares of this spawner
        self._workers: dict[Lines, str] = {}  # connection -> sid
        self._spare: Spare | None = None
        self._prepare_at = 0.0

    def of(self, connection: Lines) -> Holding | None:
        """The session whose worker is at the other end of `connection`."""
        return self.holdings.get(self._workers.get(connection, ""))

    # -- spares

    def prepare(self) -> None:
        """Have a spare ready for the next session."""
        self._prepare_at = 0.0
        if self._spare is None:
            try:
                self._spare = self._ask()
            except OSError as error:
                log.warning("event=no-spare reason=%s", error)

    def from_nursery(self) -> None:
        """The nursery has told something, or is gone."""
        for spare in self._nursery.receive():
            held = self.of(spare.lines)
            if held is not None and spare.error:
                self._not_started(held, spare.error)
            elif held is not None:
                held.worker_pid = spare.pid
                self._keep(held)
                self._answer(held, {"op": "spawned", "pid": spare.pid})

    def _ask(self) -> Spare:
        spare = self._nursery.ask(monotonic())
        self.connections.add(spare.lines)
        return spare

    def _employ(self, held: Holding) -> None:
        """Give the session to the spare. It connects by that, and is alive until the connection ends."""
        spare, self._spare = self._spare or self._ask(), None
        if spare.lines.closed:  # it died a moment ago
            spare = self._ask()
        self._workers[spare.lines] = held.sid
        held.connection, held.since, held.worker_pid = spare.lines, monotonic(), spare.pid
        # A spare that can't be told any more is closed by this: `left` replaces it.
        spare.lines.send({"op": "session", "sid": held.sid, "spec": held.spec, "fds": 2}, (held.master, held.slave))

    def _not_started(self, held: Holding, error: str) -> None:
        log.error("event=fork-failed sid=%s reason=%s", held.sid, error)
        if self._answer(held, {"op": "failed", "error": f"no worker could be started: {error}"}):
            self.forget(held.sid)

    def _answer(self, held: Holding, line: dict[str, Any]) -> bool:
        """Answer the order that began the session, once. False when it was answered before."""
        answer, held.answer = held.answer, None
        if answer is not None:
            answer({**line, "sid": held.sid})
        return answer is not None

    # -- life of a session

    def begin(self, held: Holding) -> None:
        """A new session: it gets a worker. OSError when there can be none."""
        self._employ(held)
        self.holdings[held.sid] = held
        self._keep(held)
        if held.worker_pid:
            self._answer(held, {"op": "spawned", "pid": held.worker_pid})

    def adopt(self, held: Holding) -> None:
        """A session that an earlier spawner held. Who lives holds its lock: look at once."""
        held.since = monotonic() - GRACE_S
        self.holdings[held.sid] = held
        log.info("event=adopted sid=%s", held.sid)

    def here(self, connection: Lines, held: Holding, worker: int, agent: int) -> None:
        """The session's worker, process `worker` at the other end of `connection`, says that it is there, with the
        agent's pid (0: it has ended)."""
        replaced = bool(held.deaths) and held.stillborn > 0
        held.connected(connection, monotonic())
        held.worker_pid = worker
        held.agent_pid = agent or held.agent_pid
        if held.agent_pid:
            held.spec = None
        self._workers[connection] = held.sid
        self.holdings[held.sid] = held
        self._keep(held)
        if replaced:
            self._tell(held, "recovered")
        self._prepare_at = monotonic() + _REFILL_S

    def left(self, connection: Lines) -> None:
        """`connection` has ended."""
        self.connections.discard(connection)
        spare = self._spare
        if spare is not None and spare.lines is connection:
            self._spare = None
            if monotonic() - spare.since >= _SOON_S:  # else they all die, and asking at once would only repeat that
                self.prepare()
        held = self.holdings.get(self._workers.pop(connection, ""))
        if held is not None and held.connection is connection:
            # A dying process closes its connection an instant before its lock: look again soon.
            held.connection, held.since = None, monotonic() - GRACE_S + _LOOK_AGAIN_S
            if not self.lives(held):
                self._replace(held)

    def ended(self, pid: int, status: int) -> None:
        """The process `pid` was reaped. If it was the agent of a worker that was replaced, its worker is told."""
        for held in self.holdings.values():
            if held.agent_pid == pid:
                held.agent_status = status
                if isinstance(held.connection, Lines):
                    held.connection.send({"op": "agent_exit", "pid": pid, "status": status})

    def lives(self, held: Holding) -> bool:
        """True when a worker holds the session's lock: it may be re-executing itself, or about to connect."""
        return locks.is_held(self._paths.worker_lock(bytes.fromhex(held.sid)))

    def wait_s(self) -> float | None:
        """Seconds until `check` has something to do; None when every worker is connected and a spare waits."""
        now = monotonic()
        waits = [next_check(list(self.holdings.values()), now)]
        if self._prepare_at:
            waits.append(max(0.0, self._prepare_at - now))
        return min((wait for wait in waits if wait is not None), default=None)

    def check(self) -> None:
        """Replace the workers that have been away for too long and are dead, and the spare that was given away."""
        now = monotonic()
        if self._prepare_at and now >= self._prepare_at:
            self.prepare()
        for held in due(list(self.holdings.values()), now):
            held.since = now
            if not self.lives(held):
                self._replace(held)

    def _replace(self, held: Holding) -> None:
        sid = bytes.fromhex(held.sid)
        if held.spec is None and not self._paths.ring(sid).exists():
            # Its session ended, and nobody could tell a spawner. The broker knows from the log how it ended.
            self._lose(held, "its worker left nothing to continue from")
            for path in self._paths.worker_files(sid):
                path.unlink(missing_ok=True)
            return
        if not held.died(monotonic()):
            self._lose(held, "its worker died again and again, or found nothing to continue from")
            return
        self._tell(held, "recovering")
        log.warning("event=worker-died sid=%s pid=%d", held.sid, held.worker_pid)
        held.connection, held.since = None, monotonic()
        try:
            self._employ(held)
        except OSError as error:
            log.error("event=fork-failed sid=%s reason=%s", held.sid, error)

    def _lose(self, held: Holding, cause: str) -> None:
        log.error("event=given-up sid=%s deaths=%d cause=%r", held.sid, len(held.deaths), cause)
        self._answer(held, {"op": "failed", "error": cause})
        self._tell(held, "lost", cause)
        self.forget(held.sid)

    def forget(self, sid: str) -> None:
        """The session has ended: close its terminal."""
        held = self.holdings.pop(sid, None)
        if held is not None:
            os.close(held.master)
            os.close(held.slave)
            self._tell_keeper({"op": "drop", "sid": sid}, ())

    def keep_all(self) -> None:
        """Tell a new keeper what to hold."""
        for held in self.holdings.values():
            self._keep(held)

    def _keep(self, held: Holding) -> None:
        line = {"op": "hold", "sid": held.sid, "meta": held.meta, "fds": 2}
        self._tell_keeper(line, (held.master, held.slave))

    def _tell(self, held: Holding, state: str, cause: str = "") -> None:
        line = {"op": "worker", "sid": held.sid, "state": state, "pid": held.worker_pid, "cause": cause}
        self._tell_brokers(line)
