"""A full-screen program: sets every mode an agent may leave behind, then waits for `q`."""

import os
import tty

tty.setraw(0)
os.write(
    1,
    b"\x1b[?1049h\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[>7u\x1b[>4;2m\x1b[?25l"
    b"\x1b[?1h\x1b=\x1b[31m\x1b[2;10r\x1b(0in modes",
)
while True:
    data = os.read(0, 1024)
    if not data or b"q" in data:
        break
    os.write(1, b"<" + data.hex().encode() + b">")
