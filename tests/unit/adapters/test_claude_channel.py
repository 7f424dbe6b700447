"""Claude's channel looks again a moment after a dialog was left: nothing else may ever say that the turn is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tether.adapters import claude_channel
from tether.adapters.claude_channel import ClaudeChannel
from tether.adapters.facts import Fact, StateFact
from tether.adapters.hooksocket import Badge, HookSocket
from tether.paths import Paths
from tether.wire.agents import Signalled

EVENT = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": "ls"}}


class Host:
    """Keeps what is said."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(home, home, home, home)
        self.said: list[Fact] = []
        self.idle = asyncio.Event()

    def take(self, sid: bytes, said: list[Fact]) -> None:
        self.said += said
        if any(isinstance(fact, StateFact) and fact.state == "idle" for fact in said):
            self.idle.set()


def test_a_dialog_that_was_left_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claude_channel, "_SETTLE_S", 0.01)

    async def story() -> None:
        host = Host(tmp_path)
        channel = ClaudeChannel(bytes(16), host, Badge(bytes(16), tmp_path / "t", HookSocket(tmp_path / "h")))
        channel.signal(Signalled("title", "✳ x", "idle"))
        assert channel.hook("1", EVENT, lambda _out: None)
        channel.hook_gone("1")
        async with asyncio.timeout(10):
            await host.idle.wait()

    asyncio.run(story())
