"""mcp: Tether's own tools for an agent, on standard input and output. Agents that Tether knows are given it unasked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from tether.adapters import toolpipe
from tether.errors import USAGE, TetherError
from tether.paths import Paths, resolve
from tether.wire.ids import public_id


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(epilog='In an agent\'s own settings: {"command": "tether", "args": ["mcp"]}')(mcp)


def mcp() -> int:
    """Serve Tether's tools (MCP) to this session's agent: ask_human, report_status, list_sessions, read_session."""
    paths = resolve()
    token = _token_file(paths, os.environ.get("TETHER_SESSION_ID", ""))
    program = [sys.executable, "-I", "-S", "-E", str(Path(toolpipe.__file__)), str(paths.hooks), str(token)]
    os.execv(sys.executable, program)  # noqa: S606 - no shell is the point; the small one stays, not this


def _token_file(paths: Paths, session: str) -> Path:
    """The file with the session's token, which its agent was given if it has a side channel."""
    if not session:
        raise TetherError(
            "tether mcp serves an agent inside a session, and this is none",
            hint="Start the agent with: tether run",
            code="usage",
            status=USAGE,
        )
    for path in paths.adapters.glob("*.token"):
        if _session(path) == session:
            return path
    raise TetherError(
        f"Session {session} has no tools of Tether's",
        hint='Its agent has no side channel (tether why), or [agents] tools is "off" in the settings',
        code="no-tools",
    )


def _session(path: Path) -> str:
    try:
        return public_id(bytes.fromhex(path.stem))
    except ValueError:
        return ""
