"""Writes text of two, three and four byte characters one byte at a time, then `end`."""

import os

for byte in "naïve 日本語 🙂🙂 ž\n".encode() * 20:
    os.write(1, bytes([byte]))
os.write(1, b"end\n")
