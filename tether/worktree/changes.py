"""What changed in a session's directory: against its last commit, what is staged, what is not, since the session
began, and in one turn of its agent. Files that git does not know yet are among them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from tether.worktree import beginnings, patch, turns
from tether.worktree.beginnings import Beginning
from tether.worktree.lens import Lens, find, looking
from tether.worktree.patch import FileChange
from tether.worktree.turns import Turn

Base = Literal["head", "staged", "unstaged", "start", "turn"]
BASES: Final[tuple[str, ...]] = get_args(Base)
UNTRACKED_MAX: Final = 2000
NEW_BYTES_MAX: Final = 8 << 20
_SINCE: Final = ("start", "turn")
_DIFF: Final = (
    "diff", "--raw", "-z", "-p", "-M", "--no-abbrev", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv",
    "--ignore-submodules=dirty", "--submodule=short", "--relative", "--src-prefix=a/", "--dst-prefix=b/", "-U3",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Whose changes: the session's directory, the session (its id, its beginning in microseconds), where beginnings
    are kept, and of which turn when that is asked (0: the newest)."""

    directory: str
    sid: bytes
    created: int
    home: Path
    turn: int = 0


@dataclass(frozen=True)
class Changes:
    """`kind` is "git", or "none" where there is no repository. `whole` is False when there is more than is told;
    `digest` changes when anything did; `since` says what `start` was compared with."""

    kind: Literal["git", "none"]
    base: str = "head"
    branch: str = ""
    head: str = ""
    files: list[FileChange] = field(default_factory=list)
    whole: bool = True
    unlisted: int = 0
    digest: str = ""
    since: Beginning | None = None
    unknown_start: bool = False
    unmerged: frozenset[bytes] = frozenset()
    large: tuple[bytes, ...] = ()
    turn: Turn | None = None


@dataclass(frozen=True)
class Look:
    """One look, not yet taken apart: who has this `digest` knows it all."""

    changes: Changes
    said: bytes


def look(asked: Asked, base: str, paths: tuple[bytes, ...] = ()) -> Look:
    """What changed. With `paths` in those only. GitError; turns.Unknown."""
    turn, after = turns.span(turns.listed(asked.home, asked.sid), asked.turn) if base == "turn" else (None, "")
    repository = find(asked.directory)
    if repository is None:
        return Look(Changes("none", base, digest="none", turn=turn), b"")
    with looking(repository, asked.directory, *_kept(asked, base)) as lens:
        since = _since(asked, base, lens, turn)
        if base in _SINCE and since is None:
            unknown = Changes("git", base, lens.branch(), lens.head, unknown_start=True, digest="unknown", turn=turn)
            return Look(unknown, b"")
        # Two trees are compared as they are; else what git does not know yet is among the changes.
        new = _New([], 0) if base == "staged" or after else _add_untracked(lens)
        said = lens.run(*_DIFF, *_against(lens, base, since), *([after] if after else []), "--", *_within(paths))
        branch = lens.branch()
        told = (said.data, branch.encode(), lens.head.encode(), *new.large)
        mark = hashlib.sha256(b"\0".join(told)).hexdigest()[:32]
        unmerged = frozenset(line.partition(b"\t")[2] for line in lens.names("ls-files", "-u"))
        found = Changes(
            "git", base, branch, lens.head, [], said.whole, new.left_out, mark, since,
            unmerged=unmerged, large=() if paths else tuple(new.large), turn=turn,
        )  # fmt: skip
        return Look(found, said.data)


def _kept(asked: Asked, base: str) -> list[Path]:
    """Where the objects of the trees lie that it is compared with."""
    place = beginnings.place_of(asked.home, asked.sid) if base == "start" else turns.place_of(asked.home, asked.sid)
    return [place / "objects"] if base in _SINCE and (place / "objects").is_dir() else []


def _since(asked: Asked, base: str, lens: Lens, turn: Turn | None) -> Beginning | None:
    if turn is not None:
        return Beginning(turn.head, turn.before, turn.began, turn.left_out) if turn.before else None
    return beginnings.of(asked.home, asked.sid, lens, asked.created) if base == "start" else None


def read(look: Look) -> Changes:
    """The look, taken apart."""
    found = look.changes
    large = [FileChange(path, path, "A", 0, 0o100644, binary=True) for path in found.large]
    return replace(found, files=patch.parse(look.said, found.unmerged, whole=found.whole) + large)


def marks(directory: str) -> dict[bytes, str]:
    """Path below the directory -> what became of it since the last commit: a status as in FileChange, or "?" for a file
    that git does not know. {} where there is no repository. GitError."""
    repository = find(directory)
    if repository is None:
        return {}
    with looking(repository, directory) as lens:
        against = lens.head or lens.empty_tree()
        said = lens.run(*(word for word in _DIFF if word != "-p"), against, "--", ".")
        found = {one.path: one.status for one in patch.parse(said.data)}
        found.update((name, "?") for name in lens.names("ls-files", "-o", "--exclude-standard"))
        return found


def ignored(directory: str, names: list[bytes]) -> set[bytes]:
    """Those of `names`, paths below the directory, that git ignores. GitError."""
    repository = find(directory)
    if repository is None or not names:
        return set()
    with looking(repository, directory) as lens:
        # The verb takes patterns, and none that is literal: a dot in front leaves a name no other meaning.
        asked = b"".join(b"./" + name + b"\0" for name in names)
        said = lens.run("check-ignore", "-z", "--stdin", stdin=asked, good=(0, 1), GIT_LITERAL_PATHSPECS="0")
        return {name.removeprefix(b"./") for name in said.data.split(b"\0") if name}


def _against(lens: Lens, base: str, since: Beginning | None) -> tuple[str, ...]:
    match base:
        case "staged":
            return "--cached", lens.head or lens.empty_tree()
        case "unstaged":
            return ()
        case "start" | "turn" if since is not None:
            return (since.tree or lens.empty_tree(),)
        case _:
            return (lens.head or lens.empty_tree(),)


def _within(paths: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(path.decode("utf-8", "surrogateescape") for path in paths) or (".",)


class _New(NamedTuple):
    """Of the files that git does not know: those that are too large to compare, and how many are too many."""

    large: list[bytes]
    left_out: int


def _add_untracked(lens: Lens) -> _New:
    """Have git compare new files, too: noted in the copy of the index."""
    names = [name for name in lens.names("ls-files", "-o", "--exclude-standard") if not name.endswith(b"/")]
    chosen = names[:UNTRACKED_MAX]
    large = [name for name in chosen if _size(lens.directory, name) > NEW_BYTES_MAX]
    small = [name for name in chosen if name not in large]
    if small:
        lens.run("add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul",
                 stdin=b"".join(name + b"\0" for name in small))  # fmt: skip
    return _New(large, len(names) - len(chosen))


def _size(directory: str, name: bytes) -> int:
    try:
        return os.lstat(os.path.join(os.fsencode(directory), name)).st_size
    except OSError:
        return 0
