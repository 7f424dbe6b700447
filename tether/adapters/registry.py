"""Which side channel belongs to which provider, and what the channels of one kind share."""

from __future__ import annotations

from tether.adapters.channels import Channel, Host
from tether.adapters.claude_channel import ClaudeChannel
from tether.adapters.codex_channel import CodexChannel
from tether.adapters.hooksocket import HookSocket
from tether.adapters.opencode_channel import OpencodeChannel
from tether.adapters.terminal import TerminalChannel
from tether.providers import Provider


def terminal(sid: bytes, name: str, host: Host) -> Channel:
    """The channel of a session that has none."""
    return TerminalChannel(sid, name, host, shell=name == "shell")


class Shared:
    """What is there once for all sessions: the socket of the hooks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.hooks = HookSocket(host.paths.hooks)

    async def start(self) -> None:
        """Begin to listen."""
        await self.hooks.start()

    def close(self) -> None:
        """Listen no more."""
        self.hooks.close()

    def channel(self, sid: bytes, provider: Provider) -> Channel:
        """The channel of a session of `provider`."""
        if provider.channel == "claude":
            return ClaudeChannel(sid, provider.name, self._host, self.hooks)
        if provider.channel == "codex":
            return CodexChannel(sid, provider, self._host)
        if provider.channel == "opencode":
            return OpencodeChannel(sid, provider, self._host)
        return TerminalChannel(sid, provider.name, self._host, shell=provider.login_shell)
