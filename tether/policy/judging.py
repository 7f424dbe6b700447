"""Which decision the rules make of one thing that is asked. Pure: `resolve` alone looks at the machine.

Every part of it (each simple command of a line, each file of an edit) is judged by itself. One part that is denied
denies the whole; the whole is allowed only when each part is. Of the rules that fit a part and do not deny, the first
counts.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tether.policy.rules import Policy, Rule, expired
from tether.policy.shellwords import Command, Unreadable, commands
from tether.wire.agents import Approval

NETWORK: Final = frozenset({
    "curl", "wget", "ssh", "scp", "sftp", "rsync", "nc", "ncat", "netcat", "telnet", "ftp", "dig", "nslookup",
    "host", "ping", "gh", "aws", "gcloud", "az", "kubectl",
})  # fmt: skip
# With these words behind them they go to the network as well.
_NETWORK_VERBS: Final = {
    "git": frozenset(["clone", "fetch", "pull", "push", "ls-remote", "submodule", "remote"]),
    "npm": frozenset(["install", "i", "ci", "publish", "update", "view", "audit", "exec"]),
    "pnpm": frozenset(["install", "add", "update", "publish", "dlx"]),
    "yarn": frozenset(["install", "add", "upgrade", "publish", "dlx"]),
    "pip": frozenset(["install", "download"]),
    "pip3": frozenset(["install", "download"]),
    "uv": frozenset(["pip", "sync", "add", "tool", "run"]),
    "cargo": frozenset(["install", "fetch", "update", "publish", "add"]),
    "go": frozenset(["get", "install", "mod"]),
    "docker": frozenset(["pull", "push", "build", "run", "login"]),
}
# Linux' PATH_MAX: what is longer names no file.
_PATH_CHARS_MAX: Final = 4096
_FILE_KEYS: Final = ("file_path", "notebook_path", "path", "filePath")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. `directory` is the session's, absolute and without links."""

    agent: str
    kind: str
    text: str
    directory: str
    diff: str = ""
    tool: str = ""
    cost: float | None = None

    @classmethod
    def of(cls, record: Approval, directory: str, cost: float | None = None) -> Request:
        """From its record; `cost` is its session's in US dollars, None when nobody told. The tool is the first word of
        its title, as adapters write it."""
        text = record.exact.decode("utf-8", "replace")
        tool = record.title.split(" ", 1)[0] if record.kind == "tool" else ""
        return cls(record.provider, record.kind, text, directory, record.diff, tool, cost)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`decision` is allow, deny or ask; `rule` which one made it ("" when none did), `why` for people."""

    decision: str
    rule: str = ""
    why: str = ""
    reason: str = ""


def judge(policy: Policy, request: Request, now_us: int, resolve: Callable[[str], str] = posixpath.normpath) -> Verdict:
    """The rules' decision. `resolve` makes a path absolute and free of links."""
    rules = [rule for rule in policy.rules if not expired(rule, now_us) and _about(rule, request)]
    if request.kind == "question" or not rules:
        return Verdict("ask", why="no rule is about it")
    if request.kind == "command":
        try:
            parts = commands(request.text)
        except Unreadable as error:
            return Verdict("ask", why=f"it can't be read for certain: {error}")
        found = [_of_command(rules, part, request, resolve) for part in parts]
    elif request.kind == "edit":
        found = [_of_path(rules, path, request, resolve) for path in edited_files(request)]
    else:
        found = [_first(rules, lambda rule: not rule.tool or _any(rule.tool, request.tool))]
    return _together(found)


def _together(found: list[Verdict]) -> Verdict:
    denied = next((one for one in found if one.decision == "deny"), None)
    if denied is not None:
        return denied
    asked = next((one for one in found if one.decision != "allow"), None)
    if asked is not None or not found:
        return asked or Verdict("ask", why="there is nothing in it to judge")
    return Verdict("allow", ", ".join(dict.fromkeys(one.rule for one in found)))


def _first(rules: list[Rule], fits: Callable[[Rule], bool], *, sure: bool = True, why: str = "no rule fits") -> Verdict:
    """Deny by any rule that fits; else the first that does. Not `sure`: nothing is allowed."""
    fitting = [rule for rule in rules if fits(rule)]
    for rule in fitting:
        if rule.decision == "deny":
            return Verdict("deny", rule.name, f"the rule {rule.name!r} denies it", rule.reason)
    if not fitting or (fitting[0].decision == "allow" and not sure):
        return Verdict("ask", why=why if not fitting else "what it will be is not what stands there")
    return Verdict(fitting[0].decision, fitting[0].name, f"the rule {fitting[0].name!r}")


def _about(rule: Rule, request: Request) -> bool:
    known = (not rule.agent or _any(rule.agent, request.agent)) and (not rule.kind or request.kind in rule.kind)
    if rule.cost_over is None and rule.cost_under is None:
        return known
    if request.cost is None:
        return False
    over = rule.cost_over is None or request.cost > rule.cost_over
    return known and over and (rule.cost_under is None or request.cost < rule.cost_under)


