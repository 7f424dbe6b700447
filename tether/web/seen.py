"""What each device has looked at: when, by session. Pure.

All browsers of the gateway's machine are one reader, a paired device is another. Times are the gateway's, in
microseconds since 1970: a device's clock may be anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tether.web.admission import Credential

SESSIONS_MAX: Final = 500
READERS_MAX: Final = 300
DESK: Final = "desk"


class Marks(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """One reader's. What was over at `since`, when it first came, is no news to it; `at` is by a session's public id,
    0 for one that was marked unread, the newest mark last."""

    since: int
    at: dict[str, int] = {}

    def of(self, session: str) -> int:
        """When the reader looked at the session."""
        return self.at.get(session, self.since)


class Seen(msgspec.Struct, frozen=True):
    """The whole file."""

    version: int = 1
    readers: dict[str, Marks] = {}


def reader_of(credential: Credential) -> str:
    """Who reads: a paired device, or whoever sits at this machine."""
    return credential.device if credential.via == "device" else DESK


def met(seen: Seen, reader: str, now_us: int) -> Seen:
    """`reader` is here; the same object when that is no news. The one that was met first gives way to too many."""
    if reader in seen.readers:
        return seen
    rows = dict(list(seen.readers.items())[-(READERS_MAX - 1) :])
    return msgspec.structs.replace(seen, readers={**rows, reader: Marks(now_us)})


def marked(seen: Seen, reader: str, session: str, at_us: int) -> Seen:
    """`reader`, whom one has met, looked at `session` at `at_us`; 0: it is unread again."""
    old = seen.readers[reader]
    others = [(name, at) for name, at in old.at.items() if name != session]
    at = {**dict(others[-(SESSIONS_MAX - 1) :]), session: at_us}
    return msgspec.structs.replace(seen, readers={**seen.readers, reader: msgspec.structs.replace(old, at=at)})


def only(seen: Seen, readers: Iterable[str]) -> Seen:
    """Without the marks of devices that are none any more."""
    wanted = {DESK, *readers}
    return msgspec.structs.replace(seen, readers={name: row for name, row in seen.readers.items() if name in wanted})
