"""How each agent is given Tether's own tools for its session: in the words of its own configuration.

Nothing of the agent's own settings is edited. A call may take a day, because a person answers it; no agent's own limit
is that long. The tools are allowed beforehand, where an agent would ask: a person who is asked whether they may be
asked has been asked already.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tether.adapters import toolpipe, tools

_CALL_S: Final = 86_400


@dataclass(frozen=True)
class Injection:
    """`socket` is where the pipes end."""

    socket: Path

    def command(self, token_file: Path) -> list[str]:
        """The program that an agent starts as its server of tools; it reads the session's token from a file."""
        program = Path(toolpipe.__file__)
        return [sys.executable, "-I", "-S", "-E", str(program), str(self.socket), str(token_file)]

    def allowed(self, prefix: str) -> list[str]:
        """The tools by the names that an agent gives them."""
        return [prefix + name for name in tools.NAMES]

    def claude(self, token_file: Path) -> dict[str, Any]:
        """A file for --mcp-config."""
        program, *args = self.command(token_file)
        return {"mcpServers": {"tether": {"type": "stdio", "command": program, "args": args}}}

    def codex(self, token_file: Path) -> list[str]:
        """Arguments of codex's server."""
        program, *args = self.command(token_file)
        values = {
            "command": json.dumps(program, ensure_ascii=False),
            "args": json.dumps(args, ensure_ascii=False),
            "tool_timeout_sec": str(_CALL_S),
            "default_tools_approval_mode": '"approve"',
        }
        return [word for name, value in values.items() for word in ("-c", f"mcp_servers.tether.{name}={value}")]

    def opencode(self, token_file: Path) -> dict[str, Any]:
        """Its setting `mcp`."""
        return {
            "tether": {
                "type": "local",
                "command": self.command(token_file),
                "enabled": True,
                "timeout": _CALL_S * 1000,
            }
        }
