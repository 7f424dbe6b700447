"""The file of the devices: `devices.json`, 0600, replaced as a whole under a lock.

Not in the event log: that has one writer, the store, and revoking must work while the store is down or
the disk is full. The web process is the one that adds rows; while it runs, a row that somebody else
wrote into the file is not believed (`Registry.refresh`), while a row that is gone is gone at once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tether import locks, secret_files
from tether.devices.rows import Book, Device
from tether.errors import TetherError

LOCK_WAIT_S = 5.0


def read(path: Path) -> Book:
    """The book in `path`; an empty one when there is none. TetherError when it is damaged."""
    text = secret_files.read(path)
    if text is None or not text:
        return Book()
    try:
        return msgspec.json.decode(text.encode(), type=Book)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise TetherError(
            f"The list of devices {path} can't be read: {error}",
            hint="Move it away and pair the devices again: tether pair",
            code="devices",
        ) from None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    fd = locks.lock(path.with_suffix(".lock"), LOCK_WAIT_S)
    if fd is None:
        raise TetherError(
            f"Somebody else has been writing {path} for long", hint="See who: fuser " + str(path), code="devices"
        )
    try:
        yield
    finally:
        os.close(fd)


def change(path: Path, edit: Callable[[Book], Book]) -> Book:
    """Read, `edit`, and write what came of it, alone. The book as it is now. TetherError as for `read`."""
    with _locked(path):
        old = read(path)
        new = edit(old)
        if new is not old:
            secret_files.write(path, msgspec.json.encode(new).decode())
        return new


class Registry:
    """The devices as one process knows them. `suspicious` is called with each row that appeared without us."""

    def __init__(self, path: Path, suspicious: Callable[[Device], None] = lambda _device: None) -> None:
        self._path = path
        self._suspicious = suspicious
        self._mark: tuple[int, ...] = ()
        self._doubted: set[tuple[str, int]] = set()
        self.book = Book()
        self._load(trusting=True)

    def refresh(self) -> bool:
        """Look at the file again; True when it changed."""
        if self._stamp() == self._mark:
            return False
        self._load(trusting=False)
        return True

    def change(self, edit: Callable[[Book], Book]) -> Book:
        """As the module's `change`, for the rows that this process believes."""
        self.refresh()

        def only_known(book: Book) -> Book:
            return edit(self._believed(book))

        self.book = change(self._path, only_known)
        self._mark = self._stamp()
        return self.book

    def get(self, id: str) -> Device | None:
        """The row of a device."""
        return next((one for one in self.book.devices if one.id == id), None)

    def by_key(self, key: bytes) -> Device | None:
        """The row of the device with this public key."""
        text = key.hex()
        return next((one for one in self.book.devices if one.key and one.key == text), None)

    def by_digest(self, digest: str) -> Device | None:
        """The row of the desk browser whose cookie has this digest."""
        return next((one for one in self.book.devices if one.digest and one.digest == digest), None)

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._path)
        except OSError:
            return ()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _load(self, *, trusting: bool) -> None:
        stamp = self._stamp()
        try:
            book = read(self._path)
        except TetherError:
            # Nobody is let in by a file that can't be read, and it is left for its owner to look at.
            book = Book()
        self.book = book if trusting else self._believed(book)
        self._mark = stamp

    def _believed(self, book: Book) -> Book:
        known = {(one.id, one.epoch): one for one in self.book.devices}
        rows = []
        for one in book.devices:
            mine = known.get((one.id, one.epoch))
            # What may change in a row without us is when it was seen; its key and scopes are those that we wrote.
            if mine is not None and (mine.key, mine.digest, mine.scopes) == (one.key, one.digest, one.scopes):
                rows.append(one)
            elif (one.id, one.epoch) not in self._doubted:
                self._doubted.add((one.id, one.epoch))
                self._suspicious(one)
        return book if len(rows) == len(book.devices) else msgspec.structs.replace(book, devices=rows)
