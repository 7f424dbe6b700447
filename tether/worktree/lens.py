"""A repository seen through a description of our own.

git reads a repository's configuration before anything else, and that configuration can name programs. So it gets
another one: an empty repository in a directory of ours, which borrows the objects of the real one, has a copy of its
index, and of its configuration only what changes how files are compared.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tether.worktree.gitcall import GitError, Said, git

_POINTER_BYTES: Final = 4096
_INDEX_BYTES_MAX: Final = 256 << 20
_IGNORE_BYTES_MAX: Final = 1 << 20
_LARGE_FILE: Final = "2m"  # compared as binary, also when it is text
_DEPTH_MAX: Final = 64
# What may be taken over: none of them names a program or a file.
_COMPARING: Final = (
    "core.autocrlf", "core.eol", "core.filemode", "core.ignorecase", "core.symlinks", "core.precomposeunicode",
)  # fmt: skip
_ZERO_SHA1: Final = 40


@dataclass(frozen=True)
class Repository:
    """A repository on disk: the root of its files, its own directory, and the one it shares with other worktrees."""

    top: str
    own: str
    common: str


def find(directory: str) -> Repository | None:
    """The repository that `directory` is in, as git would find it; None when it is in none that is this user's."""
    at = os.path.realpath(directory)
    for _ in range(_DEPTH_MAX):
        own = _described(at)
        if own is not None:
            common = _pointer(os.path.join(own, "commondir"))
            return Repository(at, own, os.path.normpath(os.path.join(own, common)) if common else own)
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above
    return None


def _described(at: str) -> str | None:
    mark = os.path.join(at, ".git")
    try:
        found = os.lstat(mark)
    except OSError:
        return None
    if found.st_uid not in (0, os.geteuid()):
        return None
    if stat.S_ISREG(found.st_mode):
        text = _pointer(mark)
        mark = os.path.join(at, text.removeprefix("gitdir:").strip()) if text.startswith("gitdir:") else ""
    return mark if mark and os.path.isfile(os.path.join(mark, "HEAD")) else None


def _pointer(file: str) -> str:
    try:
        return os.fsdecode(_read(file, _POINTER_BYTES)).strip()
    except OSError:
        return ""


def _read(file: str, bytes_max: int) -> bytes:
    """The beginning of a regular file; b"" of anything else."""
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as opened:
        return opened.read(bytes_max) if stat.S_ISREG(os.fstat(fd).st_mode) else b""


