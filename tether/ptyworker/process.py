"""How a worker comes to be: forked by the spawner for a new session or a dead worker's, or re-executed in place."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
from collections import deque
from typing import Any

import msgspec

from tether import locks, service
from tether.clock import now_us
from tether.paths import Paths
from tether.ptyworker import kin, state, terminal
from tether.ptyworker.handing import taken_over
from tether.ptyworker.loop import Worker
from tether.ptyworker.state import WorkerState
from tether.ring import Ring, RingError
from tether.screen import ScreenUnavailable
from tether.screen.binding import library as load_library
from tether.wire.codec import encode_body, peek_tag
from tether.wire.events import Created, Started
from tether.wire.ids import public_id
from tether.wire.views import SessionView

log = logging.getLogger("tether")

_LOCK_WAIT_S = 3.0
_LOCKED = 75  # EX_TEMPFAIL
_CANNOT_CONTINUE = 72  # EX_OSFILE
_LOG_BYTES_MAX = 1 << 20
_ARGS_SHOWN_BYTES = 8192


def run_worker(paths: Paths, sid_hex: str, spec: dict[str, Any] | None, master: int, slave: int) -> int:
    """In a process forked by the spawner: run the session's worker until its session has ended.

    `spec` starts a new session (its keys are the spawner protocol's); without one, or when the ring file is there
    already, the session is continued on the terminal (`master`, `slave`). Returns the process's exit status: 0 when the
    session has ended, 72 when there is nothing to continue from, 75 when another worker has it.
    """
    sid = bytes.fromhex(sid_hex)
    _redirect(paths)
    # Orphans of the agent become our children: they stay in reach of a stop.
    service.become_subreaper()
    lock = locks.lock(paths.worker_lock(sid), _LOCK_WAIT_S)
    if lock is None:
        log.error("event=locked sid=%s", sid_hex)
        return _LOCKED
    if not paths.ring(sid).exists():
        if spec is None:
            log.error("event=no-ring sid=%s", sid_hex)
            return _CANNOT_CONTINUE
        _begin(paths, sid, lock, spec, master, slave).run()
        return 0
    try:
        worker = _continue(paths, sid, lock, master, slave, recovered=True)
    except RingError as error:
        log.error("event=bad-ring sid=%s reason=%s", sid_hex, error)
        return _CANNOT_CONTINUE
    worker.run()
    return 0


def preload() -> None:
    """Load the terminal emulator's library, so that workers share it. Nothing of it is run here: what it does to the
    process that runs it is a worker's risk."""
    with contextlib.suppress(ScreenUnavailable):
        load_library()


def re_execute(worker: Worker) -> None:
    """Replace this process image by the code that is installed now: same pid, same agent, same terminal."""
    fds = [worker.lock_fd, worker.terminal.fd, worker.terminal.slave]
    if worker.screen_fd >= 0:
        fds.append(worker.screen_fd)
    for fd in fds:
        os.set_inheritable(fd, True)
    argv = [sys.executable, "-m", "tether.ptyworker", worker.sid.hex(), *map(str, fds)]
    os.execv(sys.executable, argv)  # noqa: S606 - no shell is the point


def resume_executed(paths: Paths, sid: bytes, lock: int, master: int, slave: int, screen: int = -1) -> None:
    """The other half of `re_execute`."""
    for fd in (lock, master, slave):
        os.set_inheritable(fd, False)
    _redirect(paths)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    worker = _continue(paths, sid, lock, master, slave, recovered=False)
    if screen >= 0:
        worker.handed = taken_over(screen)
    worker.run()


def _begin(paths: Paths, sid: bytes, lock: int, spec: dict[str, Any], master: int, slave: int) -> Worker:
    """Write the session's first event, start the agent, and note both in the ring."""
    public = public_id(sid)
    now = now_us()
    view = SessionView(
        sid, public, spec["provider"], spec["title"], "starting", cwd=spec["cwd"], machine=spec["machine"],
        owner=spec["owner"], created=now, since=now, worker_pid=os.getpid(), cols=spec["cols"], rows=spec["rows"],
        args=_shown(spec.get("args", [])), share=bool(spec.get("share")),
    )  # fmt: skip
    ring = Ring.create(paths.ring(sid), int(spec["ring_bytes"]))
    kept = WorkerState(
        view, grace_s=float(spec["grace_s"]), emulator=str(spec.get("emulator", "inline")),
        scrollback_lines=int(spec.get("scrollback_lines", 5_000)),
    )  # fmt: skip
    ring.write_state(state.dump(kept))
    created = Created(
        1,
        now,
        view.provider,
        view.title,
        view.cwd,
        view.cols,
        view.rows,
        view.owner,
        view.machine,
        view.args,
        view.share,
    )
    ring.append(encode_body(created), now)
    pid, report = terminal.start_agent(slave, spec["program"], spec["argv"], spec["env"], spec["cwd"])
    now = now_us()
    ring.append(encode_body(Started(ring.header.next_seq, now, pid)), now)
    kept.agent_start = kin.start_time(pid)
    kept.view = msgspec.structs.replace(kept.view, state="running", agent_pid=pid, started=now, since=now)
    ring.write_state(state.dump(kept))
    worker = Worker(paths, sid, lock, ring, kept, terminal.AgentTerminal(pid, master, slave), re_execute)
    worker.start_report = (report, spec["program"])
    return worker


def _continue(paths: Paths, sid: bytes, lock: int, master: int, slave: int, *, recovered: bool) -> Worker:
    """Carry on from the ring. RingError when it is damaged: the broker will declare the session lost."""
    ring = Ring.open_existing(paths.ring(sid))
    try:
        kept = state.load(ring.read_state())
    except msgspec.DecodeError as error:
        raise RingError(f"the worker's state can't be read: {error}") from None
    pty = terminal.AgentTerminal(kept.view.agent_pid, master, slave)
    os.set_blocking(master, False)
    kept.inputs[ring.header.last_client] = max(ring.header.last_n, kept.inputs.get(ring.header.last_client, 0))
    if not kept.view.agent_pid and not kept.ended:
        _find_agent(kept, pty)
    if kept.agent_gone and not kept.ended:
        # The worker may have died between the session's last event and its note of it.
        last = deque(ring.records(), maxlen=1)
        kept.ended = bool(last) and not last[0].output and peek_tag(last[0].data) == "exited"
    worker = Worker(paths, sid, lock, ring, kept, pty, re_execute)
    worker.carried_on(recovered=recovered, found=ring.recover(now_us()) if recovered else 0)
    return worker


def _find_agent(kept: WorkerState, pty: terminal.AgentTerminal) -> None:
    """The worker died between starting the agent and noting it: the terminal knows who leads its session."""
    pid = pty.session_leader()
    kept.agent_start = kin.start_time(pid) if pid else 0
    kept.view = msgspec.structs.replace(kept.view, state="running", agent_pid=pid, started=now_us())
    kept.agent_gone = not pid


def _shown(args: list[str]) -> list[str]:
    """The caller's arguments as the record keeps them: not more than a few kilobytes."""
    shown: list[str] = []
    left = _ARGS_SHOWN_BYTES
    for arg in args:
        left -= len(arg.encode()) + 1
        if left < 0:
            return [*shown, "…"]
        shown.append(arg)
    return shown


def _redirect(paths: Paths) -> None:
    """Leave the spawner's pipe, which ends with its supervisord: nothing in, messages to a log file of the workers."""
    path = paths.service_log("workers")
    with contextlib.suppress(OSError):
        if path.stat().st_size > _LOG_BYTES_MAX:
            path.replace(path.with_name(path.name + ".1"))
    null = os.open(os.devnull, os.O_RDWR)
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(null)
    os.close(out)
