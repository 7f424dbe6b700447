"""Where line books are kept: one file each, the owner's alone, as many as there is room for.

They are made of the log and belong beside it; one that is lost, damaged or of another version is made again by the
next search. Several processes use one shelf at a time: a file is there whole or not at all.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
from pathlib import Path
from typing import Final

from tether.linebook import Book, NotABook

# What was not looked at for the longest time goes when there is more.
BYTES_MAX: Final = 256 << 20
# On a disk with less room than this none is kept: it is the log's.
_FREE_MIN: Final = 1 << 30


class Shelf:
    """The books in the directory `place`, at most `bytes_max` of them."""

    def __init__(self, place: Path, bytes_max: int = BYTES_MAX) -> None:
        self._place = place
        self._bytes_max = bytes_max

    def take(self, sid: bytes, behind: int) -> Book | None:
        """The book of the session's events behind `behind`; None when there is none that can be read."""
        file = self._file(sid, behind)
        try:
            fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(fd, "rb") as opened:
                book = Book(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
            os.utime(file)
            return book
        except (OSError, ValueError, NotABook):  # ValueError: an empty file can't be mapped
            return None

    def put(self, sid: bytes, behind: int, data: bytes) -> None:
        """Keep a book. What can't be written is not kept: it costs the next search time and nothing else."""
        file = self._file(sid, behind)
        if len(data) > self._bytes_max // 4:
            return
        draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            self._place.mkdir(mode=0o700, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            disk = os.statvfs(self._place)
            if disk.f_bavail * disk.f_frsize < _FREE_MIN:
                return
            self._make_room(len(data))
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                with os.fdopen(fd, "wb") as opened:
                    opened.write(data)
                    opened.flush()
                    os.fsync(opened.fileno())
                os.replace(draft, file)
            except OSError:
                os.unlink(draft)

    def _file(self, sid: bytes, behind: int) -> Path:
        return self._place / sid.hex() / f"{behind:016x}"

    def _make_room(self, size: int) -> None:
        """Remove the oldest until `size` bytes more have room."""
        found: list[tuple[float, int, str]] = []
        with os.scandir(self._place) as sessions:
            for session in sessions:
                if not session.is_dir(follow_symlinks=False):
                    continue
                with os.scandir(session.path) as books:
                    for book in books:
                        known = book.stat(follow_symlinks=False)
                        found.append((known.st_mtime, known.st_size, book.path))
        free = self._bytes_max - size - sum(one[1] for one in found)
        for _, freed, path in sorted(found):
            if free >= 0:
                return
            os.unlink(path)
            free += freed


def forget(place: Path, sid: bytes, before: int) -> None:
    """Remove the session's books that begin before event `before`: these events were cut from the log."""
    with contextlib.suppress(OSError), os.scandir(place / sid.hex()) as books:
        for book in books:
            if book.name.startswith(".") or int(book.name, 16) < before:
                with contextlib.suppress(OSError):
                    os.unlink(book.path)
