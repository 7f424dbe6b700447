"""The broker's process: python -m tether.broker."""

from __future__ import annotations

import getpass
import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from tether import __version__, ancestry, locks, secret_files, service, settings
from tether.broker.desk import Surroundings
from tether.broker.launching import Site
from tether.broker.loop import Loop
from tether.bus import Bus
from tether.clock import now_us
from tether.errors import TetherError
from tether.paths import Paths
from tether.wire.ids import base32, make_session_id


def main() -> None:
    """Serve until SIGTERM."""
    paths = service.start("broker")
    try:
        around = _surroundings(paths)
    except TetherError as error:
        service.log.error("event=settings message=%r hint=%r", error.message, error.hint)
        raise SystemExit(78) from None  # EX_CONFIG
    bus = Bus()
    loop = Loop(bus, paths, around, secrets.token_hex(8))
    loop.desk.journal.note("start", around.site.owner, version=__version__, settings=_settings_digest(paths))
    service.on_terminate(loop.stop)
    loop.run()
    bus.close()


def _surroundings(paths: Paths) -> Surroundings:
    chosen = settings.load(paths.settings)
    machine = _machine(paths)
    return Surroundings(
        site=Site(
            _user_name(),
            base32(machine),
            chosen.session.stop_grace_s,
            chosen.session.ring_bytes,
            chosen.session.emulator,
            chosen.session.scrollback_lines,
            chosen.masking.log,
        ),
        providers=paths.providers,
        side_socket=lambda sid: str(paths.worker_side(sid)),
        boot_s=boot_time(),
        make_sid=lambda: make_session_id(now_us() // 1000, secrets.token_bytes(5), machine),
        make_key=lambda: secrets.token_bytes(16),
        read_token=lambda: secret_files.read(paths.bus_token) or "",
        locked=lambda sid: locks.is_held(paths.worker_lock(sid)),
        sessions_around=lambda pid: ancestry.sessions_around(pid, paths),
        has_terminal=ancestry.has_terminal,
    )


def _settings_digest(paths: Paths) -> str:
    """Names the settings as they are now, so that a change of them shows in the audit log."""
    try:
        return hashlib.sha256(paths.settings.read_bytes()).hexdigest()[:16]
    except OSError:
        return "none"


def _machine(paths: Paths) -> bytes:
    text = secret_files.ensure_token(paths.machine, 5)
    try:
        machine = bytes.fromhex(text)
    except ValueError:
        machine = b""
    if len(machine) != 5:
        raise TetherError(
            f"{paths.machine} does not hold 10 hexadecimal digits",
            hint="Remove it: it is made anew, and new sessions count as another machine's",
        )
    return machine


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry in the user database
        return str(os.geteuid())


def boot_time() -> float:
    """When the machine was started, in seconds since 1970; 0 when that can't be known."""
    if sys.platform == "darwin":
        return _boot_time_macos()
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
        return float(next((line.split()[1] for line in lines if line.startswith("btime ")), "0"))
    except (OSError, ValueError, IndexError):
        return 0.0


def _boot_time_macos() -> float:
    # "{ sec = 1700000000, usec = 0 } Tue ..."
    try:
        shown = subprocess.run(["/usr/sbin/sysctl", "-n", "kern.boottime"], capture_output=True, text=True, timeout=5)
        return float(shown.stdout.split("sec =")[1].split(",")[0])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return 0.0


if __name__ == "__main__":
    main()
