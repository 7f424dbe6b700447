"""audit: who did what, in a log that can't be changed without a trace."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tether import audit, secret_files
from tether.audit import Head, Verification
from tether.cli.call import CALL, line, note, out, out_json
from tether.errors import FAILED, USAGE, TetherError
from tether.paths import Paths, resolve
from tether.store.reader import LogReader

_SHOWN: Final = 50


def register(app: typer.Typer) -> None:
    """Add this module's verb to the command."""
    app.command(
        name="audit",
        epilog="Examples: tether audit | tether audit -n 500 --kind control,refused | tether audit --verify | "
        "tether audit --export jsonl > audit.jsonl | tether audit --verify --file audit.jsonl",
    )(show)


def show(
    count: Annotated[int, typer.Option("-n", min=1, help="How many of the newest entries to show.")] = _SHOWN,
    session: Annotated[str, typer.Option(metavar="ID", help="Only this session's (the beginning of an id).")] = "",
    kind: Annotated[str, typer.Option(help="Only these kinds, with commas between.")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Check that nothing was changed, cut or reordered.")] = False,
    head: Annotated[
        str, typer.Option(metavar="ROW:HASH", help="With --verify: a head that was written down before.")
    ] = "",
    export: Annotated[str, typer.Option(metavar="FORMAT", help="Write every entry to stdout; jsonl is known.")] = "",
    file: Annotated[str, typer.Option(metavar="FILE", help="With --verify: an exported file, not the log.")] = "",
) -> int:
    """Show who did what: attachments, control, input (how much, not what), sizes, stops, refusals.

    Exit status 1 when --verify finds a break.
    """
    if (head or file) and not verify:
        raise TetherError("--head and --file belong to --verify", code="usage", status=USAGE)
    paths = resolve()
    if verify:
        return _verify(_from_file(Path(file)) if file else _from_log(paths), _anchors(paths, head, own=not file))
    if export:
        if export != "jsonl":
            raise TetherError(f"{export!r} is no format", hint="Use: --export jsonl", code="usage", status=USAGE)
        for _, body in _from_log(paths):
            sys.stdout.write(json.dumps(audit.exported(body), ensure_ascii=False) + "\n")
        return 0
    kinds = {one.strip() for one in kind.split(",") if one.strip()}
    rows = [row for row in _rows(paths) if row["session"].startswith(session) and (not kinds or row["kind"] in kinds)]
    _print(rows[-count:])
    return 0


def _print(rows: list[dict[str, Any]]) -> None:
    if CALL.json:
        out_json(rows)
        return
    for row in rows:
        when = datetime.fromtimestamp(row["ts"] / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        facts = " ".join(f"{name}={value}" for name, value in row["facts"].items() if value)
        out(
            line(
                f"{row['seq']:>6}  {when}  {row['kind']:<8}  {row['session']:<8}  {row['actor']}  {facts}".rstrip(), 400
            )
        )
    if not rows:
        note("Nothing yet")


def _rows(paths: Paths) -> Iterator[dict[str, Any]]:
    for _, body in _from_log(paths):
        with contextlib.suppress(ValueError):  # `--verify` says what is wrong with it
            yield audit.exported(body)


def _from_log(paths: Paths) -> Iterator[tuple[int, bytes]]:
    with contextlib.closing(LogReader(paths)) as log:
        after = 0
        while rows := log.audit(after):
            yield from rows
            after = rows[-1][0]


def _from_file(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, 1):
            try:
                yield audit.imported(json.loads(text))
            except ValueError as error:
                raise TetherError(
                    f"{path}, line {number}: {error}", hint="It was changed, or is another file"
                ) from None


def _anchors(paths: Paths, head: str, *, own: bool) -> list[tuple[str, Head]]:
    anchors: list[tuple[str, Head]] = []
    if own:
        kept = audit.parse_head(secret_files.read(paths.audit_head) or "")
        if kept is not None:
            anchors.append((paths.audit_head.name, kept))
    if head:
        given = audit.parse_head(head)
        if given is None:
            raise TetherError(
                f"{line(head, 80)!r} is no head of an audit log", hint="It looks like 42:9f2c… (--verify prints it)",
                code="usage", status=USAGE,
            )  # fmt: skip
        anchors.append(("--head", given))
    return anchors


def _verify(rows: Iterator[tuple[int, bytes]], anchors: list[tuple[str, Head]]) -> int:
    check = Verification(anchors)
    for seq, body in rows:
        check.row(seq, body)
    check.finish()
    if CALL.json:
        out_json({"ok": check.ok, "rows": check.head.seq, "head": str(check.head), "problems": check.problems})
    else:
        for problem in check.problems:
            out(f"✖ {line(problem, 400)}")
        out(f"{'✔' if check.ok else '✖'} {check.head.seq} entries; head {check.head}")
        if not anchors:
            note("There was no head to compare with: that entries are missing from the end would not show")
    return 0 if check.ok else FAILED
