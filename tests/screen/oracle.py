"""xterm.js as the oracle: what it shows after some output."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent / "oracle"

Op = tuple[str, bytes] | tuple[str, int, int]
"""("w", bytes) or ("r", cols, rows)."""


def install() -> str:
    """Install what the oracle needs. Returns why that cannot be, or ""."""
    sys.path.insert(0, str(ROOT))
    from hatch_build import BuildError, find_node

    try:
        node, npm = find_node()
    except BuildError as error:
        return str(error)
    with (FOLDER / ".lock").open("w") as lock:  # two processes run tests
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (FOLDER / "node_modules/.package-lock.json").exists():
            return ""
        command = [str(node), str(npm)] if npm.suffix == ".js" else [str(npm)]
        command += ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        done = subprocess.run(command, cwd=FOLDER, env=env, capture_output=True, text=True)
        return "" if done.returncode == 0 else f"npm ci failed: {done.stderr.strip()[-200:]}"


@dataclass
class Seen:
    """What the oracle shows. Of two, `text`, `screen` and `rest` are compared one after the other."""

    text: list[str]
    screen: dict[str, Any]
    rest: dict[str, Any] = field(repr=False)
    replies: str = ""
    """What it answered to questions."""


class Oracle:
    """A running oracle. Not for several threads at once."""

    def __init__(self) -> None:
        from hatch_build import find_node

        self._process = subprocess.Popen(
            [str(find_node()[0]), "oracle.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def show(self, cols: int, rows: int, *ops: Op) -> Seen:
        """A fresh terminal's state after `ops`."""
        return self.show_all([(cols, rows, list(ops))])[0]

    def show_all(self, runs: list[tuple[int, int, list[Op]]]) -> list[Seen]:
        """The states of several fresh terminals."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        lines = [
            json.dumps({"cols": cols, "rows": rows, "ops": [(op[0], _text(op[1]), *op[2:]) for op in ops]})
            for cols, rows, ops in runs
        ]
        stdin = self._process.stdin
        # Written by a thread of its own: both pipes may be full at once.
        writer = threading.Thread(target=lambda: (stdin.write("\n".join(lines).encode() + b"\n"), stdin.flush()))
        writer.start()
        answers = [Seen(**json.loads(self._process.stdout.readline())) for _ in runs]
        writer.join()
        return answers

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _text(value: bytes | int) -> str | int:
    return value.decode("latin-1") if isinstance(value, bytes) else value


if __name__ == "__main__":
    reason = install()
    if reason:
        print(
            f"The oracle of tests/screen could not be installed; its tests will be skipped: {reason}", file=sys.stderr
        )
