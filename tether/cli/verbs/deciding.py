"""approvals, show, approve, deny, answer: what agents ask, and the decision of whoever sits at a terminal."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from tether.cli import owner, pager
from tether.cli.call import CALL, columns, line, note, out_json, use_color
from tether.cli.sessiontable import age
from tether.clock import now_us
from tether.errors import CONFLICT, USAGE, TetherError
from tether.paths import Paths, resolve

_Id = Annotated[str, typer.Argument(metavar="APPROVAL", help="Its id or the beginning of it (tether approvals).")]
_TEXT_MAX: Final = 2_000_000
_WORDS: Final = {
    "pending": "waits", "allowed": "allowed", "denied": "denied", "answered": "answered",
    "terminal": "answered at its terminal", "cancelled": "withdrawn", "expired": "expired", "unknown": "unknown",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether approvals | tether approvals --all --json | tether approvals -q")(approvals)
    app.command(epilog="Example: tether show 4d7k")(show)
    app.command(epilog="Examples: tether approve 4d7k | tether approve 4d7k --scope session")(approve)
    app.command(epilog="Example: tether deny 4d7k --reason 'use the staging database'")(deny)
    app.command(epilog="Examples: tether answer 4d7k Postgres | tether answer 4d7k Postgres 'Write tests'")(answer)


def approvals(
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also what was decided.")] = False,
) -> int:
    """List what agents ask and nobody has decided, the oldest first."""
    found = _ask(resolve(), f"?state={'all' if everything else 'pending'}")["approvals"]
    if CALL.json:
        out_json(found)
    elif CALL.quiet:
        print("".join(f"{one['id']}\n" for one in found), end="")
    elif found:
        rows: list[tuple[str, ...]] = [("ID", "STATE", "AGE", "AGENT", "SESSION", "KIND", "WHAT")]
        rows += [_row(one) for one in found]
        columns(rows)
    else:
        note("Nobody asks anything")
    return 0


def show(approval: _Id) -> int:
    """Show all of what an agent asks: the exact command or change, why, and how it can be answered."""
    found = _one(resolve(), approval)
    if CALL.json:
        out_json(found)
    else:
        pager.show(_described(found, use_color(sys.stdout)))
    return 0


def approve(
    approval: _Id,
    scope: Annotated[str, typer.Option(help="once, or session: the agent asks no more for the like of it.")] = "once",
) -> int:
    """Allow what an agent asks. The first decision of all surfaces counts."""
    if scope not in ("once", "session"):
        raise TetherError(f"{line(scope, 40)!r} is no scope", hint="once or session", code="usage", status=USAGE)
    return _decide(approval, {"decision": "allow", "scope": scope})


def deny(
    approval: _Id,
    reason: Annotated[str, typer.Option(help="Told to the agent, where it listens.")] = "",
) -> int:
    """Refuse what an agent asks; it goes on otherwise."""
    return _decide(approval, {"decision": "deny", "reason": reason})


def answer(
    approval: _Id,
    answers: Annotated[list[str], typer.Argument(help="One answer for each question, in their order.")],
) -> int:
    """Answer the questions of an agent."""
    paths = resolve()
    questions = _one(paths, approval)["questions"]
    if len(questions) != len(answers):
        asked = "\n".join(f"{question['text']}  ({_choices(question)})" for question in questions)
        raise TetherError(
            f"{len(questions)} questions need as many answers, and got {len(answers)}",
            hint=asked or f"It asks no question: tether approve {line(approval, 20)}",
            code="usage",
            status=USAGE,
        )
    pairs = zip(questions, answers, strict=True)
    return _decide(approval, {"decision": "answer", "answers": {one["text"]: given for one, given in pairs}})


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    session = line(one.get("session_title") or one["session"], 24)
    old = age((now_us() - one["created"]) // 1_000_000)
    state = _WORDS.get(one["state"], one["state"])
    return one["id"], state, old, one["provider"], session, one["kind"], line(one["title"], 80)


def _decide(approval: str, decision: dict[str, Any]) -> int:
    """Decide on what is there now: its digest goes along, so that nothing else is decided by it."""
    paths = resolve()
    record = _one(paths, approval)
    if record["state"] != "pending":
        raise _late(record)
    body = {**decision, "sha256": record["sha256"]}
    try:
        found = owner.ask(paths, "POST", f"/api/v1/approvals/{record['id']}/decision", body)
    except TetherError as error:
        if error.code != "decided":
            raise
        raise _late(_one(paths, record["id"])) from None
    if CALL.json:
        out_json({"id": record["id"], "state": found["state"], "by": found["by"]})
    else:
        note(f"{_WORDS.get(found['state'], found['state']).capitalize()}: {line(record['title'], 120)}")
    return 0


def _late(record: dict[str, Any]) -> TetherError:
    who = f" by {line(record['by'], 60)}" if record["by"] else ""
    return TetherError(
        f"{record['id']} is already {_WORDS.get(record['state'], record['state'])}{who}",
        hint="What waits: tether approvals",
        code="decided",
        status=CONFLICT,
    )


def _one(paths: Paths, approval: str) -> dict[str, Any]:
    if not approval.isalnum():
        raise TetherError(
            f"{line(approval, 40)!r} is no approval", hint="List them: tether approvals", code="usage", status=USAGE
        )
    try:
        found: dict[str, Any] = _ask(paths, f"/{approval}")["approval"]
    except TetherError as error:
        if error.code == "not-found":
            error.hint = "List them: tether approvals --all"
        raise
    return found


def _ask(paths: Paths, rest: str) -> dict[str, Any]:
    return owner.ask(paths, "GET", f"/api/v1/approvals{rest}")


def _described(one: dict[str, Any], colour: bool) -> list[str]:
    """The record as text. What comes from the agent can do nothing to the terminal."""
    head = [
        f"{one['provider']} in {line(one.get('session_title') or one['session'], 80)} asks: {line(one['title'], 400)}",
        *([f"Why:     {line(one['intent'], 1000)}"] if one["intent"] else []),
        f"Where:   {line(one.get('cwd', ''), 400)}  (session {one['session']})",
        f"State:   {_WORDS.get(one['state'], one['state'])}{_by(one)}",
        f"Asked:   {datetime.fromtimestamp(one['created'] / 1e6).astimezone():%Y-%m-%d %H:%M:%S}",
        f"SHA-256: {one['sha256']}",
        *([f"Note:    {line(one['detail'], 1000)}"] if one["detail"] else []),
    ]
    for question in one["questions"]:
        head += ["", f"? {line(question['text'], 1000)}", f"  {_choices(question)}"]
    body = one["diff"] or one["exact"]
    lines = [pager.dyed(pager.clean(text), colour and bool(one["diff"])) for text in body[:_TEXT_MAX].splitlines()]
    cut = [f"… {one['cut']} bytes more"] if one.get("cut") else []
    ways = f"tether approve {one['id']}   tether deny {one['id']} --reason …" if not one["questions"] else (
        f"tether answer {one['id']} …"
    )  # fmt: skip
    tail = ["", ways] if one["state"] == "pending" else []
    return [*head, "", *lines, *cut, *tail]


def _by(one: dict[str, Any]) -> str:
    parts = [f" by {line(one['by'], 60)}" if one["by"] else "", f" (rule {one['rule']})" if one.get("rule") else ""]
    reason = f": {line(one['reason'], 400)}" if one["reason"] else ""
    return "".join(parts) + reason


def _choices(question: dict[str, Any]) -> str:
    return line(" | ".join(option["label"] for option in question["options"]), 400)
