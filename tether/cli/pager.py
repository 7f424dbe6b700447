"""Long text on a terminal: through the person's pager; anywhere else as it is."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

from tether.cli.call import CALL

_DYES: Final = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m", "=": "\033[1m"}


def clean(text: str) -> str:
    """A line of somebody else's text, safe on a terminal: tabs stay, other control characters are shown as such."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def show(lines: Iterable[str]) -> None:
    """Print the lines. On a terminal they go through PAGER, or less when there is one."""
    text = "".join(f"{line}\n" for line in lines)
    argv = _pager() if sys.stdout.isatty() and CALL.input else []
    if not argv or not text:
        sys.stdout.write(text)
        return
    env = {"LESS": "FRX", **os.environ}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, env=env, text=True, errors="replace") as child:
        try:
            child.communicate(text)
        except KeyboardInterrupt:
            child.wait()


def _pager() -> list[str]:
    argv = shlex.split(os.environ.get("PAGER", "less"))
    return argv if argv and shutil.which(argv[0]) else []


def dyed(text: str, color: bool) -> str:
    """A line of a diff in the colour of what it is, where there are colours: its first character tells."""
    start = _DYES.get(text[:1], "") if color else ""
    return f"{start}{text}\033[0m" if start else text
