"""What agents' own settings allow without asking: read, never written.

Each agent keeps such things in files of its own, for the user and for a project: what was answered with "always" at its
terminal ends up there. Tether lists them with the file and the line, so that they can be taken out there. A file that
can't be read is listed as that, since nobody knows what it allows.

Sources: Claude Code's settings files (`permissions`), Codex' config.toml and rules/*.rules (`prefix_rule`), OpenCode's
opencode.json (`permission`).
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_BYTES_MAX: Final = 256 << 10
_LISTED_MAX: Final = 500
_UNREADABLE: Final = "can't be read: what it allows is not known"
_PREFIX_RULE: Final = re.compile(
    # Bounded: of many that never end, each would be looked for to the end of the file.
    r"prefix_rule\s{0,20}\(\s{0,20}pattern\s{0,20}=\s{0,20}(\[[^\]]{0,500}\])\s{0,20},([^)]{0,500})\)"
)
_COMMENTS: Final = re.compile(r'("(?:\\.|[^"\\])*(?:"|\Z))|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Own:
    """One thing that `agent` does without asking: `what`, as its file says it, at `line` (from 1; 0: not known) of
    `file`. `everywhere` is False when it is about one project."""

    agent: str
    what: str
    file: str
    line: int = 0
    everywhere: bool = True


def listed(agents: Iterable[str], directories: Iterable[str], env: Mapping[str, str], home: Path) -> list[Own]:
    """What the settings of `agents` allow, for the user whose home is `home` and in `directories`."""
    wanted, places = set(agents), [Path(one) for one in dict.fromkeys(directories) if one]
    found: list[Own] = []
    for name, read in _AGENTS.items():
        if name in wanted:
            found += read(places, env, home)
    return list(dict.fromkeys(found))[:_LISTED_MAX]


def _claude(places: list[Path], env: Mapping[str, str], home: Path) -> Iterator[Own]:
    own = Path(env.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    files = [(own / "settings.json", True)]
    files += [(one / ".claude" / name, False) for one in places for name in ("settings.json", "settings.local.json")]
    for file, everywhere in files:
        yield from _of(file, "claude", json.loads, _claude_allows, everywhere=everywhere)


# What is allowed, and the words by which its line is found.
_Allowed = Iterator[tuple[str, str]]


def _claude_allows(document: Any) -> _Allowed:
    permissions = document.get("permissions") or {}
    yield from ((str(one), json.dumps(one)) for one in permissions.get("allow") or [])
    mode = permissions.get("defaultMode", "default")
    if mode not in ("default", "plan"):
        yield f"defaultMode: {mode}", "defaultMode"


def _codex(places: list[Path], env: Mapping[str, str], home: Path) -> Iterator[Own]:
    own = Path(env.get("CODEX_HOME") or home / ".codex")
    yield from _of(own / "config.toml", "codex", tomllib.loads, lambda found: _codex_allows(found, places))
    try:
        rules = sorted((own / "rules").glob("*.rules"))
    except OSError:
        rules = []
    for file in rules:
        yield from _of(file, "codex", str, _codex_rules)


def _codex_allows(document: Any, places: list[Path]) -> _Allowed:
    for key, harmless in (("approval_policy", ("untrusted", "on-request")), ("sandbox_mode", ("read-only", ""))):
        value = document.get(key)
        if isinstance(value, str) and value not in harmless:
            yield f"{key} = {value}", key
    for path, project in (document.get("projects") or {}).items():
        if project.get("trust_level") == "trusted" and Path(path) in places:
            yield f"trust_level of {path} = trusted", path


def _codex_rules(text: str) -> _Allowed:
    for pattern, rest in _PREFIX_RULE.findall(text):
        if "allow" in rest:
            yield f"prefix_rule {' '.join(pattern.split())}", pattern


def _opencode(places: list[Path], env: Mapping[str, str], home: Path) -> Iterator[Own]:
    own = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "opencode"
    files = [(own / name, True) for name in ("opencode.json", "opencode.jsonc")]
    files += [(one / name, False) for one in places for name in ("opencode.json", "opencode.jsonc")]
    for file, everywhere in files:
        yield from _of(file, "opencode", _jsonc, _opencode_allows, everywhere=everywhere)


def _opencode_allows(document: Any) -> _Allowed:
    permission = document.get("permission") or {}
    if permission == "allow":
        yield "permission: everything", "permission"
        return
    for kind, value in permission.items():
        if value == "allow":
            yield f"permission: {kind}", json.dumps(kind)
        elif isinstance(value, dict):
            yield from (
                (f"permission: {kind} {one}", json.dumps(one)) for one, word in value.items() if word == "allow"
            )


_AGENTS: Final[Mapping[str, Callable[[list[Path], Mapping[str, str], Path], Iterator[Own]]]] = {
    "claude": _claude, "codex": _codex, "opencode": _opencode,
}  # fmt: skip


def _of(
    file: Path, agent: str, parse: Callable[[str], Any], allows: Callable[[Any], _Allowed], *,
    everywhere: bool = True,
) -> Iterator[Own]:  # fmt: skip
    text = _text(file)
    if text == "":
        return
    try:
        found = list(allows(parse(text or "")))[:_LISTED_MAX] if text is not None else [(_UNREADABLE, "")]
    except (ValueError, TypeError, AttributeError, RecursionError):
        found = [(_UNREADABLE, "")]
    for what, words in found:
        yield Own(agent, what, str(file), _line(text or "", words), everywhere)


def _text(file: Path) -> str | None:
    """The file's text; "" when there is none, None when it can't be read."""
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:
        return None
    with os.fdopen(fd, "rb") as opened:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _BYTES_MAX:
            return None
        try:
            return opened.read(_BYTES_MAX).decode()
        except (OSError, UnicodeDecodeError):
            return None


def _line(text: str, words: str) -> int:
    """The line on which `words` stand first; 0 when they do not."""
    at = text.find(words) if words else -1
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


def _jsonc(text: str) -> Any:
    """JSON that may have comments."""
    return json.loads(_COMMENTS.sub(lambda found: found[1] or " ", text))
