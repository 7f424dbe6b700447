"""Small private files: written whole or not at all, 0600, never through a symbolic link."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_READ_MAX: Final = 4096


def write(path: Path, text: str) -> None:
    """Replace `path` atomically by `text`, mode 0600."""
    draft = _draft(path, text)
    try:
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read(path: Path | str) -> str | None:
    """The text of `path` without its last newline, or None when there is no such file (or it is a link)."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    # Not through a file object of Python's: workers read one, and its machinery costs each of them 0.2 MB.
    text = b""
    try:
        while piece := os.read(fd, _READ_MAX):
            text += piece
    finally:
        os.close(fd)
    return str(text, "utf-8", "replace").strip()


def ensure_token(path: Path, random_bytes: int = 32) -> str:
    """The secret in `path`; made once, in hex. Two processes that make it at once agree on one."""
    found = read(path)
    if found:
        return found
    draft = _draft(path, os.urandom(random_bytes).hex())
    try:
        os.link(draft, path)  # the name appears with the whole secret behind it, or was there before
        os.unlink(draft)
    except FileExistsError:
        if read(path):
            os.unlink(draft)
        else:
            os.replace(draft, path)  # an empty file, or a link: nobody's secret
    return read(path) or ""


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
    except BaseException:
        os.unlink(draft)
        raise
    return draft
