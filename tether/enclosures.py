"""Pictures that people give to a session's agent: files in a folder of the session's own, 0700, each 0600.

They come in pieces, because the channel of a device carries no long messages. What a picture is its first bytes say,
its name is ours, and what a session may hold is bounded. They go with the session (`forget`).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tether.errors import TetherError
from tether.paths import secure_directory
from tether.wire.ids import public_id

PICTURE_BYTES_MAX: Final = 10 * 1024 * 1024
SESSION_BYTES_MAX: Final = 100 * 1024 * 1024
SESSION_FILES_MAX: Final = 200
HEAD_BYTES: Final = 12
_STALE_S: Final = 600
_UPLOAD: Final = re.compile(r"[0-9a-f]{16}\.(png|jpg|gif|webp)")


@dataclass(frozen=True)
class Taken:
    """What has arrived of a picture: `have` bytes under the name `upload`; `path` once it is whole."""

    upload: str
    have: int
    path: Path | None = None


def kind_of(head: bytes) -> str | None:
    """The extension for what these first bytes (at least HEAD_BYTES of them) begin; None for what is no picture."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def place_of(home: Path, sid: bytes) -> Path:
    """The folder of a session's pictures: named as people know the session, for they see its path."""
    return home / public_id(sid)


def take(home: Path, sid: bytes, upload: str, offset: int, size: int, data: bytes, now_s: float) -> Taken:
    """The bytes from `offset` of a picture of `size` bytes; `upload` is "" for the first piece, then what was answered.

    A piece that was taken before is taken again. TetherError: `kind`, `size`, `quota`, `upload`, `unsafe`.
    """
    place = place_of(home, sid)
    if not upload:
        upload = _begin(place, size, data, now_s)
    if _UPLOAD.fullmatch(upload) is None or not 0 < size <= PICTURE_BYTES_MAX:
        raise TetherError("There is no such upload", hint="Begin again", code="upload")
    part = place / f".{upload}.part"
    have = _append(part, offset, data, size)
    if have < size:
        return Taken(upload, have)
    if kind_of(_head(part)) != upload.partition(".")[2]:
        part.unlink()
        raise TetherError("This is no picture any more", hint="Begin again", code="kind")
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now_s))
    whole = place / f"picture-{stamp}-{upload[:4]}.{upload.partition('.')[2]}"
    part.rename(whole)
    return Taken(upload, have, whole)


def forget(home: Path, keep: set[bytes]) -> None:
    """Remove the pictures of all sessions but `keep`."""
    kept = {public_id(sid) for sid in keep}
    with contextlib.suppress(OSError):
        for entry in os.scandir(home):
            if entry.name not in kept and entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)


def _begin(place: Path, size: int, head: bytes, now_s: float) -> str:
    kind = kind_of(head)
    if kind is None:
        raise TetherError("This is no picture", hint="PNG, JPEG, GIF and WebP can be given", code="kind")
    if not HEAD_BYTES <= size <= PICTURE_BYTES_MAX:
        most = PICTURE_BYTES_MAX // 1024 // 1024
        raise TetherError(f"The picture is larger than {most} MiB", hint="Make it smaller", code="size")
    secure_directory(place.parent)
    secure_directory(place)
    # What has not arrived whole may become as large as any.
    held = [
        PICTURE_BYTES_MAX if entry.name.endswith(".part") else entry.stat(follow_symlinks=False).st_size
        for entry in _clean(place, now_s)
    ]
    if len(held) >= SESSION_FILES_MAX or sum(held) + size > SESSION_BYTES_MAX:
        raise TetherError(
            "This session holds as many pictures as it may",
            hint=f"Remove some that its agent needs no longer: {place}",
            code="quota",
        )
    upload = f"{secrets.token_hex(8)}.{kind}"
    os.close(os.open(place / f".{upload}.part", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    return upload


def _clean(place: Path, now_s: float) -> list[os.DirEntry[str]]:
    """What is in the folder, without pieces of pictures that nobody went on with."""
    held = []
    for entry in list(os.scandir(place)):
        if entry.name.endswith(".part") and entry.stat(follow_symlinks=False).st_mtime < now_s - _STALE_S:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
        else:
            held.append(entry)
    return held


def _head(part: Path) -> bytes:
    with part.open("rb") as file:
        return file.read(HEAD_BYTES)


def _append(part: Path, offset: int, data: bytes, size: int) -> int:
    """Put `data` at `offset`, which is the file's end or, for what came twice, before it. What the file has then."""
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_NOFOLLOW)
    except OSError:
        raise TetherError("There is no such upload", hint="Begin again", code="upload") from None
    try:
        have = os.fstat(descriptor).st_size
        if offset > have or offset + len(data) > size:
            raise TetherError(f"A piece at {offset} does not follow on {have} bytes", hint="Begin again", code="upload")
        at = 0
        while at < len(data):
            at += os.pwrite(descriptor, data[at:], offset + at)
        return max(have, offset + len(data))
    finally:
        os.close(descriptor)
