"""Between a session whose model answers and a terminal that would answer as well. Pure.

`Unasked` takes the questions out of live output on its way to the terminal; `without_replies` drops what the terminal
says all the same (a question that came in many pieces gets through), on its way to the session. What a person types and
what a terminal reports without being asked stays: keys, the mouse, focus, pasted text.
"""

from __future__ import annotations

import re
from typing import Final

from tether.screen.queries import without_queries

# Where there is none of these no question is: a glance that is cheap for what agents print most, colours and motion.
_MAYBE: Final = re.compile(
    rb"[\x05\x9a]|\x1b[\x00-\x17\x19\x1c-\x1f]*(?:[Z\]P_]|\[[^\x1b\x40-\x7e]*(?:[cnpqxyuvwtS|R]|\?[^\x1b\x40-\x7e]*m))"
    rb"|\xc2[\x90\x9b\x9d\x9f]"
)
# A sequence that goes on in what comes next. A terminal does nothing for it until then, so nobody misses it.
_UNFINISHED: Final = re.compile(
    rb"(?:\x1b(?:\[[^\x1b\x40-\x7e]{0,64}|[\]P_][^\x07\x1b]{0,1024}\x1b?)?|\xc2(?:\x9b[^\x1b\x40-\x7e]{0,64})?)\Z"
)

_REPLY: Final = re.compile(
    rb"\x1b(?:\[[?>=][\d;]*c"  # what it is
    rb"|\[\d*n|\[\?(?!997;)[\d;]*n"  # how it is; but a change of the colour scheme is told unasked
    rb"|\[(?!1;(?:[2-9]|1[0-6])R)\d+;\d+(?:;\d+)?R|\[\?[\d;]+R"  # where its cursor is; but that is F3 with a modifier
    rb"|\[\??[\d;]*\$y|\[\?\d+u|\[[23];[\d;]*x"  # its modes, kitty's keyboard, its parameters
    rb"|\[[1-9](?:;\d+){0,2}t"  # its window
    rb"|\]\d+;[^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"  # its colours, its clipboard
    rb"|P(?:[01]?[$+]r|>\||!\|)[^\x1b]{0,4096}\x1b\\"  # its settings, its version, its number
    rb"|_G[^\x1b]{0,4096}\x1b\\)"  # kitty's graphics
)
_PASTE: Final = re.compile(rb"\x1b\[200~.*?(?:\x1b\[201~|\Z)", re.DOTALL)


class Unasked:
    """Live output without its questions. Feed it in order; a beginning of a sequence is kept for the next time."""

    def __init__(self) -> None:
        self._carry = b""

    def feed(self, data: bytes) -> bytes:
        """What to show of `data`."""
        if self._carry:
            data, self._carry = self._carry + data, b""
        if b"\x1b" not in data and b"\x05" not in data and b"\xc2" not in data:
            return data
        unfinished = _UNFINISHED.search(data, max(0, len(data) - 1100))
        if unfinished:
            self._carry = data[unfinished.start() :]
            data = data[: unfinished.start()]
        return without_queries(data) if _MAYBE.search(data) else data

    @property
    def held(self) -> int:
        """How many bytes of what it was fed are kept for the next time."""
        return len(self._carry)

    def forget(self) -> bytes:
        """What was kept back; output begins anew."""
        carry, self._carry = self._carry, b""
        return carry


def without_replies(data: bytes) -> bytes:
    """What of a terminal's input is not an answer. Pasted text is left alone."""
    if b"\x1b" not in data:
        return data
    kept: list[bytes] = []
    at = 0
    for paste in _PASTE.finditer(data):
        kept += (_REPLY.sub(b"", data[at : paste.start()]), paste[0])
        at = paste.end()
    kept.append(_REPLY.sub(b"", data[at:]))
    return b"".join(kept)
