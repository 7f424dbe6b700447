"""The tools people use now: how each starts a session, shows it, and ends.

A peer is opened once per run. `session` starts a session that runs one of the benchmark's children, `attach_command`
shows it on a terminal, and `terminal` is both; `page` is the same in a browser, and `another` one more page on it;
`start` measures one session start; `hold` starts sessions nobody watches.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tests.bench import machine
from tests.bench.terminals import READY, BenchError, Terminal, Tool

if TYPE_CHECKING:
    from tests.bench.page import Page

_ENVIRONMENT = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}


class Peer:
    """What the measures ask of every tool; each tool says what it can do."""

    name: ClassVar[str]

    def __init__(self, tool: Tool, directory: Path) -> None:
        self.tool = tool
        self.directory = directory
        self.env = {**os.environ, **_ENVIRONMENT}
        for name in ("TMUX", "TMUX_PANE", "STY", "TETHER_SESSION_ID"):
            self.env.pop(name, None)
        self._numbers = itertools.count(1)

    def open(self) -> None:
        """Start what runs beside the sessions. BenchError when the tool is not installed."""

    def close(self) -> None:
        """End everything that was started."""

    def start(self) -> float:
        """Seconds from asking for a session to its agent's first byte at the client."""
        raise NotImplementedError

    def hold(self, count: int) -> None:
        """Start sessions, with nobody attached, until there are `count`."""
        raise NotImplementedError

    def pids(self) -> set[int]:
        """Every process of the tool, without the agents."""
        raise NotImplementedError

    @contextmanager
    def session(self, *mode: str) -> Iterator[str]:
        """A session of the child `mode` that nobody watches; what the tool calls it."""
        raise NotImplementedError
        yield

    def attach_command(self, session: str) -> list[str | Path]:
        """What shows the session on a terminal."""
        raise NotImplementedError

    @contextmanager
    def terminal(self, *mode: str) -> Iterator[Terminal]:
        """A session of the child `mode`, attached to a terminal, which shows READY or more."""
        with (
            self.session(*mode) as session,
            Terminal(self.tool, self.attach_command(session), self.env, session=session) as terminal,
        ):
            # The first word of what writes at once may be gone from the screen by now.
            yield terminal.ready() if mode[0] not in ("forever", "past") else terminal

    @contextmanager
    def page(self, *mode: str, shared: bool = False) -> Iterator[Page]:
        """A session of the child `mode` in a browser, ready and in control; `shared` lets others join it."""
        raise NotImplementedError
        yield

    @contextmanager
    def another(self, page: Page) -> Iterator[Page]:
        """One more page on a shared page's session, which watches."""
        raise NotImplementedError
        yield

    def _have(self, program: str, package: str) -> None:
        if shutil.which(program) is None:
            raise BenchError(f"{program} is not installed. Install it: sudo apt install {package}")

    def _run(self, *argv: str | Path) -> str:
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        return done.stdout


class Raw(Peer):
    """The floor: a terminal, and nothing between its two ends."""

    name = "raw"

    def start(self) -> float:
        return self.tool.open(READY, self.tool.child("start"), self.env)[0]

    def pids(self) -> set[int]:
        return set()

    @contextmanager
    def terminal(self, *mode: str) -> Iterator[Terminal]:
        with Terminal(self.tool, self.tool.child(*mode), self.env) as terminal:
            yield terminal.ready()


class Tmux(Peer):
    """tmux, without its status line: one server for every session."""

    name = "tmux"

    def open(self) -> None:
        self._have("tmux", "tmux")
        self.env["TMUX_TMPDIR"] = str(self.directory)
        config = self.directory / "tmux.conf"
        config.write_text("set -g status off\nset -g escape-time 0\nset -g history-limit 2000\n")
        self._tmux: list[str | Path] = ["tmux", "-L", "bench", "-f", str(config)]
        self._run(*self._tmux, "new-session", "-d", "-s", "first", *self.tool.child("idle"))
        self.server = int(self._run(*self._tmux, "display-message", "-p", "#{pid}"))
        self.held = 1

    def close(self) -> None:
        self._run(*self._tmux, "kill-server")

    def start(self) -> float:
        name = f"s{next(self._numbers)}"
        command = [*self._tmux, "new-session", "-s", name, *self.tool.child("start")]
        took = self.tool.open(READY, command, self.env)[0]
        self._run(*self._tmux, "kill-session", "-t", name)
        return took

    def start_detached(self) -> float:
        """As `start`, but with the session started apart (`new-session -d`) and then attached to."""
        name = f"d{next(self._numbers)}"
        took = machine.wall([*self._tmux, "new-session", "-d", "-s", name, *self.tool.child("start")], self.env)
        took += self.tool.open(READY, self.attach_command(name), self.env)[0]
        self._run(*self._tmux, "kill-session", "-t", name)
        return took

    def list_command(self) -> list[str | Path]:
        return [*self._tmux, "ls"]

    def hold(self, count: int) -> None:
        while self.held < count:
            self._run(*self._tmux, "new-session", "-d", "-s", f"h{self.held}", *self.tool.child("idle"))
            self.held += 1

    def pids(self) -> set[int]:
        return {self.server}

    @contextmanager
    def session(self, *mode: str) -> Iterator[str]:
        name = f"t{next(self._numbers)}"
        self._run(*self._tmux, "new-session", "-d", "-s", name, "-x", "80", "-y", "24", *self.tool.child(*mode))
        try:
            yield name
        finally:
            self._run(*self._tmux, "kill-session", "-t", name)

    def attach_command(self, session: str) -> list[str | Path]:
        return [*self._tmux, "attach", "-t", session]


