"""The agent's process: forked in advance, while the worker is a spare, and told later what to execute.

Forking then costs the session's start nothing, and happens before there are threads, which ZeroMQ's
context brings. Until it is told, the process ends with its worker.
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import signal
import socket
from typing import NoReturn

import msgspec

from tether import service
from tether.ptyworker.sideprogram import SideProgram, run_beside

_DEFAULT_SIGNALS = (
    signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP,
    signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGWINCH,
)  # fmt: skip
_READ_MAX = 65536


class Execution(msgspec.Struct, array_like=True):
    """What to execute, and what to run beside it."""

    program: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    side: SideProgram | None = None


class AgentProcess:
    """A forked process that waits for `start`. OSError when there can be none."""

    def __init__(self) -> None:
        self._fork()

    def _fork(self) -> None:
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._pid = service.fork()
        if self._pid == 0:
            _wait_and_execute(theirs.detach())
        theirs.close()

    def start(self, slave: int, execution: Execution) -> tuple[int, int]:
        """Execute it as leader of a new session on the terminal `slave`: its pid, and a descriptor for `start_failure`.

        Does not wait for the execution: when it fails (or entering `cwd` does) the process exits with 126 or 127, as a
        shell's would. The agent gets descriptors 0 to 2 and nothing else, default signal actions and an empty mask.
        """
        try:
            return self._tell(slave, execution)
        except OSError:
            # It was killed before it was told. This late there are threads, but none that a child could miss.
            self._sock.close()
            self._fork()
            return self._tell(slave, execution)

    def _tell(self, slave: int, execution: Execution) -> tuple[int, int]:
        data = msgspec.msgpack.encode(execution)
        data = len(data).to_bytes(4, "little") + data
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [slave]))]
        sent = self._sock.sendmsg([data], rights)
        if sent < len(data):
            # Not an empty send: when all was sent, the other end may be closed already by the execution.
            self._sock.sendall(data[sent:])
        self._sock.setblocking(False)
        return self._pid, self._sock.detach()

    def close(self) -> None:
        """It is not needed."""
        self._sock.close()


def start_failure(report: int) -> str:
    """Why the agent could not be started, "" when it could; closes `report`. To be asked once the process has ended."""
    try:
        number = os.read(report, 16)
    except OSError:
        number = b""  # something that the agent left behind holds the other end, so it was started
    finally:
        os.close(report)
    return os.strerror(int(number)) if number else ""


def _wait_and_execute(connection: int) -> NoReturn:
    """In the forked process, which must never return."""
    number = errno.EINVAL
    try:
        # Whatever need not wait for the order is done before it.
        service.close_all_but({0, 1, 2, connection})
        for signal_number in _DEFAULT_SIGNALS:
            signal.signal(signal_number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.umask(_users_umask())
        with socket.socket(fileno=connection) as sock:
            received = _receive(sock)
            sock.detach()
        if received is None:
            os._exit(0)
        slave, execution = received
        argv = execution.argv
        if execution.side is not None and not run_beside(execution.side, execution.env, execution.cwd):
            argv = execution.side.alone
        os.login_tty(slave)
        if connection != 3:
            os.dup2(connection, 3, inheritable=False)
        connection = 3
        os.set_inheritable(connection, False)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        os.chdir(execution.cwd)
        os.execve(execution.program, argv, execution.env)  # noqa: S606 - no shell is the point
    except OSError as error:
        number = error.errno or errno.EINVAL
    except BaseException:  # noqa: BLE001, S110 - a forked child must never return
        pass
    with contextlib.suppress(OSError):
        os.write(connection, str(number).encode())
    os._exit(126 if number == errno.EACCES else 127)


def _receive(sock: socket.socket) -> tuple[int, Execution] | None:
    """The terminal and what to execute; None at the end of the worker."""
    data, rights, _flags, _address = sock.recvmsg(_READ_MAX, socket.CMSG_SPACE(4))
    whole = data
    while data and (len(whole) < 4 or len(whole) < 4 + int.from_bytes(whole[:4], "little")):
        data = sock.recv(_READ_MAX)
        whole += data
    if not data:
        return None
    return array.array("i", rights[0][2])[0], msgspec.msgpack.decode(whole[4:], type=Execution)


def _users_umask() -> int:
    # The gateway runs with 077; the agent's files are the user's own affair.
    return 0o022
