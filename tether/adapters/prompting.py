"""Giving an agent a prompt, or having it leave off: through its own door where it has one, else at its keyboard.

What is typed may be lost: an agent that just ends its turn takes the text and not the return behind it. So where the
agent tells when it works, that is waited for, and the return is typed again.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from msgspec.structs import replace

from tether.adapters.desk import Session
from tether.bus.uplink import BrokerAway, Uplink
from tether.wire.agents import Compose, Interrupt, Prompt
from tether.wire.control import Done, Refused

_PASTE: Final = b"\x1b[200~%b\x1b[201~"
_ESCAPE: Final = b"\x1b"
_TAKEN_S: Final = 0.7
_RETURNS: Final = 3
_TELLS: Final = ("hook", "api")


class Prompter:
    """For all sessions."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self._waiting: dict[bytes, asyncio.Event] = {}

    def moved(self, sid: bytes) -> None:
        """The session's agent has told something."""
        if sid in self._waiting:
            self._waiting[sid].set()

    async def give(self, session: Session, order: Prompt | Interrupt) -> Done | Refused:
        """Do it, and what is to be answered."""
        if isinstance(order, Prompt):
            done, keys = await session.channel.prompt(order.text), _PASTE % _typeable(order.text) + b"\r"
        else:
            done, keys = await session.channel.interrupt(), _ESCAPE
        found: Any = None
        if done is None:
            found = await self._type(session, keys, isinstance(order, Prompt))
        elif not done:
            found = Refused(0, "busy", "The agent did not take it", "Look at its terminal")
        if isinstance(found, Refused):
            return replace(found, req=order.req, client=order.client)
        return Done(order.req, client=order.client)

    async def leave(self, session: Session) -> None:
        """Have the agent leave off; it is about to be ended."""
        await self.give(session, Interrupt(0, b""))

    async def _type(self, session: Session, keys: bytes, prompt: bool) -> Any:
        activity = session.activity
        state = activity.state if activity is not None else ""
        heard = self._waiting.setdefault(session.sid, asyncio.Event())
        try:
            found = await self._compose(session, keys, state, leave=not prompt)
            tells = activity is not None and activity.source in _TELLS and not activity.degraded
            if not prompt or not tells or isinstance(found, Refused):
                return found
            for again in range(_RETURNS):
                if await self._taken(session, state, heard):
                    return found
                if again < _RETURNS - 1:
                    await self._compose(session, b"\r", state)
            text = "It stands where the agent is typed to, and the agent has not taken it"
            return Refused(0, "busy", text, "Look at its terminal")
        finally:
            self._waiting.pop(session.sid, None)

    async def _taken(self, session: Session, state: str, heard: asyncio.Event) -> bool:
        """Whether the agent does something else than `state` within a moment."""
        try:
            async with asyncio.timeout(_TAKEN_S):
                while session.activity is not None and session.activity.state == state:
                    heard.clear()
                    await heard.wait()
        except TimeoutError:
            return False
        return True

    async def _compose(self, session: Session, keys: bytes, state: str, *, leave: bool = False) -> Any:
        try:
            return await self._uplink.ask(session.sid, Compose(0, keys, state, leave))
        except BrokerAway:
            return Refused(0, "not-ready", "The session's worker does not answer", "Try again")


def _typeable(text: str) -> bytes:
    """Text that can't end the paste in which it is typed."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t").encode("utf-8", "replace")
