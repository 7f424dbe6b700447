"""The agent's end: noticing it, learning its status, and waiting for the last of its output."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Final

from tether.clock import monotonic, now_us
from tether.ptyworker import kin
from tether.ptyworker.agentprocess import start_failure
from tether.wire.events import Exited

if TYPE_CHECKING:
    from tether.ptyworker.loop import Worker

# After the agent's end: how long output of processes that it left behind is still taken.
_LATE_OUTPUT_S: Final = 0.5
# After the agent's end: how long its parent, if that is not this worker, may take to tell its status.
_STATUS_WAIT_S: Final = 1.0
_LOOK_S: Final = 0.05
_UNKNOWN: Final = "its exit status is not known: its worker and the spawner died before it"


class Ending:
    """Watches one worker's agent. `watched` is the pidfd to poll, -1 when there is none."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.watched = -1
        self._told_by: float | None = None  # until then somebody may still tell the status
        self._late_until: float | None = monotonic() + _LATE_OUTPUT_S if worker.kept.agent_gone else None

    @property
    def begun(self) -> bool:
        """True once the agent is gone."""
        return self._late_until is not None

    def watch(self) -> None:
        """Start watching. An agent that is not our child (its worker died) is watched by a pidfd where there is one."""
        kept = self._worker.kept
        pid = kept.view.agent_pid
        if not pid or kept.agent_gone or not hasattr(os, "pidfd_open"):
            return
        if kept.agent_start and kin.start_time(pid) not in (0, kept.agent_start):
            self.ended(None)  # the number was given to another process
            return
        try:
            self.watched = os.pidfd_open(pid)
        except OSError:
            self._doubt()

    def look(self) -> None:
        """Collect dead children: the agent, and orphans of its that came to us."""
        agent = self._worker.kept.view.agent_pid
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid == agent:
                self.ended(status)
        if self.watched >= 0 and select.select([self.watched], [], [], 0)[0]:
            self._worker.unwatch(self.watched)
            os.close(self.watched)
            self.watched = -1
            self._doubt()

    def ended(self, status: int | None) -> None:
        """The agent's process is gone; `status` as of waitpid(2), None when nobody could collect it."""
        kept = self._worker.kept
        if kept.agent_gone:
            return
        kept.agent_gone, kept.agent_status = True, status
        self._told_by = None
        self._worker.save()
        self._late_until = monotonic() + _LATE_OUTPUT_S

    def wait(self, now: float) -> float | None:
        """Seconds until `tick` has something to do; None while the agent runs."""
        if self._late_until is not None and not self._worker.kept.ended:
            return _LOOK_S
        return max(0.0, self._told_by - now) if self._told_by is not None else None

    def tick(self, now: float) -> None:
        """After the agent's end: take what is left of its output, and wait a moment for processes it left behind."""
        worker = self._worker
        if self._told_by is not None and now >= self._told_by:
            self.ended(None)
        if self._late_until is None or worker.kept.ended or not worker.drain(now):
            return
        if worker.kept.has_side:
            worker.steering.sweep(now)
        stopping = worker.steering.stopping
        left = worker.steering.members()
        if stopping is not None and not stopping.over(now, len(left)):
            return
        if now >= self._late_until or not left:
            self._finish()

    def _doubt(self) -> None:
        """The agent is gone: a parent of it, here or the spawner, will say how it ended, or nobody can."""
        if not self._worker.kept.agent_gone:
            self._told_by = monotonic() + _STATUS_WAIT_S

    def _finish(self) -> None:
        """Everything is read: the session's last event."""
        worker = self._worker
        kept = worker.kept
        if worker.start_report is not None:
            report, program = worker.start_report
            worker.start_report = None
            failure = start_failure(report)
            if failure:
                worker.note("not-started", f"{program} could not be started: {failure}")
        code = os.waitstatus_to_exitcode(kept.agent_status) if kept.agent_status is not None else None
        exit_code = code if code is not None and code >= 0 else None
        exit_signal = -code if code is not None and code < 0 else None
        by = kept.stop.by if kept.stop is not None else ""
        worker.hang_up()
        worker.flush()
        worker.model.end()
        worker.event(lambda seq, ts: Exited(seq, ts, exit_code, exit_signal, by))
        kept.ended = True
        worker.change(
            state="stopped" if by else "exited",
            ended=now_us(),
            exit_code=exit_code,
            exit_signal=exit_signal,
            stopped_by=by,
            detail="" if code is not None else _UNKNOWN,
        )
