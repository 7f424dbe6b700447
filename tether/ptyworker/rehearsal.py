"""Before any worker is forked: run through a worker's life once, so that each of them shares what that leaves.

A worker shares its parent's pages until it writes to them, and what runs for the first time writes most: the names
of attributes are entered into their class, types into a cache, instructions are replaced by quicker ones.
After a rehearsal all of that is there already. And the allocator's holes are filled, so that new objects come to lie on
new pages and not here and there on shared ones.

The rehearsal plays in a directory of its own, against a store and a broker that are nobody's. Nothing depends on it.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import select
import signal
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from tether import locks, service
from tether.bus import Bus, Poller
from tether.paths import Paths, WorkerPaths, prepare
from tether.ptyworker import process
from tether.ptyworker.agentprocess import AgentProcess
from tether.ptyworker.holder import order_line, receive_order
from tether.ptyworker.sockets import Sockets
from tether.wire import PROTOCOL, decode, encode
from tether.wire.control import Hello, Reload, Welcome
from tether.wire.events import Output
from tether.wire.ids import NO_SESSION
from tether.wire.storing import Ack, Sync

log = logging.getLogger("tether")

_LIMIT_S: Final = 3.0
_SID: Final = bytes(range(16))
_BOOT: Final = "rehearsal"
# CPython's small objects: in sizes of 16 bytes up to 512, each size in pools of 16 KiB with a head of 48 bytes.
_POOL: Final = 16384
_POOL_HEAD: Final = 48
_SMALL_MAX: Final = 512
_FILLERS_MAX: Final = 20_000
_fillers: list[object] = []


class _OverError(BaseException):
    """The rehearsal has come to its end, or has taken too long."""


def rehearse(*, emulated: bool = False, then: Callable[[], None] | None = None) -> None:
    """Play a session until its first output is durable, with a model of its screen if `emulated`. What goes wrong is
    logged, and nothing else comes of it. `then` makes what every worker is to have, before holes are filled.

    Needs a process without threads. Takes signals for itself meanwhile, and leaves descriptors as they were.
    """
    kept = {number: signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGALRM)}
    logging.disable(logging.INFO)
    try:
        with tempfile.TemporaryDirectory(prefix="tether-") as name:
            _play(_paths(Path(name)).for_workers, emulated=emulated)
    except Exception as error:  # noqa: BLE001 - without a rehearsal workers cost more, and that is all
        log.warning("event=no-rehearsal reason=%r", str(error))
    finally:
        logging.disable(logging.NOTSET)
        for number, handler in kept.items():
            signal.signal(number, handler)
    if then is not None:
        then()
    gc.collect()
    _fill_holes()


def _paths(directory: Path) -> Paths:
    paths = Paths(directory, directory / "d", directory / "r", directory / "l")
    prepare(paths)
    return paths


def _play(paths: WorkerPaths, *, emulated: bool) -> None:
    before = _descriptors()
    others = _others(paths)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    agent = AgentProcess()
    sockets = Sockets(paths)
    signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, _LIMIT_S)
    try:
        _be_the_worker(paths, sockets, agent, _spec(emulated=emulated))
    except _OverError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        sockets.bus.close()
        os.kill(others, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for fd in _descriptors() - before:
            os.close(fd)
        # The others, and the agent, whose terminal has just hung up.
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)


def _descriptors() -> set[int]:
    found = set()
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the listing's own
            os.fstat(int(name))
            found.add(int(name))
    return found


def _be_the_worker(paths: WorkerPaths, sockets: Sockets, agent: AgentProcess, spec: dict[str, Any]) -> None:
    """As `process.run_spare`, on a terminal of its own and without a spawner that would hold it."""
    master, slave = os.openpty()
    os.set_blocking(master, False)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        ours.sendmsg(*order_line(_SID, spec, master, slave))
        order = receive_order(theirs)
        lock = locks.lock(paths.lock(_SID), 0.0)
        if order is None or lock is None:
            raise OSError("no order, or no lock")
        worker = process.begin(paths, _SID, lock, order, sockets, agent, _over)
        worker.run(theirs)


def _over(*_: object) -> NoReturn:
    raise _OverError


def _spec(*, emulated: bool) -> dict[str, Any]:
    return {
        "provider": "rehearsal", "program": "/bin/sh", "argv": ["sh", "-c", "echo; read wait"], "env": {}, "cwd": "/",
        "title": "rehearsal", "cols": 80, "rows": 24, "owner": "", "machine": "", "args": [], "grace_s": 0.0,
        "ring_bytes": 0, "emulator": "inline" if emulated else "off", "scrollback_lines": 0, "share": False,
    }  # fmt: skip


def _others(paths: WorkerPaths) -> int:
    """Fork a store that believes everything, and a broker that orders an end after the first output."""
    pid = service.fork()
    if pid:
        return pid
    try:
        bus = Bus()
        store, broker, poller = bus.router(paths.store), bus.router(paths.broker), Poller()
        poller.add(store)
        poller.add(broker)
        worker = b""
        while True:
            poller.wait(_LIMIT_S)
            while (got := broker.receive()) is not None:
                if isinstance(decode(got[1])[1], Hello):
                    worker = got[0]
                    broker.send(worker, encode(NO_SESSION, Welcome(PROTOCOL, _BOOT)))
            while (got := store.receive()) is not None:
                message = decode(got[1])[1]
                seq = 0 if isinstance(message, Sync) else getattr(message, "seq", 0)
                store.send(got[0], encode(_SID, Ack(seq, _BOOT)))
                if isinstance(message, Output):
                    while not worker:
                        poller.wait(_LIMIT_S)
                        if (hello := broker.receive()) is not None:
                            worker = hello[0]
                    select.select([], [], [], 0.05)  # the acknowledgement first
                    broker.send(worker, encode(_SID, Reload()))
    finally:
        os._exit(0)


def _fill_holes() -> None:
    """Allocate small objects of every size until one of them begins a new pool."""
    for size in range(16, _SMALL_MAX + 1, 16):
        for number in range(_FILLERS_MAX):
            filler = _object_of(size, number)
            _fillers.append(filler)
            if id(filler) % _POOL == _POOL_HEAD:
                break


def _object_of(size: int, number: int) -> object:
    if size == 16:
        return object()
    return float(number) if size == 32 else bytes(size - bytes(0).__sizeof__())
