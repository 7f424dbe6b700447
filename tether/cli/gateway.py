"""Starting, stopping and looking at this user's gateway. Idempotent, and safe to call from many commands at once."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tether import locks, secret_files
from tether import settings as settings_module
from tether.bus import BrokerClient, Bus
from tether.cli import fastlist, supervising
from tether.cli.supervising import Service
from tether.clock import monotonic
from tether.errors import CONFLICT, FAILED, NO_GATEWAY, TIMED_OUT, TetherError, printable
from tether.paths import Paths, prepare, resolve
from tether.settings import Settings
from tether.wire.control import ListSessions, Ping, Sessions
from tether.wire.ids import NO_SESSION

START_S: Final = 15.0
STOP_S: Final = 30.0
_LOCK_S: Final = 30.0
_SLOW_S: Final = 3.0  # after this long, say what is awaited
# A worker connects again within half a second of the broker's start, on a busy machine within two.
_ADOPT_S: Final = 3.0
_LOG_LINES: Final = 8

Say = Callable[[str], None]


def load() -> tuple[Paths, Settings]:
    """The paths, checked and made, and the settings. TetherError when either is not usable."""
    paths = resolve()
    prepare(paths)
    return paths, settings_module.load(paths.settings)


def is_up(paths: Paths) -> bool:
    """True while the gateway's supervisord lives."""
    return supervising.is_alive(paths)


def require_up(paths: Paths) -> None:
    """TetherError when there is no gateway to talk to."""
    if not is_up(paths):
        raise TetherError(
            "The gateway is not running", hint="Start it with: tether start", code="no-gateway", status=NO_GATEWAY
        )


def start(paths: Paths, settings: Settings, say: Say, *, need_web: bool = True) -> bool:
    """Make the gateway run and wait until it answers; True when it had to be started."""
    if is_up(paths):
        # Somebody may be starting it right now; waiting is the same for both.
        wait_ready(paths, settings, say, need_web=need_web)
        return False
    with _starting(paths):
        if is_up(paths):
            wait_ready(paths, settings, say, need_web=need_web)
            return False
        lock = _make_ready(paths, settings)
        try:
            supervising.spawn(paths, lock, dict(os.environ))
        finally:
            os.close(lock)
        wait_ready(paths, settings, say, need_web=need_web)
        return True


def foreground(paths: Paths, settings: Settings) -> None:
    """Become the gateway's supervisord. Does not return."""
    with _starting(paths):
        if is_up(paths):
            raise TetherError(
                "The gateway is already running",
                hint="Stop it first: tether stop --yes",
                code="conflict",
                status=CONFLICT,
            )
        lock = _make_ready(paths, settings)
    supervising.become(paths, lock, dict(os.environ))


def wait_ready(paths: Paths, settings: Settings, say: Say, *, need_web: bool = True, limit_s: float = START_S) -> None:
    """Wait until broker and web answer. TetherError with the reason when a service has given up or time is out."""
    deadline = monotonic() + limit_s
    slow_at = monotonic() + _SLOW_S
    missing = "broker"
    while True:
        missing = "" if _broker_answers(paths, min(1.0, limit_s)) else "broker"
        if not missing and need_web and not web_answers(paths, settings):
            missing = "web"
        if not missing:
            return
        _raise_if_hopeless(paths)
        if monotonic() >= deadline:
            raise TetherError(
                f"The gateway was started, but its {missing} does not answer after {limit_s:g} s",
                hint=_log_hint(paths, missing),
                code="timeout",
                status=TIMED_OUT,
            )
        if monotonic() >= slow_at:
            say(f"Waiting for the {missing} …")
            slow_at = deadline
        select.select([], [], [], 0.02)


def stop(paths: Paths, say: Say) -> bool:
    """Stop the gateway (sessions go on); False when it was not running."""
    with _starting(paths):
        if not is_up(paths):
            return False
        pid = supervisor_pid(paths)
        try:
            supervising.shut_down(paths)
        except TetherError:
            # It does not answer (stopped, or wedged): its services die with it.
            if not pid or not _signal(pid, signal.SIGTERM):
                raise
            _signal(pid, signal.SIGCONT)
        _wait_down(paths, say, pid)
        return True


def ask_sessions(paths: Paths, timeout_s: float = 10.0, broker: BrokerClient | None = None) -> Sessions:
    """The live sessions as the broker knows them, over a connection of its own where there is none. TetherError when it
    does not answer.

    A broker that has just started hears of its sessions one after the other: it is asked again, for a moment, until it
    knows every one whose worker lives.
    """
    require_up(paths)
    deadline = monotonic() + _ADOPT_S
    with contextlib.ExitStack() as own:
        asked = broker or BrokerClient(own.enter_context(contextlib.closing(Bus())), paths)
        while True:
            answer: Sessions = asked.ask(NO_SESSION, ListSessions(0), timeout_s)
            if _with_workers(paths) <= {view.sid for view in answer.views} or monotonic() >= deadline:
                return answer
            select.select([], [], [], 0.05)


def _with_workers(paths: Paths) -> set[bytes]:
    """The sessions whose worker lives, by the locks that workers hold."""
    return {bytes.fromhex(lock.stem) for lock in paths.workers.glob("*.lock") if locks.is_held(lock)}


