"""Changes and files as documents for whoever looks: text is text, what is secret is hidden, long things are cut.

A name or a line that is no UTF-8 is shown with replacement characters; its `key` still names the file.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final, Protocol

import msgspec

from tether.worktree import confined, content
from tether.worktree.changes import Changes
from tether.worktree.confined import Content, Entry
from tether.worktree.patch import FileChange
from tether.worktree.turns import Turn

LINE_CHARS_MAX: Final = 4000
LINES_MAX: Final = 30_000
_WIDE: Final = 1 << 20


class Hides(Protocol):
    """What is needed of `tether.masking.Mask`."""

    def text(self, text: str) -> str: ...

    def lines(self, lines: list[bytes], cols: int) -> list[bytes]: ...


def changes(found: Changes, mask: Hides | None, *, lines_max: int = LINES_MAX) -> dict[str, Any]:
    """The document of `found`. Files beyond `lines_max` lines come without hunks (`deferred`): they are asked for
    one by one."""
    files: list[dict[str, Any]] = []
    left = lines_max
    for one in found.files:
        size = sum(len(hunk.lines) for hunk in one.hunks)
        files.append(_file(one, mask, deferred=size > left and size > 0))
        left -= min(size, left)
    since = found.since
    return {
        "kind": found.kind, "base": found.base, "branch": found.branch, "head": found.head, "whole": found.whole,
        "unlisted": found.unlisted, "digest": found.digest, "unknown_start": found.unknown_start,
        "since": None if since is None else msgspec.structs.asdict(since),
        "turn": None if found.turn is None else turn(found.turn, mask),
        "added": sum(one["added"] for one in files), "removed": sum(one["removed"] for one in files), "files": files,
    }  # fmt: skip


def turn(one: Turn, mask: Hides | None) -> dict[str, Any]:
    """The document of a turn. `known` is whether its changes can be told."""
    return {
        "n": one.n, "key": one.key, "began": one.began, "ended": one.ended, "phase": one.phase,
        "prompt": one.prompt if mask is None else mask.text(one.prompt), "known": one.before != "",
    }  # fmt: skip


def _file(one: FileChange, mask: Hides | None, *, deferred: bool) -> dict[str, Any]:
    seen = hashlib.sha256(b"\0".join((one.path, one.status.encode(), str(one.new_mode).encode())))
    for hunk in one.hunks:
        seen.update(b"\0%d %d\0" % (hunk.old, hunk.new) + b"\n".join(hunk.lines))
    hunks = [] if deferred else _hunks(one, mask)
    return {
        **_named(one.path, mask), "old_path": _named(one.old_path, mask)["path"] if one.old_path != one.path else "",
        "status": one.status, "old_mode": f"{one.old_mode:06o}", "new_mode": f"{one.new_mode:06o}",
        "binary": one.binary, "submodule": one.submodule, "conflict": one.conflict, "cut": one.cut,
        "added": one.count(b"+"), "removed": one.count(b"-"), "digest": seen.hexdigest()[:16], "deferred": deferred,
        "hunks": hunks,
    }  # fmt: skip


def _hunks(one: FileChange, mask: Hides | None) -> list[dict[str, Any]]:
    """The hunks; a secret may go over several lines, also over hunks: a file is masked as one."""
    bodies = [line[1:].removesuffix(b"\r") for hunk in one.hunks for line in hunk.lines]
    shown = iter(bodies if mask is None else mask.lines(bodies, _WIDE))
    made = []
    for hunk in one.hunks:
        lines = [line[:1].decode("ascii") + text(next(shown)) for line in hunk.lines]
        heading = text(hunk.heading)
        made.append({
            "old": hunk.old, "new": hunk.new, "heading": heading if mask is None else mask.text(heading),
            "lines": lines,
        })  # fmt: skip
    return made


def text(data: bytes) -> str:
    """A line as text, cut where it is endless."""
    line = data.decode("utf-8", "replace")
    return line if len(line) <= LINE_CHARS_MAX else line[:LINE_CHARS_MAX] + "…"


def _named(path: bytes, mask: Hides | None) -> dict[str, str]:
    """A path to read and its key. A name that holds a secret has none: its key would tell it."""
    plain = path.decode("utf-8", "replace")
    name = plain if mask is None else mask.text(plain)
    return {"path": name, "key": confined.key_of(path) if name == plain else ""}


def listing(
    parts: list[bytes], found: list[Entry], whole: bool, ignored: set[bytes], marks: dict[bytes, str],
    mask: Hides | None,
) -> dict[str, Any]:  # fmt: skip
    """The document of a directory; what git ignores is not in it. A directory is marked when something in it is."""
    above = b"".join(part + b"/" for part in parts)
    rows = []
    for one in found:
        path = above + one.name
        if path in ignored:
            continue
        mark = marks.get(path, "") or marks.get(path + b"/", "")
        if one.kind == "directory" and not mark:
            mark = "M" if any(name.startswith(path + b"/") for name in marks) else ""
        named = _named(path, mask)
        rows.append({
            "name": named["path"].rpartition("/")[2], **named, "kind": one.kind, "size": one.size,
            "mtime": one.mtime, "executable": one.executable, "change": mark,
            "target": _named(one.target, mask)["path"] if one.target else "",
        })  # fmt: skip
    hidden = sum(above + one.name in ignored for one in found)
    return {**_named(b"/".join(parts), mask), "entries": rows, "whole": whole, "ignored": hidden}


def file(parts: list[bytes], found: Content, mask: Hides | None) -> dict[str, Any]:
    """The document of a file: its text, or its bytes in base64 when it is a picture, or neither."""
    is_a = content.nature(found.data)
    document = {
        **_named(b"/".join(parts), mask), "size": found.size, "mtime": found.mtime, "kind": is_a.kind,
        "media_type": is_a.media_type, "text": "", "data": "", "cut": False,
    }  # fmt: skip
    if is_a.kind == "image" and found.size <= content.IMAGE_BYTES_MAX:
        document["data"] = base64.b64encode(found.data).decode("ascii")
    elif is_a.kind == "text":
        data = content.whole_lines(found.data, content.TEXT_BYTES_MAX)
        document["cut"] = len(data) < found.size
        lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
        shown = lines if mask is None else mask.lines(lines, _WIDE)
        document["text"] = "\n".join(text(line) for line in shown)
    elif is_a.kind == "image":
        document["cut"] = True
    return document
