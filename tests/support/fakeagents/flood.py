"""Writes numbered lines `line 00000001`: flood.py [lines, 0 is for ever] [lines a second, 0 is flat out] [linger].

With `linger` it then reads its input until the end, so that the session stays.
"""

import os
import select
import sys
import time

lines = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rate = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
linger = len(sys.argv) > 3


def write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


began = time.monotonic()
done = 0
while not lines or done < lines:
    due = int((time.monotonic() - began) * rate) + 1 - done if rate else 256
    if due <= 0:
        select.select([], [], [], max(0.001, 1 / rate))
        continue
    count = min(due, 256, lines - done if lines else 256)
    write(b"".join(b"line %08d\n" % (done + i + 1) for i in range(count)))
    done += count
if linger:
    write(b"flood done\n")
    while os.read(0, 4096):
        pass
