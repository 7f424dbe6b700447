"""The device rows and how they change. Pure: time (seconds since 1970) and randomness are arguments."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from tether.devices.scopes import ADMIN, LOCAL, OBSERVE, Scopes
from tether.errors import printable

KEY_BYTES: Final = 32
NAME_CHARS_MAX: Final = 60
PATH_CHARS_MAX: Final = 40
DEVICES_MAX: Final = 256
DESKS_MAX: Final = 16
DESK_TTL_S: Final = 30 * 24 * 3600
# How stale `last_seen` in the file may be: a write for every request would be many.
SEEN_EVERY_S: Final = 60

DEVICE: Final = "device"
DESK: Final = "desk"


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device. A paired one has a public key (X25519, hex); a desk browser has the digest of its cookie instead.

    `epoch` is the registry's at the row's making: a credential holds it, so that none outlives its row even when
    the same key is paired again. `last_path` says how it came in last: loopback, lan, tunnel.
    """

    id: str
    kind: str
    name: str
    scopes: list[str]
    created: int
    epoch: int
    key: str = ""
    digest: str = ""
    platform: str = ""
    last_seen: int = 0
    last_path: str = ""


class Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `epoch` grows with every row that is made or removed."""

    version: int = 1
    epoch: int = 0
    devices: list[Device] = []


def device_id(key: bytes) -> str:
    """The id of a device with this public key."""
    return base64.b32encode(hashlib.sha256(key).digest()).decode().lower()[:16]


def add(
    book: Book, *, key: bytes, name: str, platform: str, scopes: Scopes, path: str, now_s: int
) -> tuple[Book, Device]:
    """Pair a device, or pair it anew under its old id. ValueError when there are too many."""
    new = Device(
        id=device_id(key), kind=DEVICE, name=clean(name, "unnamed device"), scopes=sorted(scopes), created=now_s,
        epoch=book.epoch + 1, key=key.hex(), platform=clean(platform, ""), last_seen=now_s, last_path=path,
    )  # fmt: skip
    others = [one for one in book.devices if one.id != new.id]
    if len(others) >= DEVICES_MAX:
        raise ValueError(f"{DEVICES_MAX} devices are paired, which is the limit: revoke one")
    return msgspec.structs.replace(book, epoch=new.epoch, devices=[*others, new]), new


def add_desk(book: Book, *, id: str, digest: str, name: str, scopes: Scopes, now_s: int) -> tuple[Book, Device]:
    """Let a browser of this machine in. The oldest one gives way when there are too many."""
    new = Device(
        id=id, kind=DESK, name=clean(name, "browser"), scopes=sorted(scopes), created=now_s, epoch=book.epoch + 1,
        digest=digest, last_seen=now_s, last_path="loopback",
    )  # fmt: skip
    kept = [one for one in book.devices if one.kind != DESK or one.created > now_s - DESK_TTL_S]
    desks = sorted((one for one in kept if one.kind == DESK), key=lambda one: one.created)
    gone = {one.id for one in desks[: max(0, len(desks) - DESKS_MAX + 1)]}
    rows = [one for one in kept if one.id not in gone]
    return msgspec.structs.replace(book, epoch=new.epoch, devices=[*rows, new]), new


def remove(book: Book, ids: Iterable[str]) -> tuple[Book, list[Device]]:
    """Revoke: the rows are gone, and the epoch is another one."""
    wanted = set(ids)
    gone = [one for one in book.devices if one.id in wanted]
    if not gone:
        return book, []
    kept = [one for one in book.devices if one.id not in wanted]
    return msgspec.structs.replace(book, epoch=book.epoch + 1, devices=kept), gone


def seen(book: Book, id: str, path: str, now_s: int) -> Book:
    """The device was here. The same book when that is no news."""
    rows = list(book.devices)
    for index, one in enumerate(rows):
        if one.id == id and (now_s - one.last_seen >= SEEN_EVERY_S or one.last_path != path):
            rows[index] = msgspec.structs.replace(one, last_seen=now_s, last_path=clean(path, "")[:PATH_CHARS_MAX])
            return msgspec.structs.replace(book, devices=rows)
    return book


def find(book: Book, prefix: str) -> list[Device]:
    """The devices whose id begins with `prefix` or whose name is it; an equal id wins alone."""
    exact = [one for one in book.devices if one.id == prefix]
    return exact or [one for one in book.devices if prefix and (one.id.startswith(prefix) or one.name == prefix)]


def clean(text: str, default: str) -> str:
    """`text` on one line without control characters; `default` when nothing is left."""
    return printable(text.strip(), NAME_CHARS_MAX - 1) or default


def sees(scopes: Scopes, *, remote: bool, shared: bool) -> bool:
    """May somebody with `scopes` know of a session? A paired device only of those that were shared with devices."""
    if OBSERVE not in scopes:
        return False
    return shared or not remote or ADMIN in scopes or LOCAL in scopes
