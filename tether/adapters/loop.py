"""The service's loop: the line to the broker, the views that it publishes, and time; the rules are next door."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
from collections.abc import Coroutine
from typing import Any, Final

import msgspec

from tether import ancestry, providers, settings
from tether.adapters import registry, ruling, tools
from tether.adapters.desk import Desk, Session
from tether.adapters.facts import Decision, Degraded, Fact, Settled
from tether.adapters.injecting import Injection
from tether.adapters.prompting import Prompter
from tether.adapters.toolsocket import Tools
from tether.adapters.turning import Turning
from tether.bus import Bus
from tether.bus.readers import AsyncSockets
from tether.bus.uplink import Uplink
from tether.clock import now_us
from tether.errors import TetherError
from tether.paths import Paths, secure_directory
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.agents import Approval, Decide, Interrupt, Noted, Prepare, Prepared, Prompt, Signalled
from tether.wire.auditing import Deed
from tether.wire.codec import WireError, decode, encode
from tether.wire.control import Pong, Refused, Sessions
from tether.wire.ids import NO_SESSION, base32, public_id
from tether.wire.views import ENDED, SessionView

log = logging.getLogger("tether")

# Questions of this service are numbered from here, so that those of clients, which it answers, are told from answers.
_FIRST_NUMBER: Final = (1 << 40) + 1
_AGAIN_S: Final = 1.0
_EARLY_MAX: Final = 1000
# While the log can't tell what was asked before: how often it is asked again.
_LOG_AGAIN_S: Final = 0.25
# Of what a session asked: all that stands, and what a late decision may still ask for.
_RESTORED_MAX: Final = 10_000
_PREPARE_S: Final = 4.5
# A pipe that asked something comes back within a second or two of a restart, or never.
_CLAIMED_S: Final = 10.0


class Service:
    """The outbox of the desk, and the host of its channels."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        secure_directory(paths.adapters)
        self._loop = asyncio.get_running_loop()
        self._bus = Bus()
        self._sockets = AsyncSockets(self._loop)
        self._reader = LogReader(paths)
        self.desk = Desk(self, secrets.token_hex(8), now_us, lambda: base32(secrets.token_bytes(5)))
        judge = ruling.Judge(paths.policy, now_us, self._rules_read)
        self.desk.judge = lambda session, record: judge.decide(
            record, session.directory, session.book, session.spending.known
        )
        self._turning = Turning(paths.beginnings)
        # What workers said again before the list of sessions came: the newest of each kind.
        self._early: dict[bytes, dict[str, Signalled]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()
        self._parent = os.getppid()
        reach = settings.load(paths.settings).agents.tools
        self.shared = registry.Shared(self, Injection(paths.hooks) if reach != "off" else None)
        self.shared.hooks.refused = self._attempted
        self._tools = Tools(self, self._reader, reach)
        self.shared.hooks.pipe = self._tools.serve
        self._views = self._bus.subscriber(paths.broker_pub, b"")
        self._sockets.add(self._views, self._view_frames)
        self._uplink = Uplink(
            self._bus.dealer(paths.broker, monitored=True), self._sockets, paths, self._from_broker, self._welcomed,
            "adapters", _FIRST_NUMBER,
        )  # fmt: skip
        self._prompter = Prompter(self._uplink)

    async def run(self) -> None:
        """Serve until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stopped.set)
        if not sys.platform.startswith("linux"):
            self._watch_parent()
        await self.shared.start()
        self.spawn(self._turning.run())
        await self._stopped.wait()
        self.shared.close()
        for task in self._tasks:
            task.cancel()
        self._bus.close()
        self._reader.close()

    def _rules_read(self, facts: dict[str, str]) -> None:
        self._uplink.send(encode(NO_SESSION, Deed("policy", "the rule file", "", facts)))

    def _attempted(self, what: str, pid: int) -> None:
        name = ",".join(public_id(one) for one in ancestry.sessions_around(pid, self.paths) if one)
        log.warning("event=self-approval-attempt session=%s pid=%d what=%r", name or "-", pid, what)
        facts = {"what": what, "pid": str(pid)}
        self._uplink.send(encode(NO_SESSION, Deed("self-approval-attempt", "a program in it", name, facts)))

    def _watch_parent(self) -> None:
        # Where no signal tells that the parent is gone.
        if os.getppid() != self._parent:
            self._stopped.set()
        self._loop.call_later(5.0, self._watch_parent)

    # -- host and outbox

    def take(self, sid: bytes, said: list[Fact]) -> None:
        """See `channels.Host`."""
        session = self.desk.sessions.get(sid)
        if session is not None:
            self._turning.take(sid, session.directory, said, now_us())
        self.desk.take(sid, said)
        self._prompter.moved(sid)

    def send(self, sid: bytes, message: msgspec.Struct) -> bool:
        """See `desk.Outbox`. What is not an event in a moment is sent again."""
        if self._retry is None:
            self._retry = self._loop.call_later(_AGAIN_S, self._again)
        return self._uplink.send(encode(sid, message))

    def deliver(self, session: Session, record: Approval) -> None:
        """See `desk.Outbox`."""
        self.spawn(self._deliver(session, record))

    def wake_at(self, when_us: int) -> None:
        """See `desk.Outbox`."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if when_us:
            self._expiry = self._loop.call_later(max(0.0, (when_us - now_us()) / 1e6), self.desk.expire)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the loop's turns; its errors are logged."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("event=task-failed", exc_info=error)

    def _again(self) -> None:
        self._retry = None
        if self.desk.unsaid():
            for session in self.desk.sessions.values():
                self.desk.say_again(session)
            if self._retry is None:
                self._retry = self._loop.call_later(_AGAIN_S, self._again)

    # -- sessions

    def _welcomed(self) -> None:
        self._uplink.list_sessions(self._listed)

    def _listed(self, answer: Any) -> None:
        if not isinstance(answer, Sessions):
            return
        for view in answer.views:
            self._seen(view)
        alive = {view.sid for view in answer.views}
        missing = False
        for sid, session in list(self.desk.sessions.items()):
            if not session.open or sid in alive:
                self.desk.say_again(session)
            elif self._has_ended(sid):
                self.desk.end(sid)
            else:
                missing = True
        if missing:
            # A broker that has just been restarted knows a session when its worker has introduced itself, not before.
            self._loop.call_later(_AGAIN_S, self._uplink.list_sessions, self._listed)
        self._sweep()

    def _sweep(self) -> None:
        """Sessions that ended while this service was away have left their channels' files."""
        for path in self.paths.adapters.iterdir():
            with contextlib.suppress(ValueError, FileNotFoundError):
                sid = bytes.fromhex(path.name.partition(".")[0])
                if sid not in self.desk.sessions and self._has_ended(sid):
                    path.unlink()

    def _has_ended(self, sid: bytes) -> bool:
        try:
            view = self._reader.session(sid)
        except LogUnavailable:
            return False
        return view is not None and view.state in ENDED

    def _view_frames(self) -> None:
        while (frame := self._views.receive()) is not None:
            with contextlib.suppress(WireError):
                _sid, message = decode(frame)
                if isinstance(message, SessionView):
                    self._seen(message)

    def _seen(self, view: SessionView) -> None:
        session = self.desk.sessions.get(view.sid)
        if view.state in ENDED:
            self._early.pop(view.sid, None)
            self.desk.end(view.sid)
            return
        if view.state in ("created", "starting"):
            return
        if session is None:
            session = self.desk.begin(view.sid, view.provider, self._channel(view.sid, view.provider))
        session.directory = view.cwd
        if session.worker_pid != view.worker_pid:
            session.worker_pid = view.worker_pid
            self.desk.say_again(session)
        if not session.open:
            session.open = True
            self._restore(session, view)
            for signal in self._early.pop(view.sid, {}).values():
                session.channel.signal(signal)

    def _restore(self, session: Session, view: SessionView) -> None:
        """Learn from the log what the session asked before this service was there; only then its channel is heard."""
        try:
            records = (
                self._reader.approvals(sid=view.sid, limit=_RESTORED_MAX) if view.approvals or view.activity else []
            )
        except LogUnavailable:
            records = []
            missing = set(view.approvals)
        else:
            missing = set(view.approvals) - {record.id for record in records}
        if missing and view.sid in self.desk.sessions:
            # Events that the store has not got yet, or no store.
            self._loop.call_later(_LOG_AGAIN_S, self._restore, session, view)
            return
        self.desk.restore(session, view, records)
        session.channel.open(view)
        self._loop.call_later(_CLAIMED_S, self._unclaimed, view.sid, [record.key for record in session.book.pending()])

    def _unclaimed(self, sid: bytes, keys: list[str]) -> None:
        """What a tool asked before this service was there, and nobody came back for."""
        lost = [key for key in keys if key.startswith(tools.PREFIX) and not self._tools.waits(key)]
        self.desk.take(sid, [Settled(key, "cancelled", detail="The agent waits no more") for key in lost])

    def _channel(self, sid: bytes, name: str) -> Any:
        try:
            provider = providers.find(name, self.paths.providers)
        except TetherError:
            return registry.terminal(sid, name, self)
        return self.shared.channel(sid, provider)

    # -- what the broker passes on

    def _from_broker(self, sid: bytes, message: Any) -> None:
        match message:
            case Noted():
                self.desk.noted(sid, message)
            case Signalled():
                self._signalled(sid, message)
            case Decide():
                self.desk.decide(sid, message)
            case Prepare():
                self.spawn(self._prepare(sid, message))
            case Prompt() | Interrupt():
                self.spawn(self._prompt(sid, message))
            case Refused() | Pong():
                pass  # a worker that can't be reached now: what is no event yet is sent again; a sign of life
            case _:
                log.warning("event=unexpected message=%s", type(message).__name__)

    def _signalled(self, sid: bytes, signal: Signalled) -> None:
        session = self.desk.sessions.get(sid)
        if session is None or not session.open:
            if len(self._early) < _EARLY_MAX:
                self._early.setdefault(sid, {})[signal.kind] = signal
        elif signal.kind == "stopping":
            self.spawn(self._prompter.leave(session))
        else:
            session.channel.signal(signal)

    async def _prepare(self, sid: bytes, order: Prepare) -> None:
        channel = self._channel(sid, order.provider)
        session = self.desk.begin(sid, order.provider, channel)
        try:
            async with asyncio.timeout(_PREPARE_S):
                old = await asyncio.to_thread(self._too_old, order)
                prepared = Prepared(order.req, degraded=old) if old else await channel.prepare(order)
        except Exception as error:  # an agent's program may fail in any way: the session starts without
            log.exception("event=prepare-failed provider=%s", order.provider)
            prepared = Prepared(order.req, degraded=f"its side channel could not be made: {type(error).__name__}")
        if prepared.degraded:
            session.channel = registry.terminal(sid, order.provider, self)
            channel.close()
            # Said when the session is there to say it in.
            session.held.append(Degraded(prepared.degraded))
        self._uplink.send(encode(sid, msgspec.structs.replace(prepared, req=order.req)))

    def _too_old(self, order: Prepare) -> str:
        """Why the agent that is installed has no side channel that is known; its version is asked for once."""
        return providers.look(providers.find(order.provider, self.paths.providers), order.env).degraded

    async def _deliver(self, session: Session, record: Approval) -> None:
        if record.key.startswith(tools.PREFIX):
            self.desk.delivered(session, record, told=self._tools.answer(record))
            return
        decision: Any = {"allowed": "allow", "denied": "deny", "answered": "answer"}[record.state]
        try:
            told = await session.channel.deliver(record.key, Decision(decision, record.reason, record.answers))
        except Exception:
            log.exception("event=deliver-failed provider=%s", session.provider)
            told = False
        self.desk.delivered(session, record, told=told)

    async def _prompt(self, sid: bytes, order: Prompt | Interrupt) -> None:
        session = self.desk.sessions.get(sid)
        answer: Any = Refused(order.req, "not-ready", "The session is not known here yet", "Try again", order.client)
        if session is not None:
            answer = self.desk.may_prompt(session, order) or await self._prompter.give(session, order)
        self._uplink.send(encode(sid, answer))