def web_port(paths: Paths, settings: Settings) -> int:
    """The port that web was told to use when the gateway was started, or else would be told now."""
    written = secret_files.read(paths.run / "web.port") or ""
    return int(written) if written.isascii() and written.isdigit() else settings.web.port


def web_answers(paths: Paths, settings: Settings) -> bool:
    """True when the web service answers our token on its port."""
    token = secret_files.read(paths.owner_token)
    return bool(token) and fastlist.get(web_port(paths, settings), token or "", "/api/v1/health", 2.0) is not None


def last_lines(path: Path, count: int = _LOG_LINES) -> list[str]:
    """The newest lines of a log, safe to print."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 64 * 1024))
        return [printable(text, 300) for text in file.read().decode("utf-8", "replace").splitlines()[-count:]]
    return []


@contextlib.contextmanager
def _starting(paths: Paths) -> Iterator[None]:
    fd = locks.lock(paths.run / "start.lock", _LOCK_S)
    if fd is None:
        raise TetherError(
            "Another command has been starting or stopping this gateway for a long time",
            hint=f"See who holds it: fuser {paths.run / 'start.lock'}",
            code="conflict",
            status=CONFLICT,
        )
    try:
        yield
    finally:
        os.close(fd)


def _make_ready(paths: Paths, settings: Settings) -> int:
    """All that must stand before supervisord starts; the lock that it is to keep."""
    _wait_port(paths, settings)
    with contextlib.suppress(FileNotFoundError):
        (paths.run / "web.error").unlink()
    lock = locks.try_lock(supervising.lock_path(paths))
    if lock is None:
        raise TetherError("The gateway is being started elsewhere", hint="Try again", code="conflict", status=CONFLICT)
    secret_files.write(paths.bus_token, os.urandom(32).hex())
    secret_files.ensure_token(paths.owner_token)
    secret_files.write(paths.run / "web.port", str(settings.web.port))
    supervising.write_configuration(paths)
    return lock


def _wait_port(paths: Paths, settings: Settings) -> None:
    """The port must be free. A web service whose supervisord was killed needs a moment to die."""
    port = settings.web.port
    deadline = monotonic() + 8.0
    while not _port_free(port):
        if not locks.is_held(paths.service_lock("web")) or monotonic() > deadline:
            # Look once more: it may have let go between the two questions.
            if _port_free(port):
                return
            raise TetherError(
                f"Port {port} on 127.0.0.1 is taken by another program",
                hint=f"See which: ss -ltnp 'sport = :{port}'\n"
                f"Or use another port: set port under [web] in {paths.settings}, or TETHER_PORT",
                code="port",
                status=CONFLICT,
            )
        select.select([], [], [], 0.05)


def _port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise TetherError(
                    f"Port {port} may not be used by an ordinary user",
                    hint="Use one from 1024 to 65535",
                    code="port",
                    status=CONFLICT,
                ) from None
            return False
    return True


def _broker_answers(paths: Paths, timeout_s: float) -> bool:
    if not locks.is_held(paths.service_lock("broker")):
        return False
    with contextlib.closing(Bus()) as bus:
        try:
            BrokerClient(bus, paths).ask(NO_SESSION, Ping(0), timeout_s)
        except TetherError:
            return False
    return True


def _raise_if_hopeless(paths: Paths) -> None:
    """TetherError when supervisord has died or a service has given up for good."""
    if not is_up(paths):
        shown = last_lines(paths.log / "supervisord.out.log") or last_lines(paths.service_log("supervisord"))
        raise TetherError(
            "The gateway ended while it was starting", hint="\n".join(shown), code="failed", status=FAILED
        )
    reason = secret_files.read(paths.run / "web.error")
    if reason:
        raise TetherError(
            f"The web service can't start: {printable(reason, 400)}",
            hint=f"Log: {paths.service_log('web')}",
            code="web",
        )
    if not paths.supervisor_sock.exists():
        return
    rows: list[Service] = []
    with contextlib.suppress(TetherError):  # it may not listen yet
        rows = supervising.services(paths)
    for service in rows:
        if service.state == "fatal":
            raise TetherError(
                f"The {service.name} does not start", hint=_log_hint(paths, service.name), code="fatal", status=FAILED
            )


def _log_hint(paths: Paths, name: str) -> str:
    path = paths.service_log(name)
    return "\n".join([*last_lines(path), f"Log: {path}"])


def supervisor_pid(paths: Paths) -> int:
    """supervisord's process id as it noted it; 0 when it did not."""
    text = secret_files.read(paths.supervisor_pid) or ""
    return int(text) if text.isascii() and text.isdigit() else 0


def _signal(pid: int, signum: int) -> bool:
    try:
        os.kill(pid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _wait_down(paths: Paths, say: Say, pid: int) -> None:
    """Wait until supervisord and every service have let go of their locks."""
    deadline = monotonic() + STOP_S
    slow_at = monotonic() + _SLOW_S
    names = ("supervisord", *supervising.SERVICES)
    while held := [name for name in names if locks.is_held(paths.service_lock(name))]:
        if monotonic() > deadline:
            raise TetherError(
                f"Still running {STOP_S:g} s after it was told to end: {', '.join(held)} (supervisord is {pid})",
                hint=f"Logs: {paths.log}",
                code="timeout",
                status=TIMED_OUT,
            )
        if monotonic() > slow_at:
            say(f"Waiting for: {', '.join(held)} …")
            slow_at = deadline
        select.select([], [], [], 0.02)
