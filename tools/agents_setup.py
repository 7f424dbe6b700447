"""Install the agents' own programs, pinned, for `make agents`: python tools/agents_setup.py

They come from npm by the lockfile in tests/agents/npm and stay in that folder; only the lockfile is in version control.
`bin` in it holds one link for each agent, straight to its native program, so that no Node runs beside an agent. Node
itself is only needed to install, and is found as for the web client's build (hatch_build.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "agents" / "npm"
BIN = FOLDER / "bin"
_MODULES = FOLDER / "node_modules"
_LIMIT_S = 600
# npm runs no package's script unasked (--ignore-scripts): these two put a native program in its place.
_POSTINSTALL = ("@anthropic-ai/claude-code/install.cjs", "opencode-ai/postinstall.mjs")
_PROGRAMS = {
    "codex": "@openai/codex-*/vendor/*/bin/codex",
    "claude": "@anthropic-ai/claude-code/bin/claude.exe",
    "opencode": "opencode-ai/bin/opencode.exe",
}


def missing() -> str:
    """Why the agents can't be run here, for people; "" when they can."""
    absent = [name for name in _PROGRAMS if not os.access(BIN / name, os.X_OK)]
    if not absent:
        return ""
    return f"{', '.join(absent)} not installed in {FOLDER}. Install: {sys.executable} tools/agents_setup.py"


def current() -> bool:
    """Whether what is installed is what the lockfile names."""
    done = FOLDER / "installed.lock"
    return not missing() and done.is_file() and done.read_bytes() == (FOLDER / "package-lock.json").read_bytes()


def install() -> str:
    """Install all agents; "" or what went wrong."""
    sys.path.insert(0, str(ROOT))
    from hatch_build import BuildError, find_node  # lies beside pyproject.toml, in no package

    try:
        node, npm = find_node()
    except BuildError as error:
        return str(error)
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    # Not `npm ci`, which wants every platform's native package in the lockfile and refuses when a registry lacks one of
    # them. What the lockfile names is installed as it says all the same, and the versions are exact.
    commands: list[list[str | Path]] = [[npm, "install", "--no-save", "--ignore-scripts"]]
    commands += [[_MODULES / script] for script in _POSTINSTALL]
    for command in commands:
        cwd = FOLDER if command[0] == npm else Path(command[0]).parent
        try:
            done = subprocess.run(
                [node, *command], cwd=cwd, env=env, capture_output=True, text=True, timeout=_LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            return f"{Path(command[0]).name} failed:\n{(done.stderr or done.stdout).strip()[-600:]}"
    return _link()


def _link() -> str:
    BIN.mkdir(exist_ok=True)
    for name, pattern in _PROGRAMS.items():
        found = [path for path in sorted(_MODULES.glob(pattern)) if path.is_file()]
        if not found:
            return f"npm brought no program for {name} on this platform ({pattern})"
        link = BIN / name
        link.unlink(missing_ok=True)
        link.symlink_to(found[0])
    (FOLDER / "installed.lock").write_bytes((FOLDER / "package-lock.json").read_bytes())
    return missing()


def main() -> int:
    """Install what is not there yet. Always 0: the tests that need what is missing are skipped with the reason."""
    if not current() and (problem := install()):
        print(f"The agents' programs can't be installed, their tests are skipped: {problem}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
