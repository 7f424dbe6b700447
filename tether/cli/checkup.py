"""What `tether debug` looks at. Each check says whether it is well, what it saw, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tether import __version__, providers, settings
from tether.cli import gateway, health, userservice
from tether.errors import TetherError
from tether.paths import Paths

_FREE_BYTES_LOW: Final = 1 << 30
_SOCKET_PATH_MAX: Final = 103 if sys.platform == "darwin" else 107
_PACKAGES: Final = (
    "pyzmq", "lmdb", "msgspec", "ptyprocess", "starlette", "uvicorn", "websockets", "uvloop", "typer", "supervisor",
    "pyghostty",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One line of the report: `state` is ok, note or bad; `fix` is what to do."""

    name: str
    state: str
    detail: str
    fix: str = ""


def run(paths: Paths) -> list[Check]:
    """Every check. None of them changes anything or raises."""
    checks: list[Check] = []
    for check in _CHECKS:
        try:
            checks += check(paths)
        except (TetherError, OSError) as error:
            hint = error.hint if isinstance(error, TetherError) else ""
            checks.append(Check(check.__name__.strip("_"), "bad", str(error), hint))
    return checks


def _versions(_: Paths) -> list[Check]:
    found = [f"tether {__version__}", f"python {platform.python_version()}", platform.platform()]
    missing = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    checks = [Check("versions", "ok", ", ".join(found))]
    if missing:
        only = missing == ["pyghostty"]
        fix = "It brings the terminal emulator; sessions run without" if only else "Install Tether again"
        checks.append(Check("packages", "note" if only else "bad", f"missing: {', '.join(missing)}", fix))
    return checks


def _directories(paths: Paths) -> list[Check]:
    checks = []
    for label, path in (("config", paths.config), ("data", paths.data), ("run", paths.run), ("log", paths.log)):
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            checks.append(Check(label, "note", f"{path} does not exist yet", "tether start makes it"))
            continue
        mode = stat.S_IMODE(found.st_mode)
        good = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not mode & 0o077
        checks.append(
            Check(
                label,
                "ok" if good else "bad",
                f"{path} mode {mode:04o} uid {found.st_uid}",
                "" if good else f"chmod 700 {path}",
            )
        )
    return checks


def _sockets(paths: Paths) -> list[Check]:
    longest = len(os.fsencode(paths.worker_pub(b"\xff" * 16)))
    good = longest <= _SOCKET_PATH_MAX
    fix = "" if good else "Set TETHER_HOME to a shorter path"
    return [Check("socket path", "ok" if good else "bad", f"{longest} of {_SOCKET_PATH_MAX} bytes", fix)]


def _disk(paths: Paths) -> list[Check]:
    where = paths.data if paths.data.exists() else Path.home()
    usage = shutil.disk_usage(where)
    low = usage.free < _FREE_BYTES_LOW
    fix = "Free some space, or lower log.quota_bytes" if low else ""
    return [
        Check("disk", "bad" if low else "ok", f"{usage.free >> 20} MiB free of {usage.total >> 20} MiB at {where}", fix)
    ]


def _settings(paths: Paths) -> list[Check]:
    loaded = settings.load(paths.settings)
    there = "" if paths.settings.exists() else " (no file: all defaults)"
    return [Check("settings", "ok", f"{paths.settings}{there}, port {loaded.web.port}")]


def _gateway(paths: Paths) -> list[Check]:
    loaded = settings.load(paths.settings)
    found = health.look(paths, loaded)
    if found.state == "down":
        return [Check("gateway", "note", "it is not running", "tether start")]
    rows = ", ".join(f"{service.name} {service.state}" for service in found.services)
    state = {"up": "ok", "starting": "note"}.get(found.state, "bad")
    checks = [Check("gateway", state, f"{found.state}: {rows}", "" if state == "ok" else "tether status")]
    port = gateway.web_port(paths, loaded)
    checks.append(
        Check("web", "ok" if found.web else "bad", f"http://127.0.0.1:{port}", "" if found.web else "tether logs")
    )
    store_well = found.store == "ok"
    checks.append(Check("log", "ok" if store_well else "bad", found.store or "the broker does not answer"))
    return checks


def _service(paths: Paths) -> list[Check]:
    if not sys.platform.startswith("linux"):
        return []
    linger = userservice.linger()
    if linger is None:
        return [Check("linger", "note", "there is no systemd-logind here")]
    fix = "" if linger else "loginctl enable-linger (else systemd may end your sessions at logout)"
    return [Check("linger", "ok" if linger else "note", "yes" if linger else "no", fix)]


def _agents(paths: Paths) -> list[Check]:
    checks = []
    for name, provider in sorted(providers.load_all(paths.providers).items()):
        try:
            program, _ = providers.resolve_argv(provider, [], dict(os.environ))
            checks.append(Check(f"provider {name}", "ok", program))
        except TetherError as error:
            checks.append(Check(f"provider {name}", "note", error.message, error.hint))
    return checks


def _emulator(_: Paths) -> list[Check]:
    from tether.screen import unavailable

    why = unavailable()
    fix = "Sessions run without it; attaching shows their newest output, which may be half a screen" if why else ""
    return [Check("terminal emulator", "note" if why else "ok", why or "libghostty-vt works here", fix)]


def _web_build(_: Paths) -> list[Check]:
    import tether

    built = Path(tether.__file__).parent / "web" / "static"
    good = built.is_dir() and any(built.iterdir())
    fix = "" if good else "Build it: make build, or install the wheel"
    return [Check("web client", "ok" if good else "note", str(built) if good else "it is not built", fix)]


_CHECKS: Final[tuple[Callable[[Paths], list[Check]], ...]] = (
    _versions, _directories, _sockets, _disk, _settings, _gateway, _service, _agents, _emulator,
    _web_build,
)  # fmt: skip