class Screen(Peer):
    """GNU screen: one server for each session."""

    name = "screen"

    def open(self) -> None:
        self._have("screen", "screen")
        sockets = self.directory / "screen"
        sockets.mkdir(mode=0o700)
        self.env["SCREENDIR"] = str(sockets)
        config = self.directory / "screenrc"
        config.write_text("startup_message off\nvbell off\n")
        self._screen = ["screen", "-c", str(config)]
        self._held: list[str] = []

    def close(self) -> None:
        for name in self._held:
            self._quit(name)

    def start(self) -> float:
        name = f"s{next(self._numbers)}"
        took = self.tool.open(READY, [*self._screen, "-S", name, *self.tool.child("start")], self.env)[0]
        self._quit(name)
        return took

    def hold(self, count: int) -> None:
        while len(self._held) < count:
            self._held.append(f"h{len(self._held)}")
            self._run(*self._screen, "-dmS", self._held[-1], *self.tool.child("idle"))

    def pids(self) -> set[int]:
        found = {int(entry.name.partition(".")[0]) for entry in (self.directory / "screen").iterdir()}
        return machine.family(found, without="tbench")

    @contextmanager
    def session(self, *mode: str) -> Iterator[str]:
        name = f"t{next(self._numbers)}"
        self._run(*self._screen, "-dmS", name, *self.tool.child(*mode))
        try:
            yield name
        finally:
            self._quit(name)

    def attach_command(self, session: str) -> list[str | Path]:
        return [*self._screen, "-x", session]

    def _quit(self, name: str) -> None:
        self._run("screen", "-S", name, "-X", "quit")


class Dtach(Peer):
    """dtach: one server for each session, and no screen."""

    name = "dtach"

    def open(self) -> None:
        self._have("dtach", "dtach")
        self._held = 0

    def close(self) -> None:
        for pid in self.pids():
            self._end(pid)

    def start(self) -> float:
        socket = self._socket("s")
        command = ["dtach", "-c", socket, "-E", "-z", "-r", "none", *self.tool.child("start")]
        took = self.tool.open(READY, command, self.env)[0]
        self._end(*self._servers(socket))
        return took

    def hold(self, count: int) -> None:
        while self._held < count:
            self._held += 1
            self._run("dtach", "-n", self._socket("h"), "-E", "-z", "-r", "none", *self.tool.child("idle"))

    def pids(self) -> set[int]:
        return set(self._servers(f"{self.directory}/dtach"))

    @contextmanager
    def terminal(self, *mode: str) -> Iterator[Terminal]:
        # dtach keeps no output for who comes late: the session is made by the client that shows it.
        socket = self._socket("t")
        command = ["dtach", "-c", socket, "-E", "-z", "-r", "none", *self.tool.child(*mode)]
        try:
            with Terminal(self.tool, command, self.env) as terminal:
                yield terminal.ready()
        finally:
            self._end(*self._servers(socket))

    def _socket(self, kind: str) -> str:
        return f"{self.directory}/dtach-{kind}{next(self._numbers)}"

    def _servers(self, socket: str) -> list[int]:
        # A server is the child of nobody that was started here, and it has its socket's path among its arguments.
        found = []
        for pid, (_, name) in machine.processes().items():
            if name == "dtach":
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if any(os.fsdecode(word).startswith(socket) for word in words):
                    found.append(pid)
        return found

    def _end(self, *pids: int) -> None:
        for pid in pids:
            for child in machine.family([pid]):
                try:
                    os.kill(child, signal.SIGKILL)
                except ProcessLookupError:
                    continue
