"""How a worker comes to be: forked by the spawner for a new session or a dead worker's, or re-executed in place."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import socket
import sys
from collections import deque
from collections.abc import Callable

import msgspec

from tether import locks, service
from tether.clock import monotonic, now_us
from tether.paths import WorkerPaths
from tether.ptyworker import danger, holder, kin, model, state, terminal
from tether.ptyworker.agentprocess import AgentProcess, Execution
from tether.ptyworker.handing import taken_over
from tether.ptyworker.holder import Order
from tether.ptyworker.loop import Worker
from tether.ptyworker.sideprogram import SideProgram
from tether.ptyworker.sockets import Sockets
from tether.ptyworker.state import WorkerState
from tether.ring import Ring, RingError
from tether.wire.codec import encode_body, peek_tag
from tether.wire.events import Created, Started
from tether.wire.ids import public_id
from tether.wire.views import SessionView

log = logging.getLogger("tether")

_LOCK_WAIT_S = 3.0
_LEADER_WAIT_S = 0.2
_LOCKED = 75  # EX_TEMPFAIL
_CANNOT_CONTINUE = 72  # EX_OSFILE
_LOG_BYTES_MAX = 1 << 20
_ARGS_SHOWN_BYTES = 8192


def run_spare(paths: WorkerPaths, connection: int) -> int:
    """In a process forked by the spawner's nursery: make ready, wait on `connection` for a session, and be its worker.

    The order is a line of the spawner's protocol, with the terminal's two sides. A `spec` starts a new session; without
    one, or when the ring file is there already, the session is continued. Returns the process's exit status: 0 when the
    session has ended or none came, 72 when there is nothing to continue from, 75 when another worker has it.
    """
    if os.fstat(2).st_size > _LOG_BYTES_MAX:
        _redirect(paths)
    # Orphans of the agent become our children: they stay in reach of a stop.
    service.become_subreaper()
    agent = AgentProcess()
    sockets = Sockets(paths)
    spawner = socket.socket(fileno=connection)
    order = holder.receive_order(spawner)
    if order is None:
        return 0
    sid = bytes.fromhex(order.sid)
    lock = locks.lock(paths.lock(sid), _LOCK_WAIT_S)
    if lock is None:
        log.error("event=locked sid=%s", order.sid)
        return _LOCKED
    if not os.path.exists(paths.ring(sid)):
        if order.spec is None:
            log.error("event=no-ring sid=%s", order.sid)
            return _CANNOT_CONTINUE
        worker = begin(paths, sid, lock, order, sockets, agent, re_execute)
    else:
        agent.close()
        try:
            worker = _continue(paths, sid, lock, order.master, order.slave, sockets, recovered=True)
        except RingError as error:
            log.error("event=bad-ring sid=%s reason=%s", order.sid, error)
            return _CANNOT_CONTINUE
    worker.run(spawner)
    return 0


def preload(paths: WorkerPaths) -> bool:
    """In the nursery: what all workers have in common. The terminal emulator is used once, so that they share what that
    takes of memory; first in a child, because native code may take along whoever runs it. False when there is none."""
    _redirect(paths)
    emulated = danger.survives(model.warm_up)
    if emulated:
        model.warm_up()
    return emulated


def make_ready() -> None:
    """In the nursery, after the rehearsal: the model of a screen that each worker begins with."""
    model.make_ready()


def re_execute(worker: Worker) -> None:
    """Replace this process image by the code that is installed now: same pid, same agent, same terminal."""
    fds = [worker.lock_fd, worker.terminal.fd, worker.terminal.slave]
    if worker.screen_fd >= 0:
        fds.append(worker.screen_fd)
    for fd in fds:
        os.set_inheritable(fd, True)
    argv = [sys.executable, "-m", "tether.ptyworker", worker.sid.hex(), *map(str, fds)]
    os.execv(sys.executable, argv)  # noqa: S606 - no shell is the point


def resume_executed(paths: WorkerPaths, sid: bytes, lock: int, master: int, slave: int, screen: int = -1) -> None:
    """The other half of `re_execute`."""
    for fd in (lock, master, slave):
        os.set_inheritable(fd, False)
    _redirect(paths)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    worker = _continue(paths, sid, lock, master, slave, Sockets(paths), recovered=False)
    if screen >= 0:
        worker.handed = taken_over(screen)
    worker.run()


def begin(
    paths: WorkerPaths,
    sid: bytes,
    lock: int,
    order: Order,
    sockets: Sockets,
    agent: AgentProcess,
    re_execute: Callable[[Worker], None],
) -> Worker:
    """Write the session's first event, start the agent, and note both in the ring."""
    spec = order.spec or {}
    public = public_id(sid)
    now = now_us()
    view = SessionView(
        sid, public, spec["provider"], spec["title"], "starting", cwd=spec["cwd"], machine=spec["machine"],
        owner=spec["owner"], created=now, since=now, worker_pid=os.getpid(), cols=spec["cols"], rows=spec["rows"],
        args=_shown(spec.get("args", [])), share=bool(spec.get("share")), parent=str(spec.get("parent", "")),
    )  # fmt: skip
    ring = Ring.create(paths.ring(sid), int(spec["ring_bytes"]))
    kept = WorkerState(
        view, grace_s=float(spec["grace_s"]), emulator=str(spec.get("emulator", "inline")),
        scrollback_lines=int(spec.get("scrollback_lines", 4_000)), record=str(spec.get("record", "raw")),
        has_side=bool(spec.get("side")),
        titles=[(str(rule), str(state)) for rule, state in spec.get("titles", [])],
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
        view.parent,
    )
    ring.append(encode_body(created), now)
    side = msgspec.convert(spec["side"], SideProgram) if spec.get("side") else None
    execution = Execution(spec["program"], spec["argv"], spec["env"], spec["cwd"], side)
    pid, report = agent.start(order.slave, execution)
    now = now_us()
    ring.append(encode_body(Started(ring.header.next_seq, now, pid)), now)
    kept.agent_start = kin.start_time(pid)
    kept.view = msgspec.structs.replace(kept.view, state="running", agent_pid=pid, started=now, since=now)
    ring.write_state(state.dump(kept))
    pty = terminal.AgentTerminal(pid, order.master, order.slave)
    worker = Worker(paths, sid, lock, ring, kept, pty, re_execute, sockets)
    if worker.recording is not None:
        worker.recording.know(spec["env"])
    worker.start_report = (report, spec["program"])
    return worker


def _continue(
    paths: WorkerPaths, sid: bytes, lock: int, master: int, slave: int, sockets: Sockets, *, recovered: bool
) -> Worker:
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
    worker = Worker(paths, sid, lock, ring, kept, pty, re_execute, sockets)
    worker.carried_on(recovered=recovered, found=ring.recover(now_us()) if recovered else 0)
    return worker


def _find_agent(kept: WorkerState, pty: terminal.AgentTerminal) -> None:
    """The worker died between starting the agent and noting it: the terminal knows who leads its session."""
    deadline = monotonic() + _LEADER_WAIT_S
    # A process that was told to be the agent an instant ago may not have come to it yet.
    while not (pid := pty.session_leader()) and monotonic() < deadline:
        select.select([], [], [], 0.005)
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


def _redirect(paths: WorkerPaths) -> None:
    """Leave the spawner's pipe, which ends with its supervisord: nothing in, messages to a log file of the workers."""
    path = paths.log
    with contextlib.suppress(OSError):
        if os.stat(path).st_size > _LOG_BYTES_MAX:
            os.replace(path, path + ".1")
    null = os.open(os.devnull, os.O_RDWR)
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(null)
    os.close(out)
