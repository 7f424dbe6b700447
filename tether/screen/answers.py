"""What of the model's answers may go to a program. Pure."""

from __future__ import annotations

import re
from typing import Final

# The floor of what clients are is xterm.js 6. It knows these modes; others are unknown to a program that asks, and of
# some it says that they can't be set.
_MODES_KNOWN: Final = frozenset(
    (1, 6, 7, 8, 9, 12, 25, 45, 47, 66, 1000, 1002, 1003, 1004, 1006, 1016, 1047, 1048, 1049, 2004, 2026)
)
_MODES_FIXED: Final = frozenset((67, 1005, 1015))
_MODE_REPLY: Final = re.compile(rb"\x1b\[\?(\d+);(\d)\$y")
# Flags of kitty's keyboard, its graphics, colours and clipboard, and the third device attributes.
_UNKNOWN_REPLY: Final = re.compile(rb"\x1b(?:\[\?\d+u|_G.*|\](?:21|5522);.*|P!\|.*)", re.DOTALL)
_VERSION_REPLY: Final = re.compile(rb"\x1bP>\|[^\x1b]*\x1b\\")
# Programs tell from the version what the mouse can do; this is the one that xterm.js gives.
_DEVICE_REPLY: Final = re.compile(rb"\x1b\[>\d+;\d+;\d+c")


def permitted(reply: bytes) -> bytes:
    """What of the model's answer may go to the program, so that it uses nothing that a client's terminal lacks: the
    answer, another one in its place, or b"" for none."""
    mode = _MODE_REPLY.fullmatch(reply)
    if mode is not None:
        number = int(mode[1])
        value = mode[2] if number in _MODES_KNOWN else b"4" if number in _MODES_FIXED else b"0"
        return b"\x1b[?%d;%s$y" % (number, value)
    if _UNKNOWN_REPLY.match(reply):
        return b""
    if _VERSION_REPLY.fullmatch(reply):
        return b"\x1bP>|tether\x1b\\"
    return b"\x1b[>0;276;0c" if _DEVICE_REPLY.fullmatch(reply) else reply
