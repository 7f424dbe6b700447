"""Opencode beside its terminal: its own HTTP server on a port of 127.0.0.1, behind a password of the session's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from pathlib import Path
from typing import Any, Final

import msgspec

from tether import secret_files
from tether.adapters import loopback, opencode
from tether.adapters.channels import Host
from tether.adapters.facts import Decision, Degraded, Fact, StateFact, StillOpen
from tether.adapters.hooksocket import Badge
from tether.adapters.injecting import Injection
from tether.adapters.loopback import Door, Unreachable
from tether.clock import now_us
from tether.wire.agents import Prepare, Prepared, Signalled
from tether.wire.views import SessionView

log = logging.getLogger("tether")

_USER: Final = "opencode"
# It takes long to start; once it was there, it comes back at once or not at all.
_FIRST_S: Final = 90.0
_LOST_S: Final = 5.0
_AGAIN_S: Final = 0.25
# It says something every ten seconds.
_SILENCE_S: Final = 35.0
_PLUGIN: Final = Path(__file__).with_name("opencode_shell.js")
_ASK: Final = {"edit": "ask", "bash": "ask", "webfetch": "ask"}
_NO_SESSION: Final = frozenset({
    "completion", "acp", "mcp", "attach", "run", "debug", "providers", "auth", "agent", "upgrade", "uninstall", "serve",
    "web", "models", "stats", "export", "import", "github", "pr", "session", "plugin", "db",
})  # fmt: skip


class _Place(msgspec.Struct):
    """Where a session's opencode listens; kept in a file over a restart of the adapters."""

    port: int
    password: str
    cwd: str


