"""The gateway as a service of the user's own: a systemd user unit, or a launchd agent. Never needs root."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from tether.cli import gateway, supervising
from tether.cli.gateway import Say
from tether.cli.username import user_name
from tether.errors import FAILED, TetherError
from tether.paths import Paths
from tether.settings import Settings

_ASK_S: Final = 30.0
_PASSED_ON: Final = (
    "TETHER_HOME",
    "TETHER_PORT",
    "TETHER_LOG",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "PATH",
    "SHELL",
    "LANG",
)


def install(paths: Paths, settings: Settings, say: Say) -> None:
    """Write the service's file, enable and start it. Where there is no service manager: say so, and change nothing."""
    if sys.platform == "darwin":
        _install_agent(paths, settings, say)
    elif _has_systemd():
        _install_unit(paths, settings, say)
    else:
        say("There is no systemd for this user here (a container, WSL, or no login session).")
        say("The gateway is started without it, and will not come back by itself after a reboot.")


def name(environ: dict[str, str]) -> str:
    """The service's name. Each gateway with a home of its own has one of its own."""
    home = environ.get("TETHER_HOME", "")
    return f"tether-{hashlib.sha256(home.encode()).hexdigest()[:8]}" if home else "tether"


def unit_text(paths: Paths, environ: dict[str, str]) -> str:
    """The systemd unit."""
    variables = "\n".join(f"Environment={_systemd_quoted(f'{n}={environ[n]}')}" for n in _PASSED_ON if environ.get(n))
    # Only in a command line is a dollar sign special.
    python = _systemd_quoted(sys.executable).replace("$", "$$")
    filled = {"@HOME@": _plain(str(paths.data.parent)), "@PYTHON@": python}
    return _fill(supervising.template("tether.service"), {**filled, "@ENVIRONMENT@": variables})


def agent_text(label: str, environ: dict[str, str]) -> str:
    """The launchd property list."""
    variables = "\n".join(
        f"    <key>{n}</key><string>{escape(environ[n])}</string>" for n in _PASSED_ON if environ.get(n)
    )
    filled = {"@LABEL@": escape(label), "@PYTHON@": escape(sys.executable), "@ENVIRONMENT@": variables}
    return _fill(supervising.template("dev.tether.gateway.plist"), filled)


def linger() -> bool | None:
    """True when the user's services go on without a login session; None when that can't be told."""
    user = user_name()
    if shutil.which("loginctl") is None:
        return None
    done = _run("loginctl", "show-user", user, "--property=Linger", "--value")
    return done.stdout.strip() == "yes" if done.returncode == 0 else None


def _install_unit(paths: Paths, settings: Settings, say: Say) -> None:
    unit = f"{name(dict(os.environ))}.service"
    directory = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    path = directory / unit
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(unit_text(paths, dict(os.environ)), encoding="utf-8")
    say(f"Service file: {path}")
    _must("systemctl", "--user", "daemon-reload")
    _hand_over(paths, say)
    _must("systemctl", "--user", "enable", "--now", unit)
    gateway.wait_ready(paths, settings, say)
    if linger() is False:
        say("Linger=no: systemd ends this service, and the sessions in it, when you log out. To keep them:")
        say("  loginctl enable-linger")


def _install_agent(paths: Paths, settings: Settings, say: Say) -> None:
    label = f"dev.{name(dict(os.environ)).replace('tether', 'tether.gateway', 1)}"
    path = Path.home() / "Library" / "LaunchAgents" / f"{label}.plist"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(agent_text(label, dict(os.environ)), encoding="utf-8")
    say(f"Service file: {path}")
    domain = f"gui/{os.getuid()}"
    _run("launchctl", "bootout", f"{domain}/{label}")  # an older one, if there is one
    _hand_over(paths, say)
    _must("launchctl", "bootstrap", domain, str(path))
    gateway.wait_ready(paths, settings, say)


def _hand_over(paths: Paths, say: Say) -> None:
    """A gateway that was started by hand makes room for the service; sessions go on."""
    if gateway.is_up(paths):
        say("The gateway runs without a service; restarting it as one")
        gateway.stop(paths, say)


def _has_systemd() -> bool:
    if shutil.which("systemctl") is None:
        return False
    return _run("systemctl", "--user", "show-environment").returncode == 0


def _must(*argv: str) -> None:
    done = _run(*argv)
    if done.returncode != 0:
        raise TetherError(
            f"{' '.join(argv)} failed: {done.stderr.strip()[:300]}", hint="Plain start: tether start", status=FAILED
        )


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=_ASK_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(argv, 1, "", str(error))


def _fill(template: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        template = template.replace(word, value)
    return template


def _plain(text: str) -> str:
    return text.replace("%", "%%").replace("\n", " ")


def _systemd_quoted(text: str) -> str:
    """One word of a unit file: quoted, with specifiers made plain."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"'
