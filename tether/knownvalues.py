"""Values that are known to be secret on this machine: of agents' environments, of files of logins, and our own token.

They are in memory, in the finder that hides them, and nowhere else. An agent's environment is read where the kernel
keeps it (`/proc/PID/environ`), which lets nobody else read it than could anyway: no part of the gateway has to hand
secrets on or keep them for the next one. Where there is no /proc, environments of agents are not known.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tether.paths import Paths
from tether.redact import known
from tether.redact.finding import Finder
from tether.redact.rules import Rules

# Files in which programs keep logins, below the home directory. What is read of them is what the rules find in them.
LOGIN_FILES: Final = (
    ".netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".git-credentials", ".aws/credentials", ".docker/config.json",
    ".config/gh/hosts.yml", ".config/hub", ".cargo/credentials.toml", ".gem/credentials", ".kube/config",
    ".terraform.d/credentials.tfrc.json", ".vault-token", ".config/gcloud/application_default_credentials.json",
    ".claude/.credentials.json", ".codex/auth.json", ".local/share/opencode/auth.json", ".gemini/oauth_creds.json",
)  # fmt: skip
_FILE_BYTES_MAX: Final = 256 * 1024
_ENVIRONMENT_BYTES_MAX: Final = 1 << 20


class KnownValues:
    """What this process knows. `finder` finds what the rules describe, and every value from the moment it is known."""

    def __init__(self, rules: Rules, paths: Paths) -> None:
        self.finder = Finder(rules)
        self._files = {path: 0 for path in (*(Path.home() / name for name in LOGIN_FILES), paths.owner_token)}
        self._own = paths.owner_token
        self._met: set[tuple[int, str]] = set()
        self._values: set[bytes] = set()
        self._learn(known.of_environment(dict(os.environ), self.finder))
        self.look_at_files()

    def meet(self, pid: int, session: str) -> bool:
        """Learn what the agent `pid` of the session (its public id) was given. False when that can't be read, or the
        process is not (or not yet) that session's."""
        if (pid, session) in self._met:
            return True
        environ = environment_of(pid)
        if environ.get("TETHER_SESSION_ID") != session:
            return False
        self._met.add((pid, session))
        self.given(environ)
        self.look_at_files()
        return True

    def given(self, environ: dict[str, str]) -> None:
        """Learn from an environment that somebody was given."""
        self._learn(known.of_environment(environ, self.finder))

    def look_at_files(self) -> None:
        """Learn from files of logins that are new or have changed."""
        for path, before in self._files.items():
            try:
                changed = path.stat().st_mtime_ns
            except OSError:
                continue
            if changed != before:
                self._files[path] = changed
                text = _start_of(path)
                own = [text.strip()] if path == self._own else []
                self._learn(own or known.of_file(text, self.finder))

    def _learn(self, values: Iterable[bytes]) -> None:
        fresh = dict.fromkeys(value for value in values if value not in self._values)
        fresh = dict.fromkeys(list(fresh)[: known.VALUES_MAX - len(self._values)])
        if fresh:
            self._values.update(fresh)
            self.finder.know(known.patterns(fresh))


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process of ours was started with; empty when it can't be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            data = file.read(_ENVIRONMENT_BYTES_MAX)
    except OSError:
        return {}
    pairs = (entry.partition(b"=") for entry in data.split(b"\0"))
    return {os.fsdecode(name): os.fsdecode(value) for name, sign, value in pairs if sign}


def _start_of(file: Path) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read(_FILE_BYTES_MAX)
    except OSError:
        return b""
