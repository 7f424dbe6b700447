"""The file of what devices have looked at: `seen.json`, 0600, replaced as a whole. The web process alone has it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from tether import secret_files
from tether.web import seen
from tether.web.admission import Credential

log = logging.getLogger("tether")


class SeenFile:
    """`devices` tells the ids of those that are paired now."""

    def __init__(self, path: Path, devices: Callable[[], Iterable[str]], now_us: Callable[[], int]) -> None:
        self._path = path
        self._devices = devices
        self._now_us = now_us
        self._seen = _read(path)

    def of(self, credential: Credential) -> Callable[[str], int]:
        """When whoever asks looked at a session, by its public id."""
        reader = seen.reader_of(credential)
        self._keep(seen.met(self._seen, reader, self._now_us()))
        return self._seen.readers[reader].of

    def mark(self, credential: Credential, session: str, *, unread: bool) -> int:
        """Whoever asks has looked at the session now, or wants it unread. When it was looked at, from now on."""
        reader = seen.reader_of(credential)
        at = 0 if unread else self._now_us()
        self._keep(seen.marked(seen.met(self._seen, reader, self._now_us()), reader, session, at))
        return at

    def _keep(self, new: seen.Seen) -> None:
        if new is self._seen:
            return
        self._seen = seen.only(new, [*self._devices(), *(set(new.readers) - set(self._seen.readers))])
        try:
            secret_files.write(self._path, msgspec.json.encode(self._seen).decode())
        except OSError as error:
            # A full disk: it is known until this process ends, and only unread marks hang on it.
            log.warning("event=seen-not-kept error=%r", error.strerror)


def _read(path: Path) -> seen.Seen:
    try:
        return msgspec.json.decode((secret_files.read(path) or "").encode(), type=seen.Seen)
    except (msgspec.DecodeError, UnicodeError):
        return seen.Seen()
