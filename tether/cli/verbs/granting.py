"""grants: what agents may do without asking, whoever allowed it, and how it is taken back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tether.cli import owner
from tether.cli.call import CALL, columns, line, note, out_json, warn
from tether.cli.sessiontable import age
from tether.clock import now_us
from tether.errors import USAGE, TetherError
from tether.paths import Paths, resolve


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(epilog="Examples: tether grants | tether grants --json | tether grants undo 4d7k2m9p")(grants)


def grants(
    action: Annotated[str, typer.Argument(metavar="[undo]", help="Nothing: list them.")] = "",
    grant: Annotated[str, typer.Argument(metavar="[ID]", help="With undo: its id, as listed.")] = "",
) -> int:
    """List what agents may do without asking: allowed for a session, by a rule of yours, or by an agent's own settings.
    Undo what was allowed for a session."""
    if action not in ("", "undo"):
        raise TetherError(
            f"{line(action, 40)!r} is no action", hint="tether grants undo ID", code="usage", status=USAGE
        )
    paths = resolve()
    found = owner.ask(paths, "GET", "/api/v1/grants")
    if action == "undo":
        return _undo(paths, found, grant)
    if CALL.json:
        out_json(found)
        return 0
    if found["rules_problem"]:
        warn(line(found["rules_problem"], 400))
    rows = [*_of_sessions(found), *_of_rules(found), *_of_agents(found)]
    if rows:
        columns([("ID", "AGENT", "WHAT", "SINCE", "FROM", "UNDO"), *rows])
    else:
        note("Nothing is allowed without asking")
    return 0


def _undo(paths: Paths, found: dict[str, Any], name: str) -> int:
    fitting = [one for one in found["grants"] if name and one["id"].startswith(name)]
    if len(fitting) != 1:
        rule = next((one for one in found["rules"] if one["name"] == name), None)
        hint = f"It is a rule of yours: take it out of {found['rules_file']}" if rule else "List them: tether grants"
        what = "More than one grant begins with" if fitting else "There is no grant of a session"
        raise TetherError(f"{what} {line(name, 40)!r}", hint=hint, code="not-found", status=USAGE)
    owner.ask(paths, "POST", f"/api/v1/approvals/{fitting[0]['id']}/decision", {"decision": "undo"})
    if CALL.json:
        out_json({"id": fitting[0]["id"], "undone": True})
    else:
        note(f"Asked again from now on: {line(fitting[0]['what'], 120)}")
    return 0


def _of_sessions(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            one["id"], one["agent"], line(one["what"], 60), age((now_us() - one["since"]) // 1_000_000),
            f"{line(one['by'], 30)}, for {line(one['session_title'] or one['session'], 24)}",
            f"tether grants undo {one['id']}",
        )
        for one in found["grants"]
    ]  # fmt: skip


def _of_rules(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            "rule", " ".join(one["agent"]) or "any", line(" | ".join(one["about"]), 60),
            age((now_us() - one["since"]) // 1_000_000), f"rule {line(one['name'], 40)}",
            f"take it out of {line(found['rules_file'], 200)}",
        )
        for one in found["rules"]
    ]  # fmt: skip


def _of_agents(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            "own", one["agent"], line(one["what"], 60), "", "its own settings",
            f"take it out of {line(one['file'], 200)}{':' + str(one['line']) if one['line'] else ''}",
        )
        for one in found["agents"]
    ]  # fmt: skip
