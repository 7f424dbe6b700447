"""policy: the owner's rules for what agents ask, checked and tried on what they asked before."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tether.cli.call import CALL, columns, line, note, out_json, warn
from tether.cli.moments import parse
from tether.clock import now_us
from tether.errors import NOT_FOUND, USAGE, TetherError
from tether.paths import Paths, resolve
from tether.policy import Policy, Request, Rule, judge, load
from tether.store.reader import LogReader
from tether.wire.agents import Approval

_TRIED_MAX: Final = 10_000
_HUMAN: Final = {"allowed": "allow", "denied": "deny", "answered": "answer", "terminal": "terminal"}


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(
        epilog="Examples: tether policy check ./policy.toml | tether policy show | tether policy test --since 30d"
    )(policy)


def policy(
    action: Annotated[str, typer.Argument(metavar="check|show|test")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A rule file; none: the one in use.")] = None,
    since: Annotated[str, typer.Option(help="With test: how far back, as 7d, or a time.")] = "7d",
) -> int:
    """Check the rules for what agents ask, list them, or try them on what was asked before. Changes nothing.

    Deny beats allow; of the others the first rule counts; what can't be read for certain is asked.
    """
    if action not in ("check", "show", "test"):
        raise TetherError(f"{line(action, 40)!r} is no action", hint="check, show or test", code="usage", status=USAGE)
    paths = resolve()
    rules = _load(paths, file)
    if action == "check":
        return _check(rules)
    return _show(rules) if action == "show" else _test(paths, rules, since)


def _check(policy: Policy) -> int:
    for warning in policy.warnings:
        warn(line(warning, 400))
    if CALL.json:
        out_json({"rules": len(policy.rules), "warnings": policy.warnings})
    else:
        note(f"{len(policy.rules)} rules, {len(policy.warnings)} doubts")
    return 0


def _show(policy: Policy) -> int:
    if CALL.json:
        out_json([_plain(rule) for rule in policy.rules])
        return 0
    rows: list[tuple[str, ...]] = [("RULE", "DECISION", "AGENT", "KIND", "ABOUT", "EXPIRES")]
    for rule in policy.rules:
        about = " | ".join(
            [
                *rule.command,
                *rule.path,
                *rule.tool,
                *([f"network: {rule.network}"] if rule.network is not None else []),
                *_costs(rule),
            ]
        )
        when = rule.expires.isoformat() if rule.expires is not None else ""
        rows.append(
            (
                line(rule.name, 40),
                rule.decision,
                " ".join(rule.agent) or "any",
                " ".join(rule.kind) or "any",
                line(about, 80),
                when,
            )
        )
    columns(rows)
    return 0


def _test(paths: Paths, policy: Policy, since: str) -> int:
    """What the rules would have decided, beside what became of it."""
    rows = [_tried(policy, record, directory) for record, directory in _asked_since(paths, since)]
    if CALL.json:
        out_json(rows)
        return 0
    if rows:
        table: list[tuple[str, ...]] = [("ID", "NOW", "RULE", "THEN", "AGENT", "WHAT")]
        table += [
            (
                row["id"],
                row["decision"],
                row["rule"] or line(row["why"], 40),
                row["then"],
                row["agent"],
                line(row["title"], 60),
            )
            for row in rows
        ]
        columns(table)
    counts = {name: sum(row["decision"] == name for row in rows) for name in ("allow", "deny", "ask")}
    note(f"{len(rows)} asked: {counts['allow']} would be allowed, {counts['deny']} denied, {counts['ask']} left to you")
    return 0


def _asked_since(paths: Paths, since: str) -> list[tuple[Approval, str]]:
    """What was asked, the oldest first, each with its session's directory."""
    after = parse(since, datetime.now().astimezone()).ts
    with contextlib.closing(LogReader(paths)) as log:
        records = sorted((one for one in log.approvals(limit=_TRIED_MAX) if one.created >= after), key=_when)
        views = {sid: log.session(sid) for sid in {one.sid for one in records}}
        whole = [(log.approval(one.id) or [one])[0] for one in records]
    found = []
    for record in whole:
        view = views[record.sid]
        found.append((record, os.path.realpath(view.cwd) if view is not None else "/"))
    return found


def _when(record: Approval) -> int:
    return record.created


def _tried(policy: Policy, record: Approval, directory: str) -> dict[str, str]:
    found = judge(policy, Request.of(record, directory), now_us(), os.path.realpath)
    people = f"rule {record.rule}" if record.rule else _HUMAN.get(record.state, record.state)
    return {
        "id": record.id, "agent": record.provider, "kind": record.kind, "title": record.title,
        "decision": found.decision, "rule": found.rule, "why": found.why, "then": people,
    }  # fmt: skip


def _load(paths: Paths, file: Path | None) -> Policy:
    path = file or paths.policy
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TetherError(
            f"There is no rule file {path}",
            hint="Everything is asked. How to write one: docs/policy.md",
            status=NOT_FOUND,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise TetherError(f"{path} can't be read: {error}", code="policy", status=USAGE) from None
    return load(text, str(path))


def _plain(rule: Any) -> dict[str, Any]:
    values = {name: getattr(rule, name) for name in rule.__struct_fields__}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _costs(rule: Rule) -> list[str]:
    given = {"over": rule.cost_over, "under": rule.cost_under}
    return [f"cost {word} {value:g}" for word, value in given.items() if value is not None]
