"""The agents' ends of Tether's own tools, at the socket where hooks report: what they call is done, and answered.

Each connection is one pipe (`toolpipe`) of one session, which the socket has made sure of. A line of it is the number
that its answer names, a space, and what the agent said; the answer is the same number and what the agent is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tether import __version__
from tether.adapters import mcp, reading, tools
from tether.adapters.facts import Effect, Fact, Reported, Settled, StateFact
from tether.paths import Paths
from tether.store.reader import LogReader, LogUnavailable
from tether.wire.agents import Approval

log = logging.getLogger("tether")

_SERVER: Final = mcp.Server("tether", __version__, tools.INSTRUCTIONS, tools.DESCRIPTIONS)


class Host(Protocol):
    """What the service is to the tools."""

    @property
    def paths(self) -> Paths: ...

    def take(self, sid: bytes, said: list[Fact]) -> None: ...


@dataclass(eq=False)
class _Pipe:
    """One connection. `open` are the calls that wait: the agent's id -> (number of the line, key)."""

    sid: bytes
    name: str
    writer: asyncio.StreamWriter
    open: dict[Any, tuple[int, str]] = field(default_factory=dict)

    def say(self, number: int, line: bytes) -> None:
        self.writer.write(b"%d %b\n" % (number, line))


class Tools:
    """All pipes of all sessions. `reach` is how far agents may read."""

    def __init__(self, host: Host, reader: LogReader, reach: tools.Reach) -> None:
        self._host = host
        self._reader = reader
        self._reach: tools.Reach = reach
        self._asked: dict[str, tuple[_Pipe, Any]] = {}  # what waits for a person: key -> (pipe, the agent's id)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, sid: bytes, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One pipe, to its end."""
        pipe = _Pipe(sid, name, writer)
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                number, _, said = line.partition(b" ")
                self._line(pipe, int(number), said)
                await writer.drain()
        # Not reached when this service ends: the pipe asks the next one.
        for name in list(pipe.open):
            self._give_up(pipe, name)

    def waits(self, key: str) -> bool:
        """True while somebody waits for the answer to `key`."""
        return key in self._asked

    def answer(self, record: Approval) -> bool:
        """Tell the agent what became of its question. False when it does not wait for that any more."""
        found = self._asked.pop(record.key, None)
        if found is None:
            return False
        pipe, name = found
        text, failed = tools.outcome(record)
        number, _key = pipe.open.pop(name)
        pipe.say(number, mcp.result(name, text, failed=failed))
        said = StateFact("working", "Its question is closed", "hook")
        self._host.take(pipe.sid, [Effect(record.key, "done"), said])
        return True

    def _line(self, pipe: _Pipe, number: int, said: bytes) -> None:
        match _SERVER.take(said):
            case mcp.Reply(line):
                pipe.say(number, line)
            case mcp.GivenUp(name):
                pipe.say(number, b"")
                self._give_up(pipe, name)
            case mcp.Call() as call:
                self._call(pipe, number, call)

    def _give_up(self, pipe: _Pipe, name: Any) -> None:
        number, key = pipe.open.pop(name, (0, ""))
        if number:
            pipe.say(number, b"")  # the protocol wants no answer to it
            self._asked.pop(key, None)
            self._host.take(pipe.sid, [Settled(key, "cancelled", detail="The agent waits no more")])

    def _call(self, pipe: _Pipe, number: int, call: mcp.Call) -> None:
        try:
            given = tools.arguments(call.name, call.arguments)
        except tools.Misuse as error:
            pipe.say(number, mcp.result(call.id, str(error), failed=True))
            return
        match given:
            case tools.AskHuman() if call.id in pipe.open:
                pipe.say(number, mcp.result(call.id, "A question of this id waits already.", failed=True))
            case tools.AskHuman():
                key = f"{tools.PREFIX}{pipe.name}:{number}"
                pipe.open[call.id] = number, key
                self._asked[key] = pipe, call.id
                self._host.take(pipe.sid, [tools.question(key, given)])
            case tools.ReportStatus():
                self._host.take(pipe.sid, [Reported(given.status)])
                pipe.say(number, mcp.result(call.id, "It is shown."))
            case _:
                task = asyncio.ensure_future(self._read(pipe, number, call.id, given))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _read(self, pipe: _Pipe, number: int, name: Any, given: tools.Arguments) -> None:
        """In a thread: a long session takes tenths of a second."""
        try:
            text = await asyncio.to_thread(self._found, pipe.sid, given)
            line = mcp.result(name, text)
        except tools.Misuse as error:
            line = mcp.result(name, str(error), failed=True)
        except LogUnavailable:
            line = mcp.result(name, "The log can't be read now. Try again.", failed=True)
        with contextlib.suppress(OSError):
            pipe.say(number, line)

    def _found(self, sid: bytes, given: tools.Arguments) -> str:
        views = self._reader.sessions()
        mine = [view for view in views if tools.permits(self._reach, sid, view, views)]
        if isinstance(given, tools.ReadSession):
            return reading.of(self._host.paths, self._reader, sid, mine, given)
        return tools.listed(reading.worth_listing(mine, sid))
