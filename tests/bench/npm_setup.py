"""Install the peers that come from npm, pinned, into tests/bench/npm/node_modules: `python -m tests.bench.npm_setup`

Node is found as for the web client's build (see hatch_build.py). node-pty is compiled with the headers that this Node
brought: nothing is fetched but npm's packages. What can't be installed is said, and the benchmark goes on without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hatch_build import BuildError, find_node  # lies beside pyproject.toml, in no package

FOLDER = Path(__file__).with_name("npm")
MODULES = FOLDER / "node_modules"
_BUILT = MODULES / "node-pty" / "build" / "Release" / "pty.node"
_LIMIT_S = 300


def node() -> Path | None:
    """The Node that the peers run on, or None."""
    found = _find()
    return found[0] if found else None


def missing(package: str) -> str:
    """Why a peer that needs `package` can't run, for people; "" when it can."""
    if node() is None:
        return "there is no Node. Install it: make setup"
    if not _BUILT.is_file() or not (MODULES / package / "package.json").is_file():
        return f"{package} is not installed. Install it: {sys.executable} -m tests.bench.npm_setup"
    return ""


def _find() -> tuple[Path, Path] | None:
    try:
        return find_node()
    except BuildError:
        return None


def install() -> str:
    """Install everything; "" or what went wrong."""
    found = _find()
    if found is None:
        return "there is no Node to install npm's peers with. Install it: make setup"
    program, npm = found
    headers = program.resolve().parent.parent
    if not (headers / "include" / "node" / "node.h").is_file():
        return f"{program} has no headers to compile node-pty with ({headers}/include/node)"
    gyp = npm.parent.parent / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"
    commands: list[list[str | Path]] = [
        [npm, "ci", "--ignore-scripts"],
        [gyp, "rebuild", "--directory", MODULES / "node-pty", f"--nodedir={headers}", "--silent"],
    ]
    env = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    for command in commands:
        try:
            done = subprocess.run(
                [program, *command], cwd=FOLDER, env=env, capture_output=True, text=True, timeout=_LIMIT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            return f"{Path(command[0]).name} {command[1]} failed:\n{(done.stderr or done.stdout).strip()[-600:]}"
    return ""


def main() -> int:
    """Install what is not there yet. Always 0: a peer that is missing is only left out."""
    if problem := "" if all(not missing(name) for name in ("ws", "wetty", "node-pty")) else install():
        print(f"node-pty + ws and wetty are left out: {problem}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