class OpencodeChannel:
    """One session's."""

    def __init__(self, sid: bytes, host: Host, badge: Badge, injection: Injection | None = None) -> None:
        self._sid, self._host, self._badge, self._injection = sid, host, badge, injection
        self._file = host.paths.adapters / f"{sid.hex()}.opencode.json"
        self._translator = opencode.Translator()
        self._door: Door | None = None
        self._there = False
        self._fresh, self._started_ms = False, 0
        self._degraded = ""
        self._task: asyncio.Task[None] | None = None
        self._catching: asyncio.Future[None] | None = None
        self._closed = asyncio.Event()

    async def prepare(self, order: Prepare) -> Prepared:
        """A port, a password, and permissions that ask: its own ask for nothing."""
        if order.args and order.args[0] in _NO_SESSION:
            return Prepared(order.req)
        if given := next((arg for arg in order.args if arg.split("=")[0] in ("--port", "--hostname")), ""):
            return Prepared(order.req, degraded=f"{given} was given, so opencode's server is not the session's own")
        configuration = merged(order.env.get("OPENCODE_CONFIG_CONTENT", ""), _PLUGIN.as_uri(), self._tools())
        if configuration is None:
            return Prepared(order.req, degraded="OPENCODE_CONFIG_CONTENT of your own is no JSON object")
        place = _Place(_free_port(), secrets.token_urlsafe(24), order.cwd)
        secret_files.write(self._file, msgspec.json.encode(place).decode())
        env = {"OPENCODE_SERVER_PASSWORD": place.password, "OPENCODE_CONFIG_CONTENT": configuration}
        return Prepared(order.req, ["--port", str(place.port), "--hostname", "127.0.0.1"], env)

    def _tools(self) -> dict[str, Any]:
        if self._injection is None:
            return {}
        self._badge.make()
        return self._injection.opencode(self._badge.file)

    def open(self, view: SessionView) -> None:
        """The session runs: listen, again and again while it lives."""
        self._badge.agent_pid = view.agent_pid
        try:
            place = msgspec.json.decode(secret_files.read(self._file) or "", type=_Place)
        except msgspec.DecodeError:
            self._take([StateFact("unknown", "It was started without its server", "process")])
            return
        self._door = Door(place.port, _USER, place.password)
        self._translator = opencode.Translator(place.cwd, view.conversation)
        self._translator.working = view.activity is not None and view.activity.state in ("working", "waiting")
        self._started_ms = view.started // 1000
        self._fresh = view.activity is None or view.activity.state == "starting"
        if view.activity is None:
            self._take([StateFact("starting", "It was started", "process")])
        self._task = asyncio.get_running_loop().create_task(self._keep(self._door))

    def signal(self, signal: Signalled) -> None:
        """The server says all of it, and sooner."""

    async def deliver(self, key: str, decision: Decision) -> bool:
        """Answer the request; the first answer counts there as well."""
        words = self._translator.answer(key, decision)
        if words is None or self._door is None:
            return False
        try:
            status, _body = await loopback.ask(self._door, "POST", *words)
        except Unreachable:
            return False
        self._take([StateFact("working", "Its question was answered", "api")])
        return status == 200

    async def prompt(self, text: str) -> bool | None:
        """A prompt for its conversation; before there is one, its composer is the only door."""
        name = self._translator.session
        if self._door is None or not self._there or not name:
            return None
        parts = {"parts": [{"type": "text", "text": text}]}
        return await self._post(self._door, f"/session/{name}/prompt_async", parts)

    async def interrupt(self) -> bool | None:
        """End its turn."""
        name = self._translator.session
        if self._door is None or not self._there or not name:
            return None
        return await self._post(self._door, f"/session/{name}/abort", {})

    def close(self) -> None:
        """The session has ended."""
        self._closed.set()
        self._badge.remove()
        if self._task is not None:
            self._task.cancel()
        self._file.unlink(missing_ok=True)

    # -- the connection

    async def _post(self, door: Door, path: str, body: dict[str, Any]) -> bool:
        try:
            status, _body = await loopback.ask(door, "POST", path, body)
        except Unreachable:
            return False
        return status in (200, 204)

    async def _keep(self, door: Door) -> None:
        clock = asyncio.get_running_loop().time
        since, patience = clock(), _FIRST_S
        while True:
            try:
                async for event in loopback.events(door, "/event", _SILENCE_S):
                    if not self._there:
                        self._there, patience = True, _LOST_S
                        self._is_degraded("")
                        self._catching = asyncio.ensure_future(self._catch_up(door))
                    if isinstance(event, dict):
                        self._take(self._translator.take(event, now_us()))
            except Unreachable:
                pass
            if self._there:
                self._there, since = False, clock()
            if clock() - since >= patience:
                self._is_degraded("opencode's server does not answer: what it does and asks is on its terminal only")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    await self._closed.wait()

    async def _catch_up(self, door: Door) -> None:
        """What is open there, which is not told again to who comes later."""
        try:
            permissions = (await loopback.ask(door, "GET", "/permission"))[1]
            questions = (await loopback.ask(door, "GET", "/question"))[1]
            asked = [row for row in _rows(permissions) if isinstance(row.get("sessionID"), str)]
            for session in self._translator.unexplained(asked):
                self._translator.explain(_rows((await loopback.ask(door, "GET", f"/session/{session}/message"))[1]))
        except Unreachable:
            return  # the stream has ended as well, and it is tried again
        said = self._translator.pending(_rows(permissions), _rows(questions))
        self._take([*said, StillOpen(self._translator.open())])
        with contextlib.suppress(Unreachable):
            if self._fresh:
                await self._read_up(door)
            else:
                await self._look(door)

    async def _read_up(self, door: Door) -> None:
        """Its server may have been given a prompt, and have answered it, before it spoke with anybody."""
        translator = self._translator
        unheard = not translator.session
        if unheard:
            rows = _rows((await loopback.ask(door, "GET", "/session"))[1])
            self._take(translator.begun([row for row in rows if _created(row) >= self._started_ms]))
        if translator.session:
            rows = _rows((await loopback.ask(door, "GET", f"/session/{translator.session}/message"))[1])
            self._take(translator.history([row for row in rows if _created(row.get("info")) >= self._started_ms]))
            if unheard:
                await self._look(door)
        self._fresh = False

    async def _look(self, door: Door) -> None:
        """Whether it is in a turn: the end of one may have come while nobody listened."""
        found = (await loopback.ask(door, "GET", "/session/status"))[1]
        if isinstance(found, dict):
            self._take(self._translator.looked(found, waiting=bool(self._translator.open())))

    # -- facts

    def _take(self, said: list[Fact]) -> None:
        if said:
            self._host.take(self._sid, said)

    def _is_degraded(self, reason: str) -> None:
        if reason != self._degraded:
            self._degraded = reason
            log.info("event=opencode session=%s degraded=%r", self._sid.hex(), reason)
            self._take([Degraded(reason)])


def merged(own: str, plugin: str, servers: dict[str, Any] | None = None) -> str | None:
    """The configuration that opencode is given: the user's own in that variable, permissions that ask, the plugin, and
    `servers` of tools (MCP) beside theirs. A permission that the user denies stays denied. None when the user's own
    can't be read."""
    try:
        given = msgspec.json.decode(own) if own else {}
    except msgspec.DecodeError:
        return None
    if not isinstance(given, dict):
        return None
    theirs = given.get("permission")
    kept = {name: rule for name, rule in theirs.items() if rule != "allow"} if isinstance(theirs, dict) else {}
    plugins = given.get("plugin")
    given["permission"] = {**_ASK, **kept}
    given["plugin"] = [*(plugins if isinstance(plugins, list) else []), plugin]
    if servers:
        theirs = given.get("mcp")
        given["mcp"] = {**(theirs if isinstance(theirs, dict) else {}), **servers}
    return msgspec.json.encode(given).decode()


def _rows(found: Any) -> list[Any]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _created(info: Any) -> int:
    """When a conversation or a message was made, in milliseconds since 1970; 0 when that is not told."""
    try:
        return int(info["time"]["created"])
    except (KeyError, TypeError, ValueError):
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
