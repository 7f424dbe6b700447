"""A prompt that is typed is taken, or it is said that it was not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tether.adapters import prompting
from tether.adapters.desk import Session
from tether.adapters.prompting import Prompter
from tether.adapters.reports import Reports
from tether.wire.agents import Activity, Compose, Interrupt, Prompt
from tether.wire.control import Done, Refused


class Keyboard:
    """A channel without a door of its own, and the worker that types: the agent works after `returns` returns."""

    def __init__(self, returns: int) -> None:
        self.typed: list[Compose] = []
        self.session = Session(b"s" * 16, "claude", self, Reports("b"))  # type: ignore[arg-type]
        self.session.activity = Activity("idle", source="hook")
        self.prompter = Prompter(self)  # type: ignore[arg-type]
        self._returns = returns

    async def prompt(self, text: str) -> None:
        return None

    async def interrupt(self) -> None:
        return None

    async def ask(self, sid: bytes, order: Compose) -> Any:
        self.typed.append(order)
        self._returns -= order.data.endswith(b"\r")
        if self._returns == 0:
            self.session.activity = Activity("working", source="hook")
            asyncio.get_running_loop().call_soon(self.prompter.moved, sid)
        return Done(0)


@pytest.mark.parametrize(("returns", "typed", "answer"), [(1, 1, Done), (2, 2, Done), (9, 3, Refused)])
def test_the_return_is_typed_again_until_it_works(
    monkeypatch: pytest.MonkeyPatch, returns: int, typed: int, answer: type
) -> None:
    monkeypatch.setattr(prompting, "_TAKEN_S", 0.02)
    world = Keyboard(returns)
    found = asyncio.run(world.prompter.give(world.session, Prompt(7, b"c" * 16, "a\x1bb")))
    assert isinstance(found, answer)
    assert (found.req, found.client) == (7, b"c" * 16)
    assert [order.data for order in world.typed] == [b"\x1b[200~ab\x1b[201~\r", *[b"\r"] * (typed - 1)]


def test_what_tells_nothing_of_itself_is_typed_to_once() -> None:
    world = Keyboard(9)
    world.session.activity = Activity("unknown", source="process")
    assert isinstance(asyncio.run(world.prompter.give(world.session, Prompt(7, b"c" * 16, "x"))), Done)
    assert len(world.typed) == 1


def test_an_interrupt_is_typed_while_something_is_asked_as_well() -> None:
    world = Keyboard(9)
    asyncio.run(world.prompter.give(world.session, Interrupt(7, b"c" * 16)))
    assert [(order.data, order.leave) for order in world.typed] == [(b"\x1b", True)]
