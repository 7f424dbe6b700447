"""Sessions whose whole output is known."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.chaos.numbering import Numbered
from tests.support.gateway import Gateway

AGENT = Path(__file__).parent / "agents" / "numbered.py"


def add_numbered(gateway: Gateway, name: str, rate: int, lines: int, status: int = 0) -> tuple[str, Path]:
    """A provider of numbered lines; its name, and the file that tells its agent to end."""
    stop_file = gateway.home / f"stop-{name}"
    argv = [sys.executable, "-I", str(AGENT), str(rate), str(lines), str(stop_file), str(status)]
    return gateway.add_provider(name, argv), stop_file


def check_log(gateway: Gateway, session: str, who: str) -> int:
    """The whole log of an ended session is what its agent wrote; the number of lines."""
    check = Numbered(f"the log of {who}")
    check.take(gateway.raw(session))
    assert check.complete, f"the log of {who} ends at offset {check.offset}, before its agent's end"
    return check.total
