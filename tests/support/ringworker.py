"""A worker reduced to its ring: reads the terminal `fd` into the ring at full speed and files what it sealed.

`python -m tests.support.ringworker RING FD FILE`: continues the ring if it is there. The file stands for the store:
each event is appended to it (u64 seq, u32 size, bytes) and then released from the ring. Killed by its test.
"""

from __future__ import annotations

import os
import select
import struct
import sys
from pathlib import Path

from tether.ptyworker.terminal import read_into
from tether.ring import Ring

ENTRY = struct.Struct("<QI")
AREA = 1 << 18


def file_records(ring: Ring, file: int) -> None:
    """Give every finished event to the file, then forget it."""
    for record in list(ring.records()):
        os.write(file, ENTRY.pack(record.seq, len(record.data)) + bytes(record.data))
        ring.release(record.seq, record.end)


def main(path: Path, fd: int, store: str) -> None:
    file = os.open(store, os.O_WRONLY | os.O_APPEND)
    if path.exists():
        ring = Ring.open_existing(path)
        ring.recover(0)
    else:
        ring = Ring.create(path, AREA)
    while True:
        if not ring.room() or ring.header.pending >= 24_000:
            ring.seal()
            file_records(ring, file)
        size = read_into(fd, ring.ground())
        if size > 0:
            ring.note(size, 1)
        else:
            ring.seal()
            file_records(ring, file)
            select.select([fd], [], [])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
