"""Raw terminal: writes back every byte at once, with no line discipline in between. Ctrl-D (0x04) ends it."""

import os
import tty

tty.setraw(0)
os.write(1, b"raw\r\n")
while True:
    data = os.read(0, 65536)
    if not data or b"\x04" in data:
        break
    while data:
        data = data[os.write(1, data) :]
