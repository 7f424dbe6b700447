"""debug: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from tether.cli import bundle, checkup
from tether.cli.call import CALL, note, out, out_json, use_color
from tether.cli.checkup import Check
from tether.errors import FAILED
from tether.paths import Paths, resolve

_MARKS: Final = {"ok": "✔", "note": "–", "bad": "✖"}
_COLORS: Final = {"ok": "32", "note": "33", "bad": "31"}


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(epilog="Examples: tether debug | tether debug --fsck | tether debug --bundle report.tar.gz")(debug)


def debug(
    fsck: Annotated[bool, typer.Option("--fsck", help="Walk the whole log and check that nothing is missing.")] = False,
    bundle_file: Annotated[str, typer.Option("--bundle", metavar="FILE", help="Write logs and settings, masked.")] = "",
) -> int:
    """Check the installation, its directories, services and agents. Exit status 1 when something is wrong."""
    paths = resolve()
    checks = checkup.run(paths)
    if fsck:
        checks += _walk(paths)
    bad = any(check.state == "bad" for check in checks)
    if CALL.json:
        out_json({"schema": 1, "ok": not bad, "checks": [dataclasses.asdict(check) for check in checks]})
    else:
        for text in _lines(checks, colored=use_color(sys.stdout)):
            out(text)
    if bundle_file:
        names = bundle.write(Path(bundle_file), paths, "\n".join(_lines(checks, colored=False)) + "\n")
        note(f"{bundle_file}: {', '.join(names)}. Masked, and without anything that a terminal showed")
    return FAILED if bad else 0


def _walk(paths: Paths) -> list[Check]:
    from tether.store.fsck import fsck

    report = fsck(paths)
    seen = (
        f"{report.sessions} sessions, {report.events} events, {report.output_bytes} bytes of output, {report.cuts} cuts"
    )
    checks = [Check("fsck", "ok" if report.ok else "bad", seen)]
    return checks + [Check("fsck", "bad", problem) for problem in report.problems]


def _lines(checks: list[Check], *, colored: bool) -> list[str]:
    lines = []
    for check in checks:
        mark = _MARKS[check.state]
        shown = f"\x1b[{_COLORS[check.state]}m{mark}\x1b[0m" if colored else mark
        lines.append(f"{shown} {check.name}: {check.detail}")
        if check.fix:
            lines.append(f"    {check.fix}")
    return lines
