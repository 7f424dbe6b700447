"""Space kept back on the disk of the log.

LMDB copies the pages that it changes, so removing events needs free space too. When the disk is full and something
is to be removed, the ballast is given up first; it is laid down again once there is room.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from pathlib import Path
from typing import Final

log = logging.getLogger("tether")

SIZE_MAX: Final = 64 << 20
_DISK_DIVISOR: Final = 32


def size_bytes(disk_bytes: int) -> int:
    """How large the ballast is on a disk of this size."""
    return min(SIZE_MAX, disk_bytes // _DISK_DIVISOR)


def drop(path: Path) -> bool:
    """Give the space back; True when there was any."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    log.warning("event=ballast-dropped path=%s", path)
    return True


def lay(path: Path) -> None:
    """Take the space, if it is not taken and the disk has four times as much to spare. Never raises OSError."""
    with contextlib.suppress(OSError):
        disk = shutil.disk_usage(path.parent)
        size = size_bytes(disk.total)
        if path.exists() or disk.free < 4 * size:
            return
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            # Written, not only sized: a sparse file keeps nothing back. macOS has no posix_fallocate.
            block = bytes(1 << 20)
            left = size
            while left > 0:
                left -= os.write(fd, block[:left])
        except OSError:
            path.unlink()
        finally:
            os.close(fd)
