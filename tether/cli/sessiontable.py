"""The list of sessions as text or JSON. Used by the fast path: imports nothing that costs."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

HEADER = ("ID", "TITLE", "AGENT", "STATE", "AGE", "CONTROLLER", "CWD")
_COLORS = {
    "waiting": "33",
    "running": "32",
    "exited": "2",
    "stopped": "2",
    "lost": "31",
    "stalled": "33",
    "unresponsive": "33",
    "working": "32",
    "idle": "36",
    "done": "36",
    "error": "31",
}


def show(rows: list[dict[str, Any]], options: Mapping[str, Any]) -> int:
    """Print the sessions as `options` (all, quiet, json, color, state) ask; the exit status."""
    if options["state"]:
        wanted = options["state"].split(",")
        rows = [row for row in rows if row.get("state") in wanted or (row.get("activity") or {}).get("state") in wanted]
    if options["json"]:
        import json

        text = json.dumps(rows, ensure_ascii=False) + "\n"
    elif options["quiet"]:
        text = "".join(f"{row['id']}\n" for row in rows)
    else:
        text = table(rows, int(time.time()), sys.stdout.isatty(), _colored(options["color"]))
        if not rows and not options["state"] and sys.stdout.isatty():
            text = "No sessions. Start one: tether run shell\n"
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()
    return 0


def table(rows: Sequence[Mapping[str, Any]], now_s: int, terminal: bool, colored: bool) -> str:
    """Columns that line up for a terminal, or full width and tab-separated for a pipe."""
    cells = [HEADER, *(_cells(row, now_s) for row in rows)]
    if not terminal:
        return "".join("\t".join(line) + "\n" for line in cells)
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    widths[1] = min(widths[1], 40)
    lines = []
    for number, line in enumerate(cells):
        shown = [_fit(text, width) for text, width in zip(line, widths, strict=True)]
        color = _COLORS.get(line[3].partition(":")[0]) if colored and number else None
        if color:
            shown[3] = f"\x1b[{color}m{shown[3]}\x1b[0m"
        lines.append("  ".join(shown).rstrip() + "\n")
    return "".join(lines)


def age(seconds: int) -> str:
    """A time span in the largest unit that fits: 42s, 7m, 3h, 12d."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(0, seconds)}s"


def home_short(path: str, home: str) -> str:
    """`path` with the user's home directory as ~."""
    return "~" + path[len(home) :] if home and (path == home or path.startswith(home + "/")) else path


def _cells(row: Mapping[str, Any], now_s: int) -> tuple[str, ...]:
    state = str(row.get("state", ""))
    if state == "running":
        state = _doing(row) or state
    code = row.get("exit_code")
    signal = row.get("exit_signal")
    if state == "exited" and (code or signal):
        state += f" {code}" if code else f" by signal {signal}"
    created = int(row.get("created") or 0) // 1_000_000
    cwd = home_short(str(row.get("cwd", "")), os.environ.get("HOME", ""))
    cells = (row.get("id", ""), row.get("title", ""), row.get("provider", ""), state, age(now_s - created))
    return tuple(_plain(str(cell)) or "-" for cell in (*cells, row.get("controller", ""), cwd))


def _doing(row: Mapping[str, Any]) -> str:
    """What the agent says that it does; "" when it says nothing."""
    activity = row.get("activity") or {}
    doing, detail = str(activity.get("state", "")), str(activity.get("detail", ""))
    if row.get("approvals"):
        return f"waiting: {detail or 'approval'}"
    return "" if doing in ("", "unknown") else f"{doing}: {detail}" if detail else doing


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _fit(text: str, width: int) -> str:
    return text[: width - 1] + "…" if len(text) > width else text.ljust(width)


def _colored(wanted: bool) -> bool:
    return bool(wanted and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
