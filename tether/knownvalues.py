"""Values that are known to be secret on this machine: of agents' environments, of files of logins, and our own token.

They are in memory, in the finder that hides them, and nowhere else. An agent's environment is read where the kernel
keeps it (`/proc/PID/environ`), which lets nobody else read it than could anyway: no part of the gateway has to hand
secrets on. When an agent has ended, its values are known again by their prints: how each begins (three bytes), how long
it is, and a hash of it under this machine's own key (docs/adr/0017). Where there is no /proc, environments of agents
are not known.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tether import secret_files
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
# So many forms of values are known again; the oldest go.
_PRINTS_MAX: Final = 4000
_KEY_BYTES: Final = 32


class KnownValues:
    """What this process knows. `finder` finds what the rules describe, and every value from the moment it is known."""

    def __init__(self, rules: Rules, paths: Paths) -> None:
        self.finder = Finder(rules)
        self._files = {path: 0 for path in (*(Path.home() / name for name in LOGIN_FILES), paths.owner_token)}
        self._own = paths.owner_token
        self._prints = paths.known_values
        self._met: set[tuple[int, str]] = set()
        self._values: set[bytes] = set()
        self._learn(known.of_environment(dict(os.environ), self.finder))
        self.look_at_files()
        key, found = self._kept()
        if found:
            self.finder.know((), known.read(found), key)

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
        """Learn from an environment that somebody was given, and see to it that it is known again."""
        forms = self._learn(known.of_environment(environ, self.finder))
        key, found = self._kept()
        key = key or secrets.token_bytes(_KEY_BYTES)
        before = dict.fromkeys(known.read(found))
        fresh = [one for one in known.prints(forms, key) if one not in before]
        if fresh:
            text = known.written([*before, *fresh][-_PRINTS_MAX:])
            with contextlib.suppress(OSError):  # a full disk: they are known as long as this process lives
                secret_files.write(self._prints, key.hex() + "\n" + text)

    def _kept(self) -> tuple[bytes, str]:
        """The key, and what is written under it; both empty when there is nothing."""
        first, _, rest = (secret_files.read(self._prints) or "").partition("\n")
        try:
            key = bytes.fromhex(first)
        except ValueError:
            key = b""
        return (key, rest) if len(key) == _KEY_BYTES else (b"", "")

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

    def _learn(self, values: Iterable[bytes]) -> list[bytes]:
        """Find these too, in all their forms; the forms that are new."""
        fresh = dict.fromkeys(value for value in values if value not in self._values)
        fresh = dict.fromkeys(list(fresh)[: known.VALUES_MAX - len(self._values)])
        forms = known.patterns(fresh)
        if forms:
            self._values.update(fresh)
            self.finder.know(forms)
        return forms


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
