"""Where the oracle and the model are known to differ on a screen, and whose doing it is.

None of these comes from the snapshot: written to the model it makes the same screen (`test_the_model_agrees`).
"""

from __future__ import annotations

from typing import Final

# xterm.js erases nothing when a line is full and the cursor waits behind it; xterm and the model erase the last cell.
_ERASE_AT_END: Final = "oracle: erasing with a pending wrap spares the last column"
# bash takes itself to be on the second row of a folded line when it is on the third, and writes its prompt there.
# What stood before it is a line of its own in xterm.js, and still the beginning of this one in the model and in xterm.
_REFLOW: Final = "both: whether a row goes on the one before it after it was erased from its first column"

KNOWN: Final[dict[str, str]] = {
    "top": _ERASE_AT_END,
    "resize-top": _ERASE_AT_END,
    "resize-bash": _REFLOW,
    "wrap pending move": _ERASE_AT_END,
    "save pending": "oracle: a saved cursor forgets the pending wrap",
    "tabs cleared": "model: CSI g without a number clears no tab stop",
    "variation": "model: a variation selector is dropped behind a character that has no emoji form",
    "styled wide": "oracle: a combining character joins nothing across a change of style",
}
