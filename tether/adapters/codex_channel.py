"""Codex beside its terminal: a second client of the app-server that runs in the session."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Final

from tether.adapters import codex
from tether.adapters.channels import Host
from tether.adapters.facts import Decision, Degraded, Fact, StateFact, StillOpen
from tether.adapters.hooksocket import Badge
from tether.adapters.injecting import Injection
from tether.adapters.jsonrpc import CallRefused, Link, Lost, connect
from tether.clock import now_us
from tether.wire.agents import Prepare, Prepared, Signalled
from tether.wire.views import SessionView

log = logging.getLogger("tether")

# Without a conversation for so long, codex shows something before it starts: trust, or a login.
_STARTUP_S: Final = 5.0
# A server that does not come back within this has left codex alone with its terminal.
_LOST_S: Final = 3.0
_AGAIN_S: Final = 0.2
_LOOK_S: Final = 0.5
# Sub-commands that are no session with a terminal interface, and take none of its arguments.
_NO_SESSION: Final = frozenset({
    "exec", "e", "review", "login", "logout", "mcp", "app-server", "app", "completion", "sandbox", "debug", "apply",
    "a", "cloud", "features", "help", "plugin", "update", "doctor", "exec-server", "mcp-server", "archive", "delete",
})  # fmt: skip
# Given by the caller, they are a choice of theirs.
_OWN_SERVER: Final = ("--remote", "--no-daemon")
_POLICY: Final = ("-a", "--ask-for-approval", "--full-auto", "--yolo", "--dangerously-bypass-approvals-and-sandbox")
_SANDBOX: Final = ("-s", "--sandbox", "--full-auto", "--yolo", "--dangerously-bypass-approvals-and-sandbox")


class CodexChannel:
    """One session's."""

    def __init__(self, sid: bytes, host: Host, badge: Badge, injection: Injection | None = None) -> None:
        self._sid, self._host, self._badge, self._injection = sid, host, badge, injection
        self._path = str(host.paths.worker_side(sid))
        self._translator = codex.Translator()
        self._link: Link | None = None
        self._joined = ""
        self._degraded = ""
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = asyncio.Event()
        self._chores: set[asyncio.Task[None]] = set()

    async def prepare(self, order: Prepare) -> Prepared:
        """Codex joins a server of its session's own, which Tether joins as well."""
        if order.args and order.args[0] in _NO_SESSION:
            return Prepared(order.req)
        if given := next((arg for arg in order.args if arg.split("=")[0] in _OWN_SERVER), ""):
            return Prepared(order.req, degraded=f"{given} was given, so codex uses no server of its session's own")
        own = arguments(self._path, order.cwd, order.args, resumed=bool(order.resume))
        return Prepared(order.req, own, side=True, side_args=self._tools())

    def _tools(self) -> list[str]:
        if self._injection is None:
            return []
        self._badge.make()
        return self._injection.codex(self._badge.file)

    def open(self, view: SessionView) -> None:
        """The session runs: join its server, again and again while the session lives."""
        loop = asyncio.get_running_loop()
        self._badge.agent_pid = view.agent_pid
        if view.activity is None:
            self._host.take(self._sid, [StateFact("starting", "It was started", "process")])
            self._timer = loop.call_later(_STARTUP_S, self._late)
        self._translator.thread = view.conversation
        self._task = loop.create_task(self._keep())

    def signal(self, signal: Signalled) -> None:
        """The server says all of it, and sooner."""

    async def deliver(self, key: str, decision: Decision) -> bool:
        """Answer the server's request; the first answer counts there as well."""
        link, messages = self._link, self._translator.answer(key, decision)
        if link is None or messages is None:
            return False
        try:
            for message in messages:
                if "method" in message:
                    await self._call(link, message["method"], message["params"])
                else:
                    await link.send(message)
        except Lost:
            return False
        return True

    async def prompt(self, text: str) -> bool | None:
        """A turn of its own, or a word into the one that runs. Before the first turn the composer is the only door."""
        if self._link is None or not self._joined:
            return None
        method, params = codex.prompt_request(self._translator.thread, self._translator.turn, text)
        return await self._call(self._link, method, params)

    async def interrupt(self) -> bool | None:
        """End the turn, and what it left running."""
        if self._link is None or not self._joined:
            return None
        thread, turn = self._translator.thread, self._translator.turn
        if not turn:
            return True
        self._translator.interrupting = True
        done = await self._call(self._link, "turn/interrupt", {"threadId": thread, "turnId": turn})
        await self._call(self._link, "thread/backgroundTerminals/clean", {"threadId": thread})
        return done

    def close(self) -> None:
        """The session has ended."""
        self._closed.set()
        self._badge.remove()
        if self._timer is not None:
            self._timer.cancel()
        for task in [*self._chores, *([self._task] if self._task is not None else [])]:
            task.cancel()

    # -- the connection

    async def _keep(self) -> None:
        lost_since = asyncio.get_running_loop().time()
        while True:
            try:
                link = await connect(self._path, self._heard)
            except Lost:
                if asyncio.get_running_loop().time() - lost_since >= _LOST_S:
                    self._is_degraded("codex's server does not answer: what it does and asks is on its terminal only")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN_S):
                        await self._closed.wait()
                continue
            await self._serve(link)
            self._link, self._joined = None, ""
            self._translator.disconnected()
            lost_since = asyncio.get_running_loop().time()

    async def _serve(self, link: Link) -> None:
        reading = asyncio.ensure_future(link.read())
        try:
            await link.call("initialize", {"clientInfo": _CLIENT, "capabilities": {"experimentalApi": True}})
            await link.send({"method": "initialized"})
            self._link = link
            self._is_degraded("")
            self._chore(self._find(link))
            await reading
        except (Lost, CallRefused, TimeoutError) as error:
            log.info("event=codex-link session=%s ended=%s", self._sid.hex(), type(error).__name__)
        finally:
            reading.cancel()
            await link.close()

    async def _find(self, link: Link) -> None:
        """Find the conversation. One that was there before us, or that its terminal goes on with, is not told of."""
        with contextlib.suppress(Lost, TimeoutError):
            while self._link is link:
                for thread in await self._loaded(link):
                    self._take(self._translator.joined(thread))
                await self._join(link)
                if self._translator.thread:
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._closed.wait()

    async def _loaded(self, link: Link) -> list[dict[str, Any]]:
        """The conversations that the server has open, which it does not tell to who comes later."""
        found: list[dict[str, Any]] = []
        try:
            names = (await link.call("thread/loaded/list", {})).get("data", [])
            for name in names[:32]:
                read = await link.call("thread/read", {"threadId": name, "includeTurns": False})
                found.append(read["thread"])
        except (CallRefused, TypeError, KeyError, AttributeError):
            return found
        return found

    async def _join(self, link: Link) -> None:
        """Become a client of the conversation. It has to have had a turn: until then the server knows of none."""
        thread = self._translator.thread
        if not thread or thread == self._joined:
            return
        try:
            answer = await link.call("thread/resume", {"threadId": thread, "excludeTurns": True})
        except (CallRefused, TimeoutError):
            return  # tried again when its status changes
        self._joined = thread
        if isinstance(answer, dict) and isinstance(answer.get("thread"), dict):
            self._take(self._translator.joined(answer["thread"]))
        # What is open was asked again before this answer came.
        self._take([StillOpen(self._translator.open())])

    def _heard(self, message: dict[str, Any]) -> None:
        self._take(self._translator.take(message, now_us()))
        link = self._link
        if link is None:
            return
        for method, params in self._translator.due:
            self._chore(self._call(link, method, params))
        self._translator.due.clear()
        if self._translator.thread != self._joined and message.get("method") in (
            "thread/status/changed",
            "turn/started",
        ):
            self._chore(self._join(link))

    async def _call(self, link: Link, method: str, params: dict[str, Any]) -> bool:
        try:
            await link.call(method, params)
        except (CallRefused, Lost, TimeoutError) as error:
            log.info("event=codex-refused session=%s method=%s reason=%r", self._sid.hex(), method, str(error)[:200])
            return False
        return True

    def _chore(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # -- facts

    def _take(self, said: list[Fact]) -> None:
        if said:
            self._host.take(self._sid, said)

    def _late(self) -> None:
        if not self._translator.thread:
            why = "It has not begun a conversation yet: it may ask for trust, or a login"
            self._take([StateFact("waiting", why, "process", "terminal")])

    def _is_degraded(self, reason: str) -> None:
        if reason != self._degraded:
            self._degraded = reason
            self._take([Degraded(reason)])


_CLIENT: Final = {"name": "tether", "title": "Tether", "version": "0"}


def arguments(socket: str, cwd: str, given: list[str], *, resumed: bool = False) -> list[str]:
    """What codex is told of its server, and how much it asks: for everything but reading, where the caller says nothing
    else. As configuration, which arguments of the caller's beat."""
    own = [arg.split("=")[0] for arg in given]
    settings = [arg for arg in given if arg.startswith(("approval_policy=", "sandbox_mode="))]
    words = ["--remote", f"unix://{socket}"]
    if "-C" not in own and "--cd" not in own:
        words += ["-C", cwd]
    if resumed or given[:1] in (["resume"], ["fork"]):
        return words  # refused there: the server's own settings count, which say the same
    if not any(arg in _POLICY for arg in own) and not any(arg.startswith("approval_policy=") for arg in settings):
        words += ["-a", "on-request"]
    if not any(arg in _SANDBOX for arg in own) and not any(arg.startswith("sandbox_mode=") for arg in settings):
        words += ["-s", "read-only"]
    return words
