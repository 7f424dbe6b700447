"""Writes numbered lines until it is told to end: numbered.py RATE LINES_MAX STOP_FILE STATUS.

RATE is lines a second, 0 is flat out. It ends by itself with STATUS when STOP_FILE exists or LINES_MAX are written;
its last line says how many there were.
"""

import os
import select
import sys
import time

BATCH = 256

rate, limit, stop_file, status = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])


def write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


began = time.monotonic()
done = 0
while done < limit and not os.path.exists(stop_file):
    due = int((time.monotonic() - began) * rate) + 1 - done if rate else BATCH
    if due <= 0:
        select.select([], [], [], 1 / rate)
        continue
    count = min(due, BATCH, limit - done)
    write(b"".join(b"line %08d\n" % (done + i) for i in range(count)))
    done += count
write(b"end  %08d\n" % done)
sys.exit(status)
