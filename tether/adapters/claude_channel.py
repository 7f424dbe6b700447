"""Claude Code beside its terminal: a settings file of the session's own with hooks in it, and what they report."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from tether import secret_files
from tether.adapters import claude, hook
from tether.adapters.channels import Host
from tether.adapters.claude_usage import Ledger
from tether.adapters.facts import Conversation, Decision, Fact, StateFact
from tether.adapters.hooksocket import Badge
from tether.adapters.injecting import Injection
from tether.clock import now_us
from tether.wire.agents import Prepare, Prepared, Signalled
from tether.wire.views import SessionView

log = logging.getLogger("tether")

# Without a word for so long it shows something before it starts.
_STARTUP_S: Final = 5.0
# A title turns to idle a moment before the hook that says why.
_SETTLE_S: Final = 1.5
# The agent gives a hook this long; its own dialog stands all the while.
_ASK_TIMEOUT_S: Final = 86_400
_TELL_TIMEOUT_S: Final = 10
_FILE_BYTES_MAX: Final = 1 << 20
# Of a transcript, at a time; of what was there before this service, its end.
_COUNT_BYTES: Final = 1 << 20
# Hooks after which the transcript tells what the model used.
_COUNTED: Final = frozenset({"PostToolUse", "PostToolUseFailure", "UserPromptSubmit"})
_ENDED: Final = frozenset({"Stop", "StopFailure"})
# A transcript's last lines are written a moment after the hook.
_WRITTEN_S: Final = 0.5
# These are no sessions of the agent.
_NO_SESSION: Final = frozenset(
    {"mcp", "config", "doctor", "update", "install", "setup-token", "migrate-installer", "plugin"}
)


class ClaudeChannel:
    """One session's."""

    def __init__(self, sid: bytes, host: Host, badge: Badge, injection: Injection | None = None) -> None:
        self._sid, self._host, self._badge, self._injection = sid, host, badge, injection
        self._translator = claude.ClaudeTranslator(_read)
        self._waiting: dict[str, Callable[[Any], None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._settings = host.paths.adapters / f"{sid.hex()}.claude.json"
        self._servers = host.paths.adapters / f"{sid.hex()}.mcp.json"
        self._ledger = Ledger()
        self._transcript, self._counted = "", 0
        self._turns: set[str] = set()
        badge.hooked = self

    async def prepare(self, order: Prepare) -> Prepared:
        """Write the session's own settings, and have the agent read them beside the user's."""
        if order.args and order.args[0] in _NO_SESSION:
            return Prepared(order.req)
        if any(arg == "--settings" or arg.startswith("--settings=") for arg in order.args):
            return Prepared(order.req, degraded="--settings was given, which is where Tether's hooks go")
        self._badge.make()
        secret_files.write(self._settings, msgspec.json.encode(self._document()).decode())
        # Behind --mcp-config anything that is no option would be one more configuration.
        return Prepared(order.req, [*self._tools(), "--settings", str(self._settings)])

    def _tools(self) -> list[str]:
        if self._injection is None:
            return []
        secret_files.write(self._servers, msgspec.json.encode(self._injection.claude(self._badge.file)).decode())
        return ["--mcp-config", str(self._servers)]

    def _document(self) -> dict[str, Any]:
        program = Path(hook.__file__)
        words = [sys.executable, "-I", "-S", "-E", str(program), str(self._host.paths.hooks), str(self._badge.file)]

        def entry(event: str) -> list[dict[str, Any]]:
            asks = event == "PermissionRequest"
            timeout = _ASK_TIMEOUT_S if asks else _TELL_TIMEOUT_S
            command = shlex.join([*words, "ask" if asks else "tell"])
            return [{"hooks": [{"type": "command", "command": command, "timeout": timeout}]}]

        document: dict[str, Any] = {"hooks": {event: entry(event) for event in claude.EVENTS}}
        if self._injection is not None:
            document["permissions"] = {"allow": self._injection.allowed("mcp__tether__")}
        return document

    def open(self, view: SessionView) -> None:
        """The session runs."""
        self._badge.agent_pid = view.agent_pid
        if not self._badge.token:
            reason = "its hooks were not set when it was started"
            self._host.take(self._sid, [StateFact("unknown", reason, "process")])
        elif view.activity is None:
            self._host.take(self._sid, [StateFact("starting", "It was started", "process")])
            self._after(_STARTUP_S, claude.STARTUP)

    def signal(self, signal: Signalled) -> None:
        """See `ClaudeTranslator`: the title tells what no hook does."""
        self._take(signal)
        if signal.kind == "title" and signal.state == "idle" and self._translator.working:
            self._after(_SETTLE_S, claude.SETTLED)

    def hook(self, name: str, event: dict[str, Any], answer: Callable[[Any], None]) -> bool:
        """See `hooksocket.Hooked`."""
        asks = isinstance(event, dict) and event.get("hook_event_name") == "PermissionRequest"
        if asks:
            self._waiting[name] = answer
        self._take((name, event))
        kind = event.get("hook_event_name") if isinstance(event, dict) else ""
        if kind in _COUNTED:
            self._count(str(event.get("prompt_id") or ""))
        if kind in _ENDED:
            self._later(_WRITTEN_S, "count", self._count, str(event.get("prompt_id") or ""))
        return asks

    def hook_gone(self, name: str) -> None:
        """See `hooksocket.Hooked`."""
        if self._waiting.pop(name, None) is not None:
            self._take((name, None))
            # It may go on, or leave off: then the title has said idle all the while, which is no news.
            self._after(_SETTLE_S, claude.SETTLED)

    async def deliver(self, key: str, decision: Decision) -> bool:
        """Have the hook print the decision."""
        out = self._translator.answer(key, decision)
        answer = self._waiting.pop(key, None)
        if out is None or answer is None:
            return False
        answer(out)
        self._host.take(self._sid, [StateFact("working", "Its question was answered", "hook")])
        return True

    async def prompt(self, text: str) -> bool | None:
        """Its composer is its only door."""
        return None

    async def interrupt(self) -> bool | None:
        """The same."""
        return None

    def close(self) -> None:
        """The session has ended."""
        for timer in self._timers.values():
            timer.cancel()
        self._badge.remove()
        for path in (self._settings, self._servers):
            path.unlink(missing_ok=True)

    def _count(self, turn: str) -> None:
        """Tell what the turns of this session have used by now."""
        self._turns.add(turn)
        data, self._counted = _more(self._transcript, self._counted)
        used: list[Fact] = [one for one in self._ledger.take(data) if one.turn in self._turns]
        if used:
            self._host.take(self._sid, used)

    def _after(self, seconds: float, what: str) -> None:
        self._later(seconds, what, self._take, what)

    def _later(self, seconds: float, name: str, act: Callable[[Any], None], given: str) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, act, given)

    def _take(self, raw: Any) -> None:
        said: list[Fact] = self._translator.take(raw, now_us())
        for fact in said:
            if isinstance(fact, Conversation) and fact.transcript != self._transcript:
                self._transcript, self._counted, self._ledger = fact.transcript, 0, Ledger()
        if said:
            self._host.take(self._sid, said)


def _more(path: str, at: int) -> tuple[bytes, int]:
    """What was added to a file since the position `at`, and the new position. Whatever else stands there is nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC) if path.startswith("/") else -1
    except OSError:
        fd = -1
    if fd < 0:
        return b"", at
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return b"", at
        if not at:
            at = max(0, status.st_size - _COUNT_BYTES)
        data = os.pread(fd, _COUNT_BYTES, at)
        return data, at + len(data)
    except OSError:
        return b"", at
    finally:
        os.close(fd)


def _read(path: str) -> str | None:
    """A file's text; None when there is none, or it is no text, or too much."""
    try:
        if not path.startswith("/") or os.stat(path).st_size > _FILE_BYTES_MAX:
            return None
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
