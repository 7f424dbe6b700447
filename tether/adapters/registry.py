"""Which side channel belongs to which provider, and what the channels of one kind share."""

from __future__ import annotations

from tether.adapters.channels import Channel, Host
from tether.adapters.terminal import TerminalChannel
from tether.providers import Provider


def terminal(sid: bytes, name: str, host: Host) -> Channel:
    """The channel of a session that has none."""
    return TerminalChannel(sid, name, host, shell=name == "shell")


class Shared:
    """What is there once for all sessions: the socket of the hooks."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def start(self) -> None:
        """Begin to listen."""

    def close(self) -> None:
        """Listen no more."""

    def channel(self, sid: bytes, provider: Provider) -> Channel:
        """The channel of a session of `provider`."""
        return TerminalChannel(sid, provider.name, self._host, shell=provider.login_shell)
