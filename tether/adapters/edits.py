"""The diff of an edit that an agent wants to make, from what it gave its tool and the file as it is. Pure: `read` gives
a file's text, or None."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, Final

# Beyond it a diff line by line takes too long; what is asked is still shown whole.
_LINES_MAX: Final = 20_000


def proposed(tool: str, given: dict[str, Any], read: Callable[[str], str | None]) -> tuple[str, str]:
    """(path, unified diff) of an Edit, Write, MultiEdit or NotebookEdit. The diff is "" when it can't be made."""
    path = str(given.get("file_path") or given.get("notebook_path") or "")
    before = read(path)
    after = _after(tool, given, before)
    return path, "" if after is None else unified(path, before, after)


def unified(path: str, before: str | None, after: str) -> str:
    """A unified diff of one file; `before` None is a file that is not there."""
    old, new = (before or "").splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) + len(new) > _LINES_MAX:
        return ""
    name = path.lstrip("/")
    lines = difflib.unified_diff(old, new, f"a/{name}" if before is not None else "/dev/null", f"b/{name}", n=3)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _after(tool: str, given: dict[str, Any], before: str | None) -> str | None:
    if tool == "Write":
        content = given.get("content")
        return content if isinstance(content, str) else None
    if tool == "NotebookEdit" or (before is None and tool != "Edit"):
        return None
    changes = given.get("edits") if tool == "MultiEdit" else [given]
    text = before or ""
    for change in changes if isinstance(changes, list) else []:
        old, new = change.get("old_string"), change.get("new_string")
        if not isinstance(old, str) or not isinstance(new, str) or (old and old not in text):
            return None
        if not old:
            text = new + text
        else:
            text = text.replace(old, new) if change.get("replace_all") else text.replace(old, new, 1)
    return text
