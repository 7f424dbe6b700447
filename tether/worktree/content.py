"""What a file's bytes are: text, a picture of a kind that is safe to show, or neither. Pure."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

TEXT_BYTES_MAX: Final = 1 << 20
IMAGE_BYTES_MAX: Final = 6 << 20
_LOOKED_AT: Final = 8000

ContentKind = Literal["text", "image", "binary"]


class Nature(NamedTuple):
    """The kind, and a picture's media type."""

    kind: ContentKind
    media_type: str = ""


def nature(data: bytes) -> Nature:
    """By its first bytes, never by its name. A drawing in markup is text: it could hold a program."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Nature("image", "image/png")
    if data.startswith(b"\xff\xd8\xff"):
        return Nature("image", "image/jpeg")
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Nature("image", "image/gif")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Nature("image", "image/webp")
    return Nature("binary" if b"\0" in data[:_LOOKED_AT] else "text")


def whole_lines(data: bytes, bytes_max: int) -> bytes:
    """At most `bytes_max` of `data`, up to the end of a line where there is one."""
    if len(data) <= bytes_max:
        return data
    end = data.rfind(b"\n", 0, bytes_max)
    return data[: end + 1] if end > 0 else data[:bytes_max]