def _any(patterns: list[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


# -- commands


def _of_command(rules: list[Rule], command: Command, request: Request, resolve: Callable[[str], str]) -> Verdict:
    def fits(rule: Rule) -> bool:
        if rule.tool or (rule.command and not any(_matches(pattern, command.words) for pattern in rule.command)):
            return False
        if rule.network is not None and rule.network != _is_networked(command):
            return False
        if rule.decision == "allow":
            if not rule.command:
                return False
            # A file that is written must be allowed by the same rule; one that is put in stands in no pattern of words.
            if any(_inside(path, request, resolve) is None for path in command.reads):
                return False
            return all(_below(rule.path, path, request, resolve) for path in command.writes)
        return not rule.path or any(_below(rule.path, path, request, resolve) for path in command.writes)

    why = f"no rule fits {' '.join(command.words)[:80]!r}"
    return _first(rules, fits, sure=command.certain and not command.sets and bool(command.words), why=why)


def _matches(pattern: str, words: tuple[str, ...]) -> bool:
    """Does the pattern fit the words? `*` as its last word stands for any number of them."""
    wanted = _words(pattern)
    if wanted and wanted[-1] == "*":
        wanted = wanted[:-1]
        if len(words) < len(wanted):
            return False
        words = words[: len(wanted)]
    return len(wanted) == len(words) and all(fnmatchcase(word, one) for word, one in zip(words, wanted, strict=True))


@lru_cache(maxsize=512)
def _words(pattern: str) -> tuple[str, ...]:
    return commands(pattern)[0].words


def _is_networked(command: Command) -> bool:
    """Also by a redirection: a shell makes a connection of /dev/tcp/HOST/PORT."""
    files = (*command.reads, *command.writes)
    return uses_network(command.words) or any(path.startswith(("/dev/tcp/", "/dev/udp/")) for path in files)


def uses_network(words: tuple[str, ...]) -> bool:
    """Is it a program that is known to go to the network? Others may do so as well."""
    if not words:
        return False
    program = words[0].rpartition("/")[2]
    return program in NETWORK or any(word in _NETWORK_VERBS.get(program, ()) for word in words[1:])


# -- files


def _of_path(rules: list[Rule], path: str, request: Request, resolve: Callable[[str], str]) -> Verdict:
    def fits(rule: Rule) -> bool:
        if rule.command or rule.tool or rule.network is not None:
            return False
        if not rule.path:
            return rule.decision != "allow"
        return _below(rule.path, path, request, resolve)

    return _first(rules, fits, why=f"no rule fits {path[:80]!r}")


def edited_files(request: Request) -> list[str]:
    """The files that an edit changes. One that can't be told for certain is none that a rule could allow."""
    try:
        given = json.loads(request.text) if request.text.startswith("{") else None
    except (ValueError, RecursionError):
        given = None
    if isinstance(given, dict):
        named = [given[key] for key in _FILE_KEYS if isinstance(given.get(key), str)]
        if named:
            return named
    found = [name for pair in _headers(request.diff) for name in _names(*pair) if name != "/dev/null"]
    return list(dict.fromkeys(found)) or [""]


def _headers(diff: str) -> list[tuple[str, str]]:
    """The names in the headers of a unified diff: a line of each, one below the other."""
    lines = diff.split("\n")
    return [
        (one[4:], next_[4:]) for one, next_ in pairwise(lines) if one.startswith("--- ") and next_.startswith("+++ ")
    ]


def _names(before: str, after: str) -> list[str]:
    """The two names of a diff's header; a/ and b/ are marks only where both stand."""
    if before.startswith(("a/", "/dev/null")) and after.startswith(("b/", "/dev/null")):
        return [before.removeprefix("a/"), after.removeprefix("b/")]
    return [before, after]


def _below(patterns: list[str], path: str, request: Request, resolve: Callable[[str], str]) -> bool:
    """Does a glob fit the path, which must be inside of the session's directory?"""
    inside = _inside(path, request, resolve)
    return inside is not None and any(_glob(pattern).fullmatch(inside) for pattern in patterns)


def _inside(path: str, request: Request, resolve: Callable[[str], str]) -> str | None:
    """The path below the session's directory; None when it is not inside of it."""
    # A control character may stand for the end of a name to one reader, and for a part of it to another.
    if not path or path.startswith("~") or len(path) > _PATH_CHARS_MAX or not path.isprintable():
        return None
    whole = resolve(posixpath.join(request.directory, path))
    inside = posixpath.relpath(whole, request.directory)
    return None if inside == ".." or inside.startswith("../") or posixpath.isabs(inside) else inside


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` within one name, `**` over any depth."""
    made, at = "", 0
    pattern = pattern.removeprefix("./")
    while at < len(pattern):
        if pattern.startswith("**/", at):
            made, at = made + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            made, at = made + ".*", at + 2
        elif pattern[at] == "*":
            made, at = made + "[^/]*", at + 1
        elif pattern[at] == "?":
            made, at = made + "[^/]", at + 1
        else:
            made, at = made + re.escape(pattern[at]), at + 1
    return re.compile(made, re.DOTALL)
