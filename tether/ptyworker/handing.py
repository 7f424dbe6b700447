"""What stood on the screen, handed to the next image of this process through a file without a name."""

from __future__ import annotations

import os
import tempfile

from tether.wire import WireError
from tether.wire.codec import decode_body, encode_body
from tether.wire.storing import Checkpoint


def hand_on(checkpoint: Checkpoint) -> int:
    """A descriptor for `taken_over`; the caller makes it inheritable."""
    fd = os.memfd_create("screen") if hasattr(os, "memfd_create") else _unnamed_file()
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(encode_body(checkpoint))
    return fd


def taken_over(fd: int) -> Checkpoint | None:
    """What `hand_on` wrote; closes `fd`. None when it can't be read."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        body = file.read()
    try:
        found = decode_body(body)
    except WireError:
        return None
    return found if isinstance(found, Checkpoint) else None


def _unnamed_file() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
