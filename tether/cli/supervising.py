"""The supervisord of this gateway: its configuration, its start, and questions to it over its Unix socket.

A lock file is handed to supervisord at its start and stays open for its life, so that anybody can tell without asking
whether it lives. Its services are not given that descriptor, and nothing else of this process.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tether import locks, secret_files
from tether.errors import NO_GATEWAY, TetherError
from tether.paths import Paths

SERVICES: Final = ("store", "broker", "spawner", "adapters", "web")
FDS_WANTED: Final = 4096
ANSWER_S: Final = 5.0
# What the gateway keeps of the environment in which it was started. Sessions get theirs from who starts them.
KEPT: Final = (
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "LANG",
    "SHELL",
    "TZ",
    "TMPDIR",
    "TETHER_HOME",
    "TETHER_PORT",
    "TETHER_LOG",
    # Whom to trust, where the network's own authority stands before everything: the web part asks one address of
    # Cloudflare's, and cloudflared its own.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


@dataclass(frozen=True)
class Service:
    """One row of `tether status`; `state` is supervisord's word in lower case (running, backoff, fatal ...)."""

    name: str
    pid: int
    state: str
    detail: str = ""


def lock_path(paths: Paths) -> Path:
    """The lock that supervisord holds for its life."""
    return paths.service_lock("supervisord")


def is_alive(paths: Paths) -> bool:
    """True while this gateway's supervisord lives. Asks nobody."""
    return locks.is_held(lock_path(paths))


def template(name: str) -> str:
    """The text of a file of deploy/: in a wheel beside this module, in the source tree at its top."""
    here = Path(__file__).parent
    for directory in (here / "deploy", here.parent.parent / "deploy"):
        with contextlib.suppress(FileNotFoundError):
            return (directory / name).read_text(encoding="utf-8")
    raise TetherError(f"The file deploy/{name} is missing from this installation", hint="Install Tether again")


def environment(paths: Paths, environ: dict[str, str]) -> dict[str, str]:
    """The environment of supervisord and its services: a few of the user's variables, and where things are."""
    kept = {name: value for name, value in environ.items() if name in KEPT or name.startswith(("XDG_", "LC_"))}
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    enough = limit == resource.RLIM_INFINITY or limit >= FDS_WANTED
    return {
        **kept,
        "TETHER_SUP_RUN": str(paths.run),
        "TETHER_SUP_LOG": str(paths.log),
        # supervisord expands the names of programs' logs twice.
        "TETHER_SUP_LOG_TWICE": str(paths.log).replace("%", "%%"),
        "TETHER_SUP_PYTHON": shlex.quote(sys.executable),
        # supervisord refuses to start where it can't have the number it is told.
        "TETHER_SUP_MINFDS": str(FDS_WANTED if enough else limit),
    }


def command(paths: Paths) -> list[str]:
    """The argv of supervisord; it stays in the foreground of whoever starts it."""
    return [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(paths.supervisor_conf)]


def write_configuration(paths: Paths) -> None:
    """Put the template into the run directory, and clear what a supervisord that was killed has left."""
    secret_files.write(paths.supervisor_conf, template("supervisord.conf"))
    for stale in (paths.supervisor_sock, paths.supervisor_pid):
        with contextlib.suppress(FileNotFoundError):
            stale.unlink()


def spawn(paths: Paths, lock: int, environ: dict[str, str]) -> int:
    """Start supervisord in a session of its own, away from this terminal; its process id."""
    import subprocess

    log = os.open(paths.log / "supervisord.out.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            command(paths),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(paths, environ),
            start_new_session=True,
            pass_fds=(lock,),
            umask=0o077,  # supervisord sets its own only when it makes itself a daemon
        )
    finally:
        os.close(log)
    process.returncode = 0  # it is not ours to wait for: it outlives this command
    return process.pid


