"""Raw terminal: reads the number of bytes in its first argument, then writes their SHA-256 and count."""

import hashlib
import os
import sys
import tty

wanted = int(sys.argv[1])
tty.setraw(0)
os.write(1, b"raw\r\n")
digest = hashlib.sha256()
count = 0
while count < wanted:
    data = os.read(0, 65536)
    if not data:
        break
    digest.update(data)
    count += len(data)
os.write(1, b"sha %s %d\r\n" % (digest.hexdigest().encode(), count))
