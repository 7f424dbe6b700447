"""Which side channel belongs to which provider, and what the channels of one kind share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tether.adapters.channels import Channel, Host
from tether.adapters.claude_channel import ClaudeChannel
from tether.adapters.codex_channel import CodexChannel
from tether.adapters.hooksocket import Badge, HookSocket
from tether.adapters.injecting import Injection
from tether.adapters.opencode_channel import OpencodeChannel
from tether.adapters.terminal import TerminalChannel
from tether.providers import Provider


def terminal(sid: bytes, name: str, host: Host) -> Channel:
    """The channel of a session that has none."""
    return TerminalChannel(sid, name, host, shell=name == "shell")


class Shared:
    """What is there once for all sessions: the socket of the hooks, and how agents are given Tether's own tools (None:
    they are not)."""

    def __init__(self, host: Host, injection: Injection | None) -> None:
        self._host = host
        self._injection = injection
        self.hooks = HookSocket(host.paths.hooks)

    async def start(self) -> None:
        """Begin to listen."""
        await self.hooks.start()

    def close(self) -> None:
        """Listen no more."""
        self.hooks.close()

    def channel(self, sid: bytes, provider: Provider) -> Channel:
        """The channel of a session of `provider`."""
        kind = _KINDS.get(provider.channel)
        if kind is None:
            return TerminalChannel(sid, provider.name, self._host, shell=provider.login_shell)
        badge = Badge(sid, self._host.paths.adapters / f"{sid.hex()}.token", self.hooks)
        return kind(sid, self._host, badge, self._injection)


_Kind = Callable[[bytes, Host, Badge, Injection | None], Channel]
_KINDS: Final[dict[str, _Kind]] = {
    "claude": ClaudeChannel,
    "codex": CodexChannel,
    "opencode": OpencodeChannel,
}
