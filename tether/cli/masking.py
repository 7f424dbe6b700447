"""`tether mask`: what masking would hide. Imports no more than it needs: scripts call this for every line.

`main` gives it the command line before everything else is loaded; what it does not know, it declines.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tether.errors import USAGE, TetherError, printable
from tether.redact.finding import Finder
from tether.redact.rules import parse, shipped
from tether.redact.stream import COLS_DEFAULT, Masker

if TYPE_CHECKING:
    from typing import Any, BinaryIO

_READ_BYTES: Final = 1 << 16
_COLS_MAX: Final = 10_000


def answer(argv: list[str]) -> int | None:
    """Carry out `argv` and return the exit status, or None to decline."""
    if argv == ["mask", "--chunks"]:
        return chunks(sys.stdin.buffer, sys.stdout.buffer, finder())
    if len(argv) == 2 and not argv[1].startswith("-"):
        return show(argv[1], COLS_DEFAULT, finder()) if argv[1] else None
    return None


def finder(rules_file: str = "") -> Finder:
    """What the shipped rules find, and those of a file of the user's: `rules_file`, or the one in the configuration."""
    if rules_file:
        return Finder(shipped().joined(parse(_whole(rules_file), rules_file)))
    from tether import masking
    from tether.paths import resolve

    return Finder(masking.rules(resolve()))


def show(path: str, cols: int, rules: Finder) -> int:
    """Print a file (`-`: standard input) as it would be shown."""
    masker = Masker(rules, cols)
    out = sys.stdout.buffer
    with _opened(path) as file:
        while data := file.read(_READ_BYTES):
            out.write(masker.feed(data))
    out.write(masker.flush())
    out.flush()
    return 0


def table(path: str, cols: int, rules: Finder) -> list[dict[str, Any]]:
    """What would be hidden in a file, as rows of kind and place."""
    from tether.redact.report import findings

    return [found._asdict() for found in findings(_whole(path), rules, cols)]


def chunks(lines: BinaryIO, out: BinaryIO, rules: Finder) -> int:
    """For each line {"id", "chunks": [base64], "cols"?} one line {"id", "chunks": [base64]}: what becomes of each
    chunk, and of the rest at the end."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            out.write(row(line, rules, number) + b"\n")
            out.flush()
    return 0


def row(line: bytes, rules: Finder, number: int = 1) -> bytes:
    """The answer to one line of `--chunks`. TetherError says that it is none."""
    import json
    from binascii import Error, b2a_base64

    try:
        asked = json.loads(line)
        masker = Masker(rules, columns(asked.get("cols") or COLS_DEFAULT))
        if not isinstance(asked["chunks"], list):
            raise TypeError
        shown = [masker.feed(_bytes(chunk)) for chunk in asked["chunks"]]
    except (ValueError, Error, KeyError, TypeError, AttributeError, RecursionError):
        raise TetherError(
            f"Line {number} is not what --chunks reads: {printable(line.decode('utf-8', 'replace'), 60)}",
            hint='Give lines like {"id": 1, "chunks": ["aGk="]}, in the alphabet of + and /',
            code="usage", status=USAGE,
        ) from None  # fmt: skip
    shown.append(masker.flush())
    answer = {"id": asked.get("id"), "chunks": [b2a_base64(part, newline=False).decode() for part in shown]}
    return json.dumps(answer).encode()


def _bytes(chunk: str) -> bytes:
    """What a chunk means. ValueError where it holds something else than base64: nothing is passed over but blanks."""
    from binascii import a2b_base64

    return a2b_base64("".join(chunk.split()), strict_mode=True)


def columns(value: object) -> int:
    """A terminal's width. TetherError when it is none."""
    if isinstance(value, int) and 1 <= value <= _COLS_MAX:
        return value
    raise TetherError(f"{value!r} is not a width from 1 to {_COLS_MAX}", code="usage", status=USAGE)


def _opened(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        return open(path, "rb")
    except OSError as error:
        raise TetherError(
            f"{printable(path, 200)} can't be read: {error.strerror}", hint="Name a file, or - for standard input"
        ) from None


def _whole(path: str) -> bytes:
    with _opened(path) as file:
        return file.read()
