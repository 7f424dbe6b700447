"""Unified diffs of what an agent would change, from what each agent says of it. Pure."""

from __future__ import annotations

import posixpath

_NO_NEWLINE = "\\ No newline at end of file\n"


def inside(path: str, cwd: str) -> str:
    """`path` as it is called from `cwd`, when it is below it; else as it is."""
    if path and cwd and path.startswith(cwd.rstrip("/") + "/"):
        return posixpath.relpath(path, cwd)
    return path


def added(path: str, text: str) -> str:
    """A file that is new. `text` is all of it, or a hunk already."""
    return f"--- /dev/null\n+++ b/{path}\n" + (_whole("+", text) if not text.startswith("@@ ") else _ended(text))


def deleted(path: str, text: str) -> str:
    """A file that goes. `text` is all of it, or a hunk already."""
    return f"--- a/{path}\n+++ /dev/null\n" + (_whole("-", text) if not text.startswith("@@ ") else _ended(text))


def changed(path: str, hunks: str, moved: str = "") -> str:
    """A file that changes by `hunks`, and is `moved` to another name ("" stays)."""
    return f"--- a/{path}\n+++ b/{moved or path}\n" + (_ended(hunks) if hunks else "")


def _whole(mark: str, text: str) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return ""
    head = f"@@ -0,0 +1,{len(lines)} @@\n" if mark == "+" else f"@@ -1,{len(lines)} +0,0 @@\n"
    body = "".join(mark + line for line in lines)
    return head + (body if body.endswith("\n") else f"{body}\n{_NO_NEWLINE}")


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def renamed(diff: str, path: str) -> str:
    """A diff of one file with the usual two lines on top, whatever its maker put there; `path` is the file's name."""
    lines = diff.splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.startswith("@@ ")), len(lines))
    new = lines[first : first + 1] and lines[first].startswith("@@ -0,0 ")
    return f"--- {'/dev/null' if new else f'a/{path}'}\n+++ b/{path}\n" + _ended("".join(lines[first:]) or "\n")
