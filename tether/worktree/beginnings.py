"""What a session's directory held when the session began: a tree of it, kept with objects of our own.

What is too large is left out, and counted: it is compared with the commit then. Of a session whose beginning nobody
recorded there is the commit that HEAD was at, as the reflog has it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Literal

import msgspec

from tether.worktree import trees
from tether.worktree.lens import Lens, find


class Beginning(msgspec.Struct, frozen=True):
    """`tree` is what the directory held at `ts` (microseconds), `head` the commit ("" before the first one)."""

    head: str
    tree: str
    ts: int
    left_out: int = 0
    kind: Literal["recorded", "commit"] = "recorded"


def place_of(home: Path, sid: bytes) -> Path:
    """Where a session's beginning is kept."""
    return home / sid.hex()


def record(home: Path, sid: bytes, directory: str, ts: int) -> Beginning | None:
    """Keep what `directory` holds now. None when it is in no repository. GitError."""
    repository = find(directory)
    if repository is None:
        return None
    place = place_of(home, sid)
    taken = trees.take(repository, directory, place)
    made = Beginning(taken.head, taken.tree, ts, taken.left_out)
    temporary = place / "beginning.new"
    temporary.write_bytes(msgspec.json.encode(made))
    temporary.replace(place / "beginning.json")
    return made


def load(home: Path, sid: bytes) -> Beginning | None:
    """What was kept of the session's beginning; None when nothing was."""
    try:
        return msgspec.json.decode((place_of(home, sid) / "beginning.json").read_bytes(), type=Beginning)
    except (OSError, msgspec.DecodeError):
        return None


def of(home: Path, sid: bytes, lens: Lens, created: int) -> Beginning | None:
    """The session's beginning: what was kept, else the commit of that moment; None when nobody knows."""
    kept = load(home, sid)
    if kept is not None:
        return kept
    head = lens.head_at(created // 1_000_000) if created else ""
    return Beginning(head, head, created, kind="commit") if head else None


def forget(home: Path, keep: set[bytes]) -> None:
    """Remove the beginnings of all sessions but `keep`."""
    kept = {sid.hex() for sid in keep}
    with contextlib.suppress(OSError):
        for entry in os.scandir(home):
            if entry.name not in kept and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
