"""mask: what would be hidden of a file, or of chunks of output."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tether.cli import masking
from tether.cli.call import CALL, out_json
from tether.errors import USAGE, TetherError
from tether.redact.stream import COLS_DEFAULT


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(epilog="Examples: tether mask build.log | tether mask build.log --json | tether mask - < out.txt")(mask)


def mask(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for standard input.")] = "",
    chunks: Annotated[
        bool, typer.Option("--chunks", help="Read lines {id, chunks: [base64]}, write the same with what is shown.")
    ] = False,
    cols: Annotated[int, typer.Option("--cols", help="The width that lines were wrapped at.")] = COLS_DEFAULT,
    rules: Annotated[str, typer.Option("--rules", help="A file of rules of your own, beside the shipped ones.")] = "",
) -> int:
    """Show what masking hides: a file's text with its credentials hidden, or (--json) their kinds and places."""
    if chunks == bool(file):
        raise TetherError("Name a file, or give --chunks", hint="See: tether mask --help", code="usage", status=USAGE)
    finder = masking.finder(rules)
    if chunks:
        return masking.chunks(sys.stdin.buffer, sys.stdout.buffer, finder)
    if CALL.json:
        out_json({"schema": 1, "found": masking.table(file, masking.columns(cols), finder)})
        return 0
    return masking.show(file, masking.columns(cols), finder)
