"""Terminal output as plain text: escape sequences and controls taken out, characters kept whole. Pure."""

from __future__ import annotations

import codecs
import re
from typing import Final

_SEQUENCE: Final = re.compile(
    rb"\x1b\[[\x20-\x3f]*[\x40-\x7e]|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[\x20-\x2f]*[\x30-\x7e]"
    rb"|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
)
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[\x20-\x3f]{0,200}|[\]P_^X][^\x07\x1b]{0,4096}\x1b?|[\x20-\x2f]{0,8})?\Z")


class Plain:
    """Feed it output in pieces of any size; what is cut at the end of one is joined with the next."""

    def __init__(self) -> None:
        self._carry = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""

    def feed(self, data: bytes) -> str:
        """The text of `data`. A carriage return and backspaces act within the line that is not finished yet."""
        data = self._carry + data
        self._carry = b""
        unfinished = _UNFINISHED.search(data)
        if unfinished:
            self._carry = data[unfinished.start() :]
            data = data[: unfinished.start()]
        text = self._decoder.decode(_SEQUENCE.sub(b"", data)).replace("\r\n", "\n")
        *lines, last = (self._line + text).split("\n")
        self._line = last
        return "".join(_settle(found) + "\n" for found in lines)

    def finish(self) -> str:
        """The line that was not finished."""
        text, self._line = _settle(self._line), ""
        return text + "\n" if text else ""

    @property
    def pending(self) -> str:
        """The line that is not finished yet."""
        return _settle(self._line)


def _settle(text: str) -> str:
    """`text` as it would stand on the screen after its carriage returns and backspaces."""
    if "\r" not in text and "\b" not in text:
        return text
    cells: list[str] = []
    at = 0
    for char in text:
        if char == "\r":
            at = 0
        elif char == "\b":
            at = max(0, at - 1)
        else:
            cells[at : at + 1] = [char]
            at += 1
    return "".join(cells)
