"""diff, files: what a session's directory holds, and what changed in it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from tether import masking, settings
from tether.cli import finding, pager
from tether.cli.call import CALL, columns, line, note, out_json, use_color, warn
from tether.cli.sessiontable import age
from tether.errors import NOT_ALLOWED, NOT_FOUND, USAGE, TetherError
from tether.paths import Paths, resolve
from tether.wire.views import SessionView
from tether.worktree import changes, confined, content, shown, turns

_Session = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="Id, its beginning, or a title; none: this or the only session.")
]
_STATUS: Final = {"outside": NOT_ALLOWED, "special": NOT_ALLOWED, "missing": NOT_FOUND}
_WORDS: Final = {
    "M": "changed", "A": "new", "D": "removed", "R": "renamed", "C": "copied", "T": "other kind", "U": "in conflict",
}  # fmt: skip
_EVERYTHING: Final = 1 << 40


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command(epilog="Examples: tether diff | tether diff k3v9 --start --stat | tether diff k3v9 --turn last --json")(
        diff
    )
    app.command("turns", epilog="Examples: tether turns | tether turns k3v9 --json")(turns_)
    app.command(epilog="Examples: tether files k3v9 | tether files k3v9 src/main.py | tether files k3v9 src --json")(
        files
    )


def diff(
    session: _Session = None,
    head: Annotated[bool, typer.Option("--head", help="Against the last commit (the default).")] = False,
    staged: Annotated[bool, typer.Option("--staged", help="What is staged, against the last commit.")] = False,
    unstaged: Annotated[bool, typer.Option("--unstaged", help="What is not staged.")] = False,
    start: Annotated[bool, typer.Option("--start", help="Since the session began.")] = False,
    turn: Annotated[str, typer.Option(metavar="N|last", help="In this turn of the agent (tether turns).")] = "",
    stat: Annotated[bool, typer.Option("--stat", help="Files and how many lines, no lines.")] = False,
    name_only: Annotated[bool, typer.Option("--name-only", help="Files only.")] = False,
) -> int:
    """Show what changed in a session's directory, new files included. Nothing of the repository's own is run."""
    given = {"staged": staged, "unstaged": unstaged, "start": start, "turn": turn, "head": head}
    chosen = [name for name, on in given.items() if on]
    if len(chosen) > 1:
        raise TetherError(f"--{chosen[0]} and --{chosen[1]} exclude each other", code="usage", status=USAGE)
    base = chosen[0] if chosen else "head"
    paths = resolve()
    view = _session(paths, session)
    asked = changes.Asked(view.cwd, view.sid, view.created, paths.beginnings, _turn_number(turn))
    try:
        found = changes.read(changes.look(asked, base))
    except turns.Unknown as error:
        error.status = NOT_FOUND
        raise
    document = shown.changes(found, _mask(paths), lines_max=_EVERYTHING)
    if found.kind == "none":
        raise TetherError(
            f"{view.cwd} is in no git repository", hint=f"Its files: tether files {view.id}", status=NOT_FOUND
        )
    if found.unknown_start:
        raise TetherError(
            f"What {'that turn' if base == 'turn' else 'session ' + view.id} began with is not known",
            hint="Compare with the commit: --head",
            status=NOT_FOUND,
        )
    if CALL.json:
        out_json({"schema": 1, "id": view.id, "cwd": view.cwd, **document})
        return 0
    pager.show(_summary(document, names_only=name_only) if stat or name_only else _patch(document))
    if not found.whole or found.unlisted:
        warn("this is not all: the changes are too many to show")
    return 0


def turns_(session: _Session = None) -> int:
    """List the turns of a session's agent: when, how long, how it ended, what it was asked."""
    paths = resolve()
    view = _session(paths, session)
    mask = _mask(paths)
    rows = [shown.turn(one, mask) for one in turns.listed(paths.beginnings, view.sid)]
    if CALL.json:
        out_json({"schema": 1, "id": view.id, "turns": rows})
    elif rows:
        columns([("TURN", "BEGAN", "TOOK", "END", "PROMPT"), *(_turn_row(one) for one in rows)])
    else:
        note("The agent has not begun a turn, or does not tell")
    return 0


