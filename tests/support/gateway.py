"""A whole gateway of one's own for a test: real processes, a temporary home, a free port, a clean environment."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests.support import waiting
from tests.support.screen import Screen

T = TypeVar("T")
FAKE_AGENTS = Path(__file__).parent / "fakeagents"
TETHER = [sys.executable, "-m", "tether.cli"]
SEATED = frozenset({"approve", "deny", "answer", "grants", "url", "open", "app", "pair"})
"""Verbs that are refused to who has no terminal."""


_ASKING = """
import json, sys
from tether.cli import owner
from tether.errors import TetherError
from tether.paths import resolve
try:
    print(json.dumps(owner.ask(resolve(), sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
except TetherError as error:
    print(json.dumps({"error": {"code": error.code, "message": error.message}}))
"""


@contextlib.contextmanager
def a_terminal() -> Iterator[dict[str, Any]]:
    """A terminal for one command to sit at while its input and output are elsewhere: what subprocess needs for that."""
    master, slave = os.openpty()

    def sit() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    try:
        yield {"preexec_fn": sit}
    finally:
        os.close(slave)
        os.close(master)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Gateway:
    """`with Gateway() as gateway:` runs store, broker, spawner and web under supervisord, and leaves nothing behind.

    `settings` is the text of config.toml, `env` adds to the environment of every command, `start=False` leaves
    the gateway down. When the block ends with an exception the logs are printed and the home is kept.
    """

    def __init__(self, *, settings: str = "", env: Mapping[str, str] | None = None, start: bool = True) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tg", dir="/tmp"))
        self.port = free_port()
        self.root = self.home / "t"
        self.user_home = self.home / "h"
        self.root.mkdir(mode=0o700)
        self.user_home.mkdir(mode=0o700)
        self.screens: list[Screen] = []
        self.failed = False  # set by the fixture when its test failed: logs are printed, the home stays
        self._farewell = ""
        self._known: dict[int, int] = {}  # pid -> start time, of workers and agents seen
        self._start = start
        self.env = {
            "HOME": str(self.user_home),
            "PATH": os.environ.get("PATH", os.defpath),
            "USER": os.environ.get("USER", "tester"),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "TERM": "xterm-256color",
            "PS1": "$ ",
            "TETHER_HOME": str(self.root),
            "TETHER_PORT": str(self.port),
            **(env or {}),
        }
        (self.user_home / ".bash_profile").write_text(
            "PS1='$ '\nunset PROMPT_COMMAND\nbind 'set enable-bracketed-paste off'\n"
        )
        if settings:
            (self.root / "config.toml").write_text(settings)

    # -- life

    def __enter__(self) -> Gateway:
        if self._start:
            try:
                self.start()
            except BaseException:
                self.show_logs()
                self._end()
                raise
        return self

    def __exit__(self, kind: object, value: object, _traceback: object) -> None:
        failed = kind is not None or self.failed
        if failed:
            self.show_logs()
        left = self._end()
        if failed:
            print(f"kept for a look: {self.home}", file=sys.stderr)
            return
        shutil.rmtree(self.home, ignore_errors=True)
        assert not left, f"processes of this gateway outlived it: {left}; {self._farewell}"

    def start(self) -> None:
        """`tether start`."""
        self.tether("start", timeout=60)

    def _end(self) -> list[str]:
        """Stop everything. What had to be killed although `tether stop` said it was gone."""
        for screen in self.screens:
            with contextlib.suppress(OSError):
                screen.close()
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            with contextlib.suppress(AssertionError):  # it may be down
                self._remember()
            done = self.tether("stop", "--all", "--yes", "--timeout", "2", check=False, timeout=30)
            self._farewell = f"`tether stop --all` ended with {done.returncode}: {done.stderr.strip()}"
            self.tether("stop", "--yes", check=False, timeout=30)
        left: list[str] = []
        # The keeper ends by itself ten seconds after it has nothing to keep: nobody waits for that.
        for pid in self._holders("keeper.lock"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while (alive := self._alive()) and time.monotonic() < deadline:
            waiting.pause(0.05)
        for pid in alive:
            left.append(f"{pid} {_command(pid)}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
        return left

    def _remember(self) -> None:
        for row in self.ls():
            for pid in (row.get("worker_pid") or 0, row.get("agent_pid") or 0):
                if pid > 1:
                    self._known.setdefault(pid, _start_time(pid))

    def _alive(self) -> list[int]:
        """Processes that hold a lock file of this gateway, its supervisord, and workers and agents once seen."""
        found = self._holders("**/*.lock")
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and str(self.root) in _command(int(entry.name)):
                found.add(int(entry.name))
        for pid, started in self._known.items():
            if started and _start_time(pid) == started:
                found.add(pid)
        found.discard(os.getpid())
        return sorted(pid for pid in found if pid > 1 and _state(pid) != "Z")

    def _holders(self, pattern: str) -> set[int]:
        """Processes that hold a lock file of the run directory."""
        inodes = set()
        for lock in self.run_dir.glob(pattern):
            with contextlib.suppress(OSError):
                inodes.add(lock.stat().st_ino)
        found = set()
        with contextlib.suppress(OSError):
            for line in Path("/proc/locks").read_text().splitlines():
                fields = line.split()
                if "FLOCK" in fields and int(fields[-3].rsplit(":", 1)[1]) in inodes:
                    pid = int(fields[-4])
                    # Inode numbers are used again: the file that it holds open tells.
                    if any(link.startswith(str(self.run_dir)) for link in _open_files(pid)):
                        found.add(pid)
        return found

    # -- the command

    def tether(
        self,
        *args: str,
        check: bool = True,
        input: bytes | str | None = None,
        timeout: float = 60,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        binary: bool = False,
        terminal: bool | None = None,
    ) -> subprocess.CompletedProcess[Any]:
        """Run the command with `args`, its input and output elsewhere than a terminal. With `check` a status other than
        0 is an AssertionError. `terminal`: does it sit at one all the same? None: when its verb is refused without."""
        data = input.encode() if isinstance(input, str) else input
        seated = not SEATED.isdisjoint(args[:3]) if terminal is None else terminal
        with a_terminal() if seated else contextlib.nullcontext({"start_new_session": terminal is False}) as seat:
            done = subprocess.run(
                [*TETHER, *args],
                env={**self.env, **(env or {})},
                cwd=cwd or self.user_home,
                capture_output=True,
                timeout=timeout,
                check=False,
                **({"input": data} if data is not None else {"stdin": subprocess.DEVNULL}),
                **seat,
            )
        if not binary:
            done.stdout = done.stdout.decode("utf-8", "replace")
            done.stderr = done.stderr.decode("utf-8", "replace")
        if check and done.returncode != 0:
            raise AssertionError(f"tether {' '.join(args)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, terminal: bool = True) -> Any:
        """The answer of the owner's socket to a program that sits at a terminal, or has none; also an error's."""
        with a_terminal() if terminal else contextlib.nullcontext({"start_new_session": True}) as seat:
            done = subprocess.run(
                [sys.executable, "-c", _ASKING, method, path, json.dumps(body)], env=self.env, capture_output=True,
                timeout=60, check=True, stdin=subprocess.DEVNULL, **seat,
            )  # fmt: skip
        return json.loads(done.stdout)

    def screen(self, *args: str, cols: int = 80, rows: int = 24, env: Mapping[str, str] | None = None) -> Screen:
        """Run the command with `args` on a terminal."""
        screen = Screen([*TETHER, *args], {**self.env, **(env or {})}, cols=cols, rows=rows, cwd=self.user_home)
        self.screens.append(screen)
        return screen

    def run(
        self, provider: str = "shell", *args: str, title: str | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Start a session without attaching; its id."""
        own = ["--title", title] if title else []
        done = self.tether("run", "-d", *own, provider, *(["--", *args] if args else []), env=env)
        self._remember()
        return str(done.stdout).strip()

    def shell(self) -> str:
        """A session of the login shell, with its prompt drawn."""
        session = self.run("shell")
        self.wait_until("the prompt", lambda: b"$ " in self.raw(session))
        return session

    def attach(self, session: str, *flags: str, cols: int = 80, rows: int = 24) -> Screen:
        """A terminal attached to the session."""
        return self.screen("attach", session, *flags, cols=cols, rows=rows)

    def ls(self, *flags: str) -> list[dict[str, Any]]:
        """`tether ls --json`."""
        rows: list[dict[str, Any]] = json.loads(self.tether("ls", "--json", *flags).stdout)
        return rows

    def session(self, session: str) -> dict[str, Any]:
        """The row of one session, ended or not."""
        for row in self.ls("-a"):
            if row["id"] == session:
                return row
        raise AssertionError(f"no session {session} in: {self.ls('-a')}")

    def status(self) -> dict[str, Any]:
        """`tether status --json`, whatever its exit status."""
        status: dict[str, Any] = json.loads(self.tether("status", "--json", check=False).stdout)
        return status

    def raw(self, session: str) -> bytes:
        """Every output byte of the session that is in the log."""
        data: bytes = self.tether("logs", session, "--raw", binary=True).stdout
        return data

    def events(self, session: str) -> list[dict[str, Any]]:
        """Every event of the session that is in the log."""
        return [json.loads(line) for line in self.tether("events", session, "--json").stdout.splitlines()]

    # -- processes

    @property
    def run_dir(self) -> Path:
        from tether.paths import resolve

        return resolve(self.env).run

    def pid(self, service: str) -> int:
        """The process id of a service: supervisord, store, broker, spawner or web."""
        for row in self.status()["services"]:
            if row["name"] == service and row["pid"]:
                return int(row["pid"])
        raise AssertionError(f"the service {service} does not run: {self.status()['services']}")

    def kill(self, service: str, signum: int = signal.SIGKILL) -> int:
        """Send a signal to a service; the process id it had."""
        pid = self.pid(service)
        os.kill(pid, signum)
        return pid

    def worker_pid(self, session: str) -> int:
        return int(self.session(session)["worker_pid"])

    def agent_pid(self, session: str) -> int:
        return int(self.session(session)["agent_pid"])

    # -- the web

    @property
    def owner_token(self) -> str:
        return (self.root / "data" / "owner.token").read_text().strip()

    def url(self, session: str = "", path: str = "") -> str:
        """The page of a session, or any path."""
        return f"http://127.0.0.1:{self.port}" + (path or f"/s/{session}")

    def ticket_url(self, session: str) -> str:
        """The page of a session with a login ticket in the fragment, as `tether url` prints it."""
        return str(self.tether("url", *([session] if session else [])).stdout).strip()

    # -- agents

    def add_provider(self, name: str, argv: Sequence[str], **keys: Any) -> str:
        """Write a provider file; further keys as in the files that Tether ships. Its name."""
        lines = [f"name = {json.dumps(name)}", f"argv = {json.dumps(list(argv))}"]
        tables = {}
        for key, value in keys.items():
            if isinstance(value, Mapping):
                tables[key] = value
            else:
                lines.append(f"{key} = {json.dumps(value)}")
        for key, value in tables.items():
            lines.append(f"[{key}]")
            lines += [f"{k} = {json.dumps(v)}" for k, v in value.items()]
        directory = self.root / "providers"
        directory.mkdir(mode=0o700, exist_ok=True)
        (directory / f"{name}.toml").write_text("\n".join(lines) + "\n")
        return name

    def add_fake(self, script: str, *args: str, name: str = "") -> str:
        """Make `fakeagents/<script>.py` a provider, called with `args`; its name."""
        argv = [sys.executable, "-I", str(FAKE_AGENTS / f"{script}.py"), *args]
        return self.add_provider(name or script.replace("_", "-"), argv)

    # -- waiting

    def wait_until(self, what: str, predicate: Callable[[], T], timeout: float = 15.0) -> T:
        """As `waiting.wait_until`; on failure with the last screen and the newest lines of every log."""
        return waiting.wait_until(what, predicate, timeout, context=self.context)

    def wait_state(self, session: str, *states: str, timeout: float = 15.0) -> dict[str, Any]:
        """Wait until the session is in one of `states`; its row."""

        def look() -> dict[str, Any] | None:
            row = self.session(session)
            return row if row["state"] in states else None

        return self.wait_until(f"{session} is {' or '.join(states)}", look, timeout) or {}

    def context(self) -> str:
        """The last screen and the newest 40 lines of every log."""
        parts = []
        if self.screens:
            parts.append(f"--- last screen\n{self.screens[-1].data[-2000:]!r}")
        for log in sorted((self.root / "log").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-40:]
            parts.append(f"--- {log.name}\n" + "\n".join(lines))
        return "\n".join(parts)

    def show_logs(self) -> None:
        print(self.context(), file=sys.stderr)


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else "Z"


def _start_time(pid: int) -> int:
    """When the process began, in clock ticks since boot; 0 when there is none. Tells a reused pid from the old one."""
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else 0


def _open_files(pid: int) -> list[str]:
    links = []
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                links.append(os.readlink(entry))
    return links


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""
