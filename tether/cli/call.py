"""This call of the command: its global options, and how it talks. Data goes to stdout, talk to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tether.errors import USAGE, TetherError, printable


@dataclass
class Call:
    """The options that every verb understands."""

    json: bool = False
    quiet: bool = False
    color: bool = True
    yes: bool = False
    input: bool = True
    # Seconds, or None for the verb's own.
    timeout_s: float | None = None


CALL = Call()


def note(text: str) -> None:
    """Tell the person at the terminal something that is no data."""
    if not CALL.quiet:
        print(text, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """As `note`, also when quiet."""
    print(f"tether: {text}", file=sys.stderr, flush=True)


def out(text: str) -> None:
    """One line of data."""
    print(text)


def out_json(document: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, ensure_ascii=False))


def report(error: TetherError) -> int:
    """Show an error; the exit status that goes with it."""
    if CALL.json:
        shown = {"code": error.code, "message": error.message, "hint": error.hint}
        print(json.dumps({"error": shown}, ensure_ascii=False), file=sys.stderr)
        return error.status
    print(f"tether: {error.message}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  {line}", file=sys.stderr)
    return error.status


def use_color(stream: Any) -> bool:
    """True when `stream` is a terminal that may be coloured. NO_COLOR wins over what forces colour."""
    if not CALL.color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0") or os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def interactive() -> bool:
    """True when a question may be asked."""
    return CALL.input and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, refused: str) -> bool:
    """Ask on the terminal; `--yes` answers. Without a terminal and without `--yes`: TetherError saying `refused`."""
    if CALL.yes:
        return True
    if not interactive():
        raise TetherError(refused, hint="Say --yes to do it without a question", code="confirm", status=USAGE)
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def line(text: str, limit: int = 200) -> str:
    """Text of others (titles, paths) made safe for a terminal."""
    return printable(text, limit)


def columns(rows: Sequence[tuple[str, ...]]) -> None:
    """A table on stdout: aligned on a terminal, with tabs between for programs."""
    if not sys.stdout.isatty():
        for row in rows:
            out("\t".join(row))
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        out("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