def become(paths: Paths, lock: int, environ: dict[str, str]) -> None:
    """Turn this process into supervisord (for systemd and launchd, and for looking on). Does not return."""
    os.set_inheritable(lock, True)
    os.umask(0o077)
    os.chdir("/")
    argv = command(paths)
    os.execve(argv[0], argv, environment(paths, environ))  # noqa: S606 - our own interpreter


def services(paths: Paths) -> list[Service]:
    """supervisord and what it runs. TetherError when it does not answer."""
    with _proxy(paths) as supervisor:
        rows: Any = supervisor.getAllProcessInfo()
        own: Any = supervisor.getPID()
    found = [Service("supervisord", int(own), "running")]
    order = {name: at for at, name in enumerate(SERVICES)}
    for row in sorted(rows, key=lambda row: order.get(row["name"], 99)):
        state = str(row["statename"]).lower()
        found.append(
            Service(str(row["name"]), int(row["pid"]), state, "" if state == "running" else str(row["spawnerr"]))
        )
    return found


def restart_service(paths: Paths, name: str) -> None:
    """Stop and start one service. TetherError when supervisord does not answer."""
    with _proxy(paths) as supervisor:
        supervisor.stopProcess(name, True)
        supervisor.startProcess(name, False)


def add_program(paths: Paths, name: str, argv: Sequence[str], *, again: bool) -> None:
    """Run one more program beside the services; with `again` also when it ends, and after the gateway's next start.

    TetherError when supervisord does not answer.
    """
    log = str(paths.service_log(name)).replace("%", "%%%%")
    lines = [
        f"[program:{name}]", f"command={shlex.join(argv).replace('%', '%%')}", "priority=50",
        f"autostart={str(again).lower()}",
        f"autorestart={str(again).lower()}", "startsecs=1", f"startretries={1000 if again else 3}",
        "stopsignal=TERM", "stopwaitsecs=5", "stopasgroup=true", "killasgroup=true", "redirect_stderr=true",
        f"stdout_logfile={log}", "stdout_logfile_maxbytes=1MB", "stdout_logfile_backups=1",
    ]  # fmt: skip
    remove_program(paths, name)
    paths.programs.mkdir(mode=0o700, exist_ok=True)
    secret_files.write(paths.programs / f"{name}.conf", "\n".join(lines) + "\n")
    if is_alive(paths):
        with _proxy(paths) as supervisor:
            supervisor.reloadConfig()
            supervisor.addProcessGroup(name)
            if not again:
                supervisor.startProcess(name, False)


def remove_program(paths: Paths, name: str) -> bool:
    """End a program that `add_program` added; False when there is none."""
    from xmlrpc.client import Fault

    try:
        (paths.programs / f"{name}.conf").unlink()
    except FileNotFoundError:
        return False
    if is_alive(paths):
        with _proxy(paths) as supervisor:
            with contextlib.suppress(Fault):
                supervisor.stopProcess(name, True)
            with contextlib.suppress(Fault):
                supervisor.removeProcessGroup(name)
    return True


def shut_down(paths: Paths) -> None:
    """Ask supervisord to stop its services and end. TetherError when it does not answer."""
    with _proxy(paths) as supervisor:
        supervisor.shutdown()


@contextlib.contextmanager
def _proxy(paths: Paths) -> Iterator[Any]:
    # Half of what the command's start would cost: imported by the few verbs that ask supervisord.
    from xmlrpc.client import Error as XmlRpcError
    from xmlrpc.client import ServerProxy

    from supervisor.xmlrpc import SupervisorTransport

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(ANSWER_S)  # the transport has no time limit of its own
    transport = SupervisorTransport(None, None, f"unix://{paths.supervisor_sock}")
    try:
        yield ServerProxy("http://127.0.0.1", transport=transport).supervisor
    except (OSError, XmlRpcError) as error:
        raise TetherError(
            f"supervisord does not answer on {paths.supervisor_sock}: {error}",
            hint="If that stays so, end it and start again: tether stop --yes, then tether start",
            code="no-gateway",
            status=NO_GATEWAY,
        ) from None
    finally:
        transport.close()
        socket.setdefaulttimeout(before)
