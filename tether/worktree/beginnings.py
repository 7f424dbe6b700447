"""What a session's directory held when the session began: a tree of it, kept with objects of our own.

Nothing is written into the repository. What is too large is left out, and counted: it is compared with the commit
then. Of a session whose beginning nobody recorded there is the commit that HEAD was at, as the reflog has it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import Final, Literal

import msgspec

from tether.worktree.lens import Lens, find

_FILE_BYTES_MAX: Final = 8 << 20
_BYTES_MAX: Final = 64 << 20
_FILES_MAX: Final = 5000


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
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    lens = Lens(repository, directory, place)
    lens.prepare()
    changed = [name for name in lens.names("ls-files", "-o", "-m", "-d", "--exclude-standard") if name[-1:] != b"/"]
    chosen, left_out = _small(lens.directory, list(dict.fromkeys(changed)))
    lens.run("update-index", "--add", "--remove", "-z", "--stdin", stdin=b"".join(name + b"\0" for name in chosen))
    tree = lens.run("write-tree").data.decode().strip()
    made = Beginning(lens.head, tree, ts, left_out)
    (place / "index").unlink(missing_ok=True)
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


def _small(directory: str, names: list[bytes]) -> tuple[list[bytes], int]:
    """Those that are kept, and how many are not."""
    root = os.fsencode(directory)
    chosen: list[bytes] = []
    total = 0
    for name in names:
        try:
            found = os.lstat(os.path.join(root, name))
        except OSError:
            chosen.append(name)  # removed: that is kept
            continue
        size = found.st_size if stat.S_ISREG(found.st_mode) else 0
        if stat.S_ISDIR(found.st_mode) or size > _FILE_BYTES_MAX or total + size > _BYTES_MAX:
            continue
        if len(chosen) >= _FILES_MAX:
            break
        chosen.append(name)
        total += size
    return chosen, len(names) - len(chosen)