def files(
    session: _Session = None,
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="Below the session's directory.")] = "",
) -> int:
    """List what is in a session's directory, without what git ignores, or print one of its files. Links are not
    followed."""
    paths = resolve()
    view = _session(paths, session)
    mask = _mask(paths)
    try:
        parts = confined.parts_of(confined.key_of(os.fsencode(path.rstrip("/"))))
        document = _listing(view, parts, mask)
        if document is None:
            document = shown.file(parts, confined.read(view.cwd, parts, content.IMAGE_BYTES_MAX), mask)
    except TetherError as error:
        error.status = _STATUS.get(error.code, error.status)
        raise
    if CALL.json:
        out_json({"schema": 1, "id": view.id, "cwd": view.cwd, **document})
    elif "entries" in document:
        pager.show(_rows(document))
    elif document["kind"] == "text":
        pager.show([pager.clean(line) for line in document["text"].removesuffix("\n").split("\n")])
        if document["cut"]:
            warn("this is the beginning of the file only")
    else:
        warn(f"{pager.clean(document['path'])} is no text: {document['kind']}, {document['size']} bytes")
    return 0


def _listing(view: SessionView, parts: list[bytes], mask: masking.Mask | None) -> dict[str, Any] | None:
    """The directory `parts`, or None when it is no directory."""
    try:
        found, whole = confined.entries(view.cwd, parts)
    except confined.Missing:
        if not parts:
            raise
        return None
    above = b"".join(part + b"/" for part in parts)
    ignored = changes.ignored(view.cwd, [above + one.name for one in found])
    return shown.listing(parts, found, whole, ignored, changes.marks(view.cwd), mask)


def _session(paths: Paths, text: str | None) -> SessionView:
    """The session that is meant; inside a session, without a name, that one."""
    return finding.find_any(paths, text or os.environ.get("TETHER_SESSION_ID") or None)


def _turn_number(text: str) -> int:
    if text in ("", "last"):
        return 0
    if not text.isdecimal() or not 0 < int(text) < 1 << 31:
        raise TetherError(
            f"{text[:40]!r} is no turn", hint="A number, or last: tether turns", code="usage", status=USAGE
        )
    return int(text)


def _turn_row(one: dict[str, Any]) -> tuple[str, ...]:
    began = datetime.fromtimestamp(one["began"] / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    took = age((one["ended"] - one["began"]) // 1_000_000) if one["ended"] else ""
    return str(one["n"]), began, took, one["phase"], line(one["prompt"], 80)


def _mask(paths: Paths) -> masking.Mask | None:
    return masking.load(paths, settings.load(paths.settings).masking.snapshot)


def _summary(document: dict[str, Any], *, names_only: bool) -> list[str]:
    if names_only:
        return [pager.clean(one["path"]) for one in document["files"]]
    lines = [
        f"{_WORDS.get(one['status'], one['status']):<12}{_counts(one):>14}  {_name(one)}" for one in document["files"]
    ]
    return [*lines, f"{len(lines)} files, +{document['added']} -{document['removed']}"]


def _counts(one: dict[str, Any]) -> str:
    return "binary" if one["binary"] else f"+{one['added']} -{one['removed']}"


def _name(one: dict[str, Any]) -> str:
    name = pager.clean(one["path"])
    return f"{pager.clean(one['old_path'])} -> {name}" if one["old_path"] else name


def _patch(document: dict[str, Any]) -> list[str]:
    color = use_color(sys.stdout)

    lines: list[str] = []
    for one in document["files"]:
        facts = [_WORDS.get(one["status"], one["status"])]
        facts += ["in conflict"] if one["conflict"] else []
        facts += ["submodule"] if one["submodule"] else []
        if one["status"] != "A" and one["status"] != "D" and one["old_mode"] != one["new_mode"]:
            facts.append(f"mode {one['old_mode']} -> {one['new_mode']}")
        facts += [_counts(one)] + (["not all of it"] if one["cut"] else [])
        lines.append(pager.dyed(f"=== {_name(one)} ({', '.join(facts)})", color))
        for hunk in one["hunks"]:
            heading = f"@@ -{hunk['old']} +{hunk['new']} @@ {pager.clean(hunk['heading'])}".rstrip()
            lines += [pager.dyed(text, color) for text in (heading, *map(pager.clean, hunk["lines"]))]
    return lines


def _rows(document: dict[str, Any]) -> list[str]:
    rows = []
    for one in document["entries"]:
        when = datetime.fromtimestamp(one["mtime"]).astimezone().strftime("%Y-%m-%d %H:%M")
        name = pager.clean(one["name"]) + {"directory": "/", "link": f" -> {pager.clean(one['target'])}"}.get(
            one["kind"], ""
        )
        rows.append(f"{one['change'] or ' '}  {one['size']:>10}  {when}  {name}")
    if not document["whole"]:
        rows.append("… and more")
    return rows
