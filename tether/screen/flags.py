"""Where flags are in output: pairs of regional indicators. Pure.

Programs and xterm.js count two columns for a flag, the library two for each half unless it puts characters together
(mode 2027, which is off because it would do so with families and others as well). So it is told to for flags alone.
"""

from __future__ import annotations

import re
from typing import Final

# Begins with letters and no group: only then the search for it is quick.
_HALVES: Final = re.compile(rb"\xf0\x9f\x87[\xa6-\xbf](?:\xf0\x9f\x87[\xa6-\xbf])*")
_LEAD: Final = b"\xf0"
_BEGUN: Final = b"\xf0\x9f\x87"
# As much of what came before as a half may have begun in.
KEPT: Final = 3


def spans(before: bytes, data: bytes) -> set[tuple[int, int]]:
    """From where to where halves of flags stand in `data`, the first of which may have begun in the last bytes `before`
    it."""
    found = {one.span() for one in _HALVES.finditer(data)} if _LEAD in data and _BEGUN in data else set()
    if _LEAD not in before:
        return found
    begun = next((one for one in _HALVES.finditer(before + data[:KEPT]) if one.end() > len(before)), None)
    return found if begun is None else {(0, begun.end() - len(before)), *found}
