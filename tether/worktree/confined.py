"""Files below a directory, reached by descriptors: each component is opened from the one before and is never a
symbolic link, so that no name, link or race leads out. What was opened is looked at, not what its name is now."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tether.errors import TetherError

KEY_CHARS_MAX: Final = 12_288
_DEPTH_MAX: Final = 128
ENTRIES_MAX: Final = 5000

Kind = Literal["directory", "file", "link", "special"]


class Outside(TetherError):
    """A name that leads, or could lead, out of the directory, or into what is not shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"That is not in the session's directory: {reason}", code="outside")


class Missing(TetherError):
    """There is nothing of this name, or no more."""

    def __init__(self, what: str = "There is no such file") -> None:
        super().__init__(what, hint="The directory may have changed: look again", code="missing")


class NotAFile(TetherError):
    """A pipe, a device, a socket, a directory where a file was meant."""

    def __init__(self, what: str) -> None:
        super().__init__(f"That is {what}, and is not opened", code="special")


@dataclass(frozen=True)
class Entry:
    """One name in a directory; `target` is where a link points to, as text."""

    name: bytes
    kind: Kind
    size: int
    mtime: float
    executable: bool = False
    target: bytes = b""


@dataclass(frozen=True)
class Content:
    """The beginning of a file, its size and when it was written."""

    data: bytes
    size: int
    mtime: float


def key_of(path: bytes) -> str:
    """A path as addresses carry it: any bytes, in ASCII."""
    return quote_from_bytes(path, safe="/~")


def parts_of(key: str) -> list[bytes]:
    """The components of a path below the directory, from its key. Outside when it is none."""
    if len(key) > KEY_CHARS_MAX:
        raise Outside("the name is too long")
    path = unquote_to_bytes(key)
    if not path:
        return []
    parts = path.split(b"/")
    if path.startswith(b"/"):
        raise Outside("the name is absolute")
    if b"\0" in path or len(parts) > _DEPTH_MAX:
        raise Outside("no file has this name")
    for part in parts:
        if part in (b"", b".", b".."):
            raise Outside("the name climbs")
        if part.lower().rstrip(b". ") == b".git":
            raise Outside("git's own files are not shown")
    return parts


@contextlib.contextmanager
def directory(root: str, parts: list[bytes]) -> Iterator[int]:
    """A descriptor of the directory `parts` below `root`. Outside, Missing, NotAFile."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        fd = os.open(root, flags)
    except (OSError, ValueError):
        raise Missing("The session's directory is not there any more") from None
    try:
        for part in parts:
            below = _open(part, fd, flags | os.O_NOFOLLOW)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def read(root: str, parts: list[bytes], bytes_max: int) -> Content:
    """The file `parts` below `root`, at most `bytes_max` of it. Outside, Missing, NotAFile."""
    if not parts:
        raise NotAFile("a directory")
    with directory(root, parts[:-1]) as above:
        # A pipe would wait for its other end, a device may act on being opened: neither is opened at all.
        _check(_stat(parts[-1], above))
        fd = _open(parts[-1], above, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(fd, "rb", buffering=0) as file:
            found = os.fstat(fd)
            _check(found)
            data = bytearray()
            while len(data) < bytes_max and (more := file.read(min(1 << 20, bytes_max - len(data)))):
                data += more
            return Content(bytes(data), max(found.st_size, len(data)), found.st_mtime)


def entries(root: str, parts: list[bytes]) -> tuple[list[Entry], bool]:
    """What is in the directory `parts` below `root`, directories first, and whether that is all."""
    found: list[Entry] = []
    with directory(root, parts) as fd, os.scandir(fd) as scan:
        for one in scan:
            name = os.fsencode(one.name)
            if name.lower() == b".git":
                continue
            if len(found) >= ENTRIES_MAX:
                return _sorted(found), False
            with contextlib.suppress(OSError):
                found.append(_entry(name, os.stat(name, dir_fd=fd, follow_symlinks=False), fd))
    return _sorted(found), True


def _sorted(found: list[Entry]) -> list[Entry]:
    return sorted(found, key=lambda one: (one.kind != "directory", one.name.lower(), one.name))


def _entry(name: bytes, found: os.stat_result, fd: int) -> Entry:
    kind: Kind = "special"
    target = b""
    if stat.S_ISDIR(found.st_mode):
        kind = "directory"
    elif stat.S_ISREG(found.st_mode):
        kind = "file"
    elif stat.S_ISLNK(found.st_mode):
        kind, target = "link", os.readlink(name, dir_fd=fd)
    size = found.st_size if kind == "file" else 0
    return Entry(name, kind, size, found.st_mtime, kind == "file" and bool(found.st_mode & 0o111), target)


def _stat(name: bytes, above: int) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=above, follow_symlinks=False)
    except OSError as error:
        raise _told(error) from None


def _open(name: bytes, above: int, flags: int) -> int:
    try:
        return os.open(name, flags, dir_fd=above)
    except OSError as error:
        if error.errno == errno.ENOTDIR and stat.S_ISLNK(_stat(name, above).st_mode):
            raise Outside("a symbolic link is not followed") from None
        raise _told(error) from None


def _told(error: OSError) -> TetherError:
    match error.errno:
        case errno.ELOOP | errno.EMLINK:
            return Outside("a symbolic link is not followed")
        case errno.ENOENT | errno.ENOTDIR | errno.ENAMETOOLONG:
            return Missing()
        case errno.ENXIO | errno.ENODEV:
            return NotAFile("no file")
        case _:
            return Missing(f"That can't be read: {error.strerror}")


def _check(found: os.stat_result) -> None:
    mode = found.st_mode
    if stat.S_ISLNK(mode):
        raise Outside("a symbolic link is not followed")
    if not stat.S_ISREG(mode):
        names = (
            (stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
            (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
        )  # fmt: skip
        raise NotAFile(next((name for test, name in names if test(mode)), "no file"))
