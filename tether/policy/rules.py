"""The rule file: what it may hold, and what is wrong with one that does not fit. Pure.

```toml
[[rule]]
name = "tests"
agent = ["claude", "codex"]     # patterns; none is every agent
kind = "command"                # command, edit, tool, plan; none is every kind but questions
command = ["pytest *", "make test"]
decision = "allow"              # allow, deny, ask
```
"""

from __future__ import annotations

import math
import tomllib
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from tether.errors import USAGE, TetherError
from tether.policy.shellwords import Unreadable, commands

# Programs that run what stands behind them: a pattern that lets them run anything lets everything run.
RUNNERS: Final = frozenset({
    "sh", "bash", "zsh", "fish", "dash", "ksh", "env", "xargs", "find", "sudo", "doas", "su", "ssh", "nohup",
    "nice", "timeout", "watch", "time", "exec", "eval", "parallel", "python", "python3", "node", "perl", "ruby",
    "php", "awk", "sed", "git", "make", "npm", "npx", "pnpm", "yarn", "pip", "docker", "podman", "kubectl",
    "tar", "rsync", "vim",
})  # fmt: skip

Kind = Literal["command", "edit", "tool", "plan"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. A list is "any of these"; what is not given is not asked. Patterns are of words: `*` in a word stands
    for any characters, as the last word for any words."""

    name: str
    decision: Literal["allow", "deny", "ask"]
    agent: list[str] = []
    kind: list[Kind] = []
    # Of commands: patterns of words, and whether it may use the network (known programs only).
    command: list[str] = []
    network: bool | None = None
    # Of edits, and of files that commands write: globs below the session's directory. `**` is any depth.
    path: list[str] = []
    # What the session has cost so far, as its agent tells, in US dollars. It fits no session whose agent does not tell.
    cost_over: float | None = None
    cost_under: float | None = None
    # Of tools: patterns of names.
    tool: list[str] = []
    # Told to the agent with a deny.
    reason: str = ""
    expires: datetime | None = None


class Policy(msgspec.Struct, frozen=True):
    """The rules in their order, and what is doubtful about them."""

    rules: list[Rule] = []
    warnings: list[str] = []


def load(text: str, file: str) -> Policy:
    """The rules in `text`. TetherError naming `file`, the rule and the key when it does not fit."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(file, str(error), "Correct the TOML there") from None
    for key in document:
        if key != "rule":
            raise _invalid(file, f"there is no key {key!r}", "Rules are tables: [[rule]]")
    entries = document.get("rule", [])
    if not isinstance(entries, list):
        raise _invalid(file, "rule is not a list of tables", "Write [[rule]], with two brackets")
    rules: list[Rule] = []
    warnings: list[str] = []
    for number, entry in enumerate(entries, 1):
        rule = _rule(file, number, entry)
        if rule.name in {one.name for one in rules}:
            raise _invalid(
                file, f"rule {number}: the name {rule.name!r} is taken", "Names tell rules apart in the audit log"
            )
        rules.append(rule)
        warnings += _doubts(rule)
    return Policy(rules, warnings)


def _rule(file: str, number: int, entry: object) -> Rule:  # noqa: C901 - one look at each case, in its order
    where = f"rule {number}"
    if isinstance(entry, dict):
        if isinstance(entry.get("name"), str):
            where += f" ({entry['name']!r})"
        # A single word may stand for a list of one.
        entry = {key: [value] if key in _LISTS and isinstance(value, str) else value for key, value in entry.items()}
    try:
        rule = msgspec.convert(entry, Rule)
    except msgspec.ValidationError as error:
        raise _invalid(
            file, f"{where}: {error}".replace(" - at `$.", " (key ").replace("`", ")"), "See: docs/policy.md"
        ) from None
    if not rule.name or len(rule.name) > 64 or not rule.name.isprintable():
        raise _invalid(file, f"{where}: a name has 1 to 64 characters", "Name it after what it is for")
    _check_meaning(file, where, rule)
    if rule.expires is not None and rule.expires.tzinfo is None:
        raise _invalid(file, f"{where}: expires has no time zone", "Write it as 2027-01-31T12:00:00Z")
    kinds = set(rule.kind)
    for key, kind in (("command", "command"), ("network", "command"), ("tool", "tool")):
        if getattr(rule, key) not in (None, []) and kinds - {kind}:
            raise _invalid(file, f"{where}: {key} belongs to kind = {kind!r}", "Make two rules of it")
    if rule.decision == "allow" and not (rule.command or rule.path or rule.tool):
        raise _invalid(file, f"{where}: allows everything", "Say which command, path or tool it is about")
    for pattern in rule.command:
        try:
            if len(commands(pattern)) != 1:
                raise Unreadable("it is not one command")
        except Unreadable as error:
            raise _invalid(file, f"{where}: command {pattern!r}: {error}", "A pattern is one command's words") from None
    return rule


def _check_meaning(file: str, where: str, rule: Rule) -> None:
    if rule.name.startswith("grant "):
        raise _invalid(file, f"{where}: no name begins with 'grant '", "What was allowed for a session is called so")
    for key in ("cost_over", "cost_under"):
        cost = getattr(rule, key)
        if cost is not None and not 0 <= cost < math.inf:
            raise _invalid(file, f"{where}: {key} is no sum of money", "Write it in US dollars: 5 or 0.50")


_LISTS: Final = frozenset({"agent", "kind", "command", "path", "tool"})


def _doubts(rule: Rule) -> list[str]:
    if rule.decision != "allow":
        return []
    found = []
    for pattern in rule.command:
        words = pattern.split()
        if words[0].rpartition("/")[2] in RUNNERS and words[-1] == "*" and len(words) == 2:
            found.append(f"rule {rule.name!r}: {pattern!r} can run anything, not only {words[0]}")
        elif "*" in words[0]:
            found.append(f"rule {rule.name!r}: {pattern!r} allows programs that you did not name")
    return found


def expired(rule: Rule, now_us: int) -> bool:
    """Does the rule no longer hold, at `now_us` (microseconds since 1970)?"""
    return rule.expires is not None and rule.expires.astimezone(UTC).timestamp() * 1e6 <= now_us


def _invalid(file: str, problem: str, hint: str) -> TetherError:
    return TetherError(f"Rule file {file}: {problem}", hint=hint, code="policy", status=USAGE)
