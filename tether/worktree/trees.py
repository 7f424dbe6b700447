"""A tree of what a directory holds now, kept with objects of our own. Nothing is written into the repository. What is
too large is left out, and counted."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from tether.worktree.lens import Lens, Repository

_FILE_BYTES_MAX: Final = 8 << 20
_BYTES_MAX: Final = 64 << 20
_FILES_MAX: Final = 5000


class Taken(NamedTuple):
    """`tree` is what the directory held, `head` the commit ("" before the first one); `left_out` files are not in it,
    `size` bytes of files may have been kept anew."""

    head: str
    tree: str
    left_out: int
    size: int


def take(repository: Repository, directory: str, place: Path) -> Taken:
    """Keep what `directory` holds now in `place`, a directory of ours. GitError, OSError."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    lens = Lens(repository, directory, place)
    lens.prepare()
    changed = [name for name in lens.names("ls-files", "-o", "-m", "-d", "--exclude-standard") if name[-1:] != b"/"]
    chosen, left_out, size = _small(lens.directory, list(dict.fromkeys(changed)))
    lens.run("update-index", "--add", "--remove", "-z", "--stdin", stdin=b"".join(name + b"\0" for name in chosen))
    tree = lens.run("write-tree").data.decode().strip()
    (place / "index").unlink(missing_ok=True)
    return Taken(lens.head, tree, left_out, size)


def _small(directory: str, names: list[bytes]) -> tuple[list[bytes], int, int]:
    """Those that are kept, how many are not, and how large those are that are."""
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
    return chosen, len(names) - len(chosen), total
