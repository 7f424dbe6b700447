"""Where everything lives, and the check that nobody else can get at it.

`TETHER_HOME`, when set, holds all of it, so that many gateways can live side by side; else the XDG
directories (macOS: Application Support). The run directory is short, because the path of a Unix
socket is limited to 107 bytes (103 on macOS); when it would be too long, a directory of this user
under /tmp stands in. Every directory is 0700 and owned by the user, or the gateway does not start.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tether.errors import USAGE, TetherError

_SOCKET_PATH_MAX = 103 if sys.platform == "darwin" else 107
_LONGEST_SOCKET = "w/" + "f" * 32 + ".p"


@dataclass(frozen=True)
class Paths:
    """The directories of one gateway and the names in them."""

    config: Path
    data: Path
    run: Path
    log: Path

    @property
    def settings(self) -> Path:
        return self.config / "config.toml"

    @property
    def exposure(self) -> Path:
        """What the owner opened beyond this machine, written by `tether lan` and `tether tunnel`."""
        return self.config / "exposure.toml"

    @property
    def certificates(self) -> Path:
        """Tether's own authority for the local network, and the certificate that it made."""
        return self.data / "tls"

    @property
    def providers(self) -> Path:
        """Users' own provider files, one TOML each."""
        return self.config / "providers"

    @property
    def policy(self) -> Path:
        """The owner's rules for what agents ask."""
        return self.config / "policy.toml"

    @property
    def owner_token(self) -> Path:
        """The local owner's credential for the web API, 0600."""
        return self.data / "owner.token"

    @property
    def seen(self) -> Path:
        """What devices have looked at, 0600 (`tether.web.seenfile`)."""
        return self.data / "seen.json"

    @property
    def devices(self) -> Path:
        """The devices that may use this gateway, 0600 (`tether.devices.registry`)."""
        return self.data / "devices.json"

    @property
    def gateway_key(self) -> Path:
        """The gateway's own private key, by which devices know it; hex, 0600."""
        return self.data / "gateway.key"

    @property
    def web(self) -> Path:
        """Where the owner's commands reach the web API: a Unix socket, so that the kernel says who asks."""
        return self.run / "web.sock"

    @property
    def machine(self) -> Path:
        """The machine's 5 random bytes, in hex."""
        return self.data / "machine"

    @property
    def log_db(self) -> Path:
        return self.data / "events.lmdb"

    @property
    def log_gate(self) -> Path:
        return self.data / "db.gate"

    @property
    def audit_head(self) -> Path:
        """The newest row of the audit log and its hash, beside the log that holds it."""
        return self.data / "audit.head"

    @property
    def known_values(self) -> Path:
        """By what agents' secrets are known again when they have ended, 0600 (`tether.knownvalues`)."""
        return self.data / "known.prints"

    @property
    def lines(self) -> Path:
        """What sessions' screens have shown, to be searched (`tether.bookshelf`)."""
        return self.data / "lines"

    @property
    def beginnings(self) -> Path:
        """What sessions' directories held when the sessions began (`tether.worktree.beginnings`)."""
        return self.data / "beginnings"

    @property
    def enclosures(self) -> Path:
        """Pictures that people gave to sessions' agents (`tether.enclosures`)."""
        return self.data / "enclosures"

    @property
    def ballast(self) -> Path:
        return self.data / "ballast"

    @property
    def bus_token(self) -> Path:
        """What a process must show to speak on the bus; made anew at each start of the gateway, 0600."""
        return self.run / "bus.token"

    @property
    def broker(self) -> Path:
        return self.run / "b"

    @property
    def broker_pub(self) -> Path:
        return self.run / "b.pub"

    @property
    def store(self) -> Path:
        return self.run / "s"

    @property
    def store_pub(self) -> Path:
        return self.run / "s.pub"

    @property
    def spawner(self) -> Path:
        return self.run / "spawn.sock"

    @property
    def keeper(self) -> Path:
        return self.run / "keep.sock"

    @property
    def supervisor_conf(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def programs(self) -> Path:
        """Further programs of this gateway's supervisord, one file each."""
        return self.run / "programs"

    @property
    def supervisor_sock(self) -> Path:
        return self.run / "sup.sock"

    @property
    def supervisor_pid(self) -> Path:
        return self.run / "supervisord.pid"

    @property
    def workers(self) -> Path:
        return self.run / "w"

    @property
    def adapters(self) -> Path:
        """What agents' side channels need of files and sockets; each name begins with its session's hex id."""
        return self.run / "a"

    @property
    def hooks(self) -> Path:
        """Where agents' hooks report to the adapters."""
        return self.adapters / "h"

    @property
    def for_workers(self) -> WorkerPaths:
        """What workers need of these."""
        names = self.store, self.broker, self.spawner, self.bus_token, self.workers, self.service_log("workers")
        return WorkerPaths(*map(str, names))

    def worker_pub(self, sid: bytes) -> Path:
        return Path(self.for_workers.pub(sid))

    def worker_lane(self, sid: bytes) -> Path:
        return Path(self.for_workers.lane(sid))

    def worker_side(self, sid: bytes) -> Path:
        """Where the program that a session's provider has run beside the agent listens."""
        return Path(self.for_workers.side(sid))

    def ring(self, sid: bytes) -> Path:
        return Path(self.for_workers.ring(sid))

    def worker_lock(self, sid: bytes) -> Path:
        return Path(self.for_workers.lock(sid))

    def worker_files(self, sid: bytes) -> tuple[Path, ...]:
        """Every file of a session's worker, in the order in which they are removed."""
        return tuple(map(Path, self.for_workers.files(sid)))

    def service_lock(self, name: str) -> Path:
        return self.run / f"{name}.lock"

    def service_log(self, name: str) -> Path:
        return self.log / f"{name}.log"


@dataclass(frozen=True)
class WorkerPaths:
    """What a worker needs to know of `Paths`, as text: using pathlib writes to sixty pages that all workers share
    otherwise."""

    store: str
    broker: str
    spawner: str
    bus_token: str
    workers: str
    log: str

    def pub(self, sid: bytes) -> str:
        return f"{self.workers}/{sid.hex()}.p"

    def lane(self, sid: bytes) -> str:
        return f"{self.workers}/{sid.hex()}.l"

    def side(self, sid: bytes) -> str:
        return f"{self.workers}/{sid.hex()}.s"

    def ring(self, sid: bytes) -> str:
        return f"{self.workers}/{sid.hex()}.ring"

    def lock(self, sid: bytes) -> str:
        return f"{self.workers}/{sid.hex()}.lock"

    def files(self, sid: bytes) -> tuple[str, ...]:
        """Every file of a session's worker, in the order in which they are removed: without a ring there is nothing
        to continue from, and the lock goes last."""
        return self.pub(sid), self.lane(sid), self.side(sid), self.ring(sid), self.lock(sid)


def resolve(environ: dict[str, str] | None = None) -> Paths:
    """The paths for this environment. Touches nothing. TetherError when a variable is not an absolute path."""
    env = dict(os.environ) if environ is None else environ
    home = env.get("TETHER_HOME", "")
    if home:
        root = _absolute("TETHER_HOME", home)
        return Paths(root, root / "data", _short_run(root / "run"), root / "log")
    user = Path(env.get("HOME") or os.path.expanduser("~"))
    if sys.platform == "darwin":
        base = user / "Library" / "Application Support" / "Tether"
        return Paths(base, base / "data", _short_run(base / "run"), base / "log")
    config = _xdg(env, "XDG_CONFIG_HOME", user / ".config")
    state = _xdg(env, "XDG_STATE_HOME", user / ".local" / "state")
    # The run directory must outlive a logout: workers do. XDG_RUNTIME_DIR is removed when the user's last
    # session ends, so it is used only where lingering keeps it, which can't be known here: use the state directory.
    return Paths(config, state / "data", _short_run(state / "run"), state / "log")


def prepare(paths: Paths) -> None:
    """Make the directories, 0700, and check each of them (see `secure_directory`). TetherError when one is unsafe."""
    for directory in (paths.config, paths.data, paths.run, paths.log, paths.workers):
        secure_directory(directory)


def secure_directory(path: Path) -> None:
    """Make `path` 0700 or check it: a real directory, ours, closed to group and others. TetherError otherwise."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.lstat(path)
    except FileExistsError:
        raise TetherError(
            f"{path} is in the way: a directory must be there", hint="Move it away, or set TETHER_HOME", code="unsafe"
        ) from None
    except OSError as error:
        raise TetherError(
            f"{path} can't be made: {error.strerror}", hint="Set TETHER_HOME to a directory of yours", code="unsafe"
        ) from None
    if not stat.S_ISDIR(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a directory"
        raise TetherError(
            f"{path} is {kind}; Tether's state must be in a real directory",
            hint=f"Remove it, or set TETHER_HOME to the directory itself: {os.path.realpath(path)}",
            code="unsafe",
        )
    if found.st_uid != os.geteuid():
        raise TetherError(
            f"{path} belongs to another user (uid {found.st_uid})",
            hint="Set TETHER_HOME to a directory of yours",
            code="unsafe",
        )
    if found.st_mode & 0o077:
        raise TetherError(
            f"{path} is open to other users (mode {stat.S_IMODE(found.st_mode):04o})",
            hint=f"Close it and look at what is in it: chmod 700 {path}",
            code="unsafe",
        )


def _absolute(name: str, value: str) -> Path:
    path = Path(value)
    if not path.is_absolute() or "\0" in value:
        raise TetherError(f"{name} is not an absolute path: {value!r}", code="usage", status=USAGE)
    return path


def _xdg(env: dict[str, str], name: str, default: Path) -> Path:
    value = env.get(name, "")
    # The XDG specification: a path that is not absolute is to be ignored.
    base = Path(value) if value.startswith("/") else default
    return base / "tether"


def _short_run(run: Path) -> Path:
    if len(os.fsencode(run / _LONGEST_SOCKET)) <= _SOCKET_PATH_MAX:
        return run
    digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    return Path("/tmp" if os.path.isdir("/tmp") else tempfile.gettempdir()) / f"tether-{os.geteuid()}-{digest}"  # noqa: S108 - checked by secure_directory