class Lens:
    """git on `repository`, for the files of `directory`, described in `place`, a directory of ours."""

    def __init__(self, repository: Repository, directory: str, place: Path) -> None:
        self.repository = repository
        self.directory = os.path.realpath(directory)
        self.place = place
        self.head = self._head()
        self._env = {
            "GIT_DIR": str(place), "GIT_WORK_TREE": repository.top, "GIT_INDEX_FILE": str(place / "index"),
        }  # fmt: skip

    def run(self, *arguments: str, stdin: bytes = b"", good: Sequence[int] = (0,), **variables: str) -> Said:
        """git with `arguments`, in the directory."""
        return git(arguments, {**self._env, **variables}, self.directory, stdin=stdin, good=good)

    def names(self, *arguments: str) -> list[bytes]:
        """The names that git lists, below the directory."""
        return [name for name in self.run(*arguments, "-z", "--", ".").data.split(b"\0") if name]

    def prepare(self, *objects: Path) -> None:
        """Write the description. `objects` are further directories of objects to borrow from."""
        place = self.place
        for part in ("objects/info", "refs", "info", "borrowed"):
            (place / part).mkdir(parents=True, exist_ok=True)
        # A path can hold what the file of alternates can't: each is reached by a name of ours.
        borrowed = [os.path.join(self.repository.common, "objects"), *(str(one) for one in objects)]
        lines = []
        for number, target in enumerate(borrowed):
            name = place / "borrowed" / str(number)
            name.unlink(missing_ok=True)
            name.symlink_to(target)
            lines.append(f"{name}\n")
        (place / "objects" / "info" / "alternates").write_text("".join(lines))
        (place / "HEAD").write_text(f"{self.head}\n" if self.head else "ref: refs/heads/none\n")
        (place / "config").write_text(self._config())
        (place / "info" / "exclude").write_bytes(self._ignored())
        self._copy_index()

    def empty_tree(self) -> str:
        """The name of the tree that holds nothing."""
        return self.run("hash-object", "-t", "tree", "--stdin").data.decode().strip()

    def _head(self) -> str:
        said = self._real("rev-parse", "--verify", "--quiet", "HEAD", good=(0, 1, 128))
        return said.data.decode("ascii", "replace").strip() if said.status == 0 else ""

    def branch(self) -> str:
        """The branch's name, "" when there is none."""
        said = self._real("symbolic-ref", "--quiet", "--short", "HEAD", good=(0, 1, 128))
        return said.data.decode("utf-8", "replace").strip() if said.status == 0 else ""

    def head_at(self, seconds: int) -> str:
        """The commit that HEAD was at then, by the reflog; "" when it does not say."""
        said = self._real("rev-parse", "--verify", "--quiet", f"HEAD@{{{seconds}}}", good=(0, 1, 128))
        return said.data.decode("ascii", "replace").strip() if said.status == 0 else ""

    def _real(self, *arguments: str, good: Sequence[int]) -> Said:
        """git on the repository's own directory, for verbs that look at names only and run nothing."""
        return git(arguments, {"GIT_DIR": self.repository.own}, self.directory, good=good, bytes_max=_POINTER_BYTES)

    def _config(self) -> str:
        """The description's configuration."""
        settings = self._settings()
        sha256 = len(self.head) > _ZERO_SHA1 or settings.get("extensions.objectformat") == "sha256"
        lines = ["[core]", f"repositoryformatversion = {int(sha256)}", "bare = false", "fsmonitor = false",
                 "untrackedCache = false", f"bigFileThreshold = {_LARGE_FILE}", "attributesFile = /dev/null",
                 "hooksPath = /dev/null", "excludesFile = /dev/null"]  # fmt: skip
        for name in _COMPARING:
            value = settings.get(name, "")
            if value.replace("-", "").isalnum():
                lines.append(f"{name.removeprefix('core.')} = {value}")
        if sha256:
            lines += ["[extensions]", "objectFormat = sha256"]
        return "\n".join([*lines, "[gc]", "auto = 0", ""])

    def _settings(self) -> dict[str, str]:
        """The repository's own file of settings, read as data: by their names in lower case."""
        file = os.path.join(self.repository.common, "config")
        said = git(
            ("config", "--no-includes", "--file", file, "--list", "-z"), {}, self.directory,
            good=(0, 1, 2, 3, 128), bytes_max=_IGNORE_BYTES_MAX,
        )  # fmt: skip
        found: dict[str, str] = {}
        for entry in said.data.decode("utf-8", "replace").split("\0") if said.status == 0 else ():
            name, named, value = entry.partition("\n")
            found[name] = value if named else "true"
        return found

    def _ignored(self) -> bytes:
        """What the repository and the user ignore, beside the .gitignore files."""
        user = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        found = b""
        for file in (os.path.join(user, "git", "ignore"), os.path.join(self.repository.common, "info", "exclude")):
            with contextlib.suppress(OSError):
                found += _read(file, _IGNORE_BYTES_MAX) + b"\n"
        return found

    def _copy_index(self) -> None:
        """The index, so that what git notes in it for itself is noted in the copy."""
        with contextlib.suppress(FileNotFoundError):
            (self.place / "index").unlink()
        try:
            with open(os.path.join(self.repository.own, "index"), "rb") as index:
                found = os.fstat(index.fileno())
                if found.st_size > _INDEX_BYTES_MAX:
                    raise GitError("The repository's index is too large to look at", code="large")
                with open(self.place / "index", "wb") as copy:
                    shutil.copyfileobj(index, copy)
            # By this time git tells which files may have been written after it looked at them.
            os.utime(self.place / "index", ns=(found.st_atime_ns, found.st_mtime_ns))
        except FileNotFoundError:
            return
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.repository.own):
                if entry.name.startswith("sharedindex."):
                    (self.place / entry.name).unlink(missing_ok=True)
                    (self.place / entry.name).symlink_to(entry.path)


@contextlib.contextmanager
def looking(repository: Repository, directory: str, *objects: Path) -> Iterator[Lens]:
    """A lens for one look, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tether-lens-", ignore_cleanup_errors=True) as place:
        lens = Lens(repository, directory, Path(place))
        lens.prepare(*objects)
        yield lens
