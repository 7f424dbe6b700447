"""A program that a provider's file has run beside its agent: it serves, on a Unix socket, both the agent's terminal
interface and Tether. It is started in the process that is about to become the agent, belongs to the session as all that
the agent starts, and ends with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from typing import Final

import msgspec

from tether import service

# The slowest that was measured took half a second, on an idle machine.
_READY_S: Final = 10.0
_LOOK_S: Final = 0.01


class SideProgram(msgspec.Struct, array_like=True):
    """What to run beside the agent. The agent is executed once something listens on `socket`; when nothing ever does,
    with `alone` for its arguments."""

    argv: list[str]
    socket: str
    alone: list[str]


def run_beside(side: SideProgram, env: dict[str, str], cwd: str) -> bool:
    """Start it and wait until it listens. False when it does not; then it was ended. For a forked child that is about
    to execute something else."""
    with contextlib.suppress(OSError):
        os.unlink(side.socket)
    pid = service.fork()
    if pid == 0:
        _execute(side.argv, env, cwd)
    deadline = time.monotonic() + _READY_S
    while not _listens(side.socket):
        gone, _status = os.waitpid(pid, os.WNOHANG)
        if gone or time.monotonic() >= deadline:
            if not gone:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            return False
        select.select([], [], [], _LOOK_S)
    return True


def _execute(argv: list[str], env: dict[str, str], cwd: str) -> None:
    try:
        # A kernel session of its own: the end of the terminal's must not take it along before it was told to end.
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):  # what it says may hold what the agent works on, and goes to no log
            os.dup2(null, fd)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.chdir(cwd)
        os.execve(argv[0], argv, env)  # noqa: S606 - no shell is the point
    finally:
        os._exit(127)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
