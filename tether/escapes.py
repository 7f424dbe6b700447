"""Where control sequences are in a terminal's bytes: the one tokeniser for whoever looks at output. Pure.

A sequence is what a terminal reads as one piece: CSI, the strings (OSC, DCS, SOS, PM, APC), and the short ones. C1
controls come as ESC and a letter, or in UTF-8 as C2 and a byte; alone, a byte of 0x80 to 0x9F is part of a character.
A terminal carries out C0 controls in the midst of a sequence; ESC anywhere ends what was begun, CAN and SUB cancel it.
"""

from __future__ import annotations

import re
from typing import Final

C0: Final = rb"\x00-\x17\x19\x1c-\x1f\x7f"
# What a sequence and a string may hold. A string ends with BEL (OSC alone), ST, CAN or SUB, or where the next begins.
PARAMETERS: Final = rb"[\x20-\x3f" + C0 + rb"]*"
STRING: Final = rb"(?:[^\x1b\x18\x1a\xc2]|\xc2(?![\x80-\x9f]))*"
OSC_STRING: Final = rb"(?:[^\x1b\x18\x1a\x07\xc2]|\xc2(?![\x80-\x9f]))*"
_BEGIN: Final = rb"(?=\x1b|\xc2[\x80-\x9f])"
_ST: Final = rb"(?:\x1b\\|\xc2\x9c|[\x18\x1a]|" + _BEGIN + rb")"

# One complete sequence. `csi` and `osc` name what stands inside; `final` is the last byte of a CSI sequence.
SEQUENCE: Final = re.compile(
    rb"(?:\x1b\[|\xc2\x9b)(?P<csi>" + PARAMETERS + rb")(?P<final>[\x40-\x7e])"
    rb"|(?:\x1b\]|\xc2\x9d)(?P<osc>" + OSC_STRING + rb")(?:\x07|" + _ST + rb")"
    rb"|(?:\x1b[PX^_]|\xc2[\x90\x98\x9e\x9f])" + STRING + _ST +
    rb"|\x1b[\x20-\x2f]+[\x30-\x7e]|\x1b[\x30-\x4f\x51-\x57\x59\x5a\x5c\x60-\x7e]"
    rb"|\xc2[\x80-\x8f\x91-\x97\x99\x9a\x9c]"
    # What was begun and is no sequence: terminals drop it.
    rb"|(?:\x1b\[|\xc2\x9b|\x1b)" + PARAMETERS,
    re.DOTALL,
)  # fmt: skip
# The same, for being taken out: it begins with one of two bytes, which is looked for much faster.
_ANY: Final = re.compile(
    rb"\x1b(?:\[" + PARAMETERS + rb"[\x40-\x7e]|\]" + OSC_STRING + rb"(?:\x07|" + _ST + rb")|[PX^_]" + STRING + _ST +
    rb"|[\x20-\x2f]+[\x30-\x7e]|[\x30-\x4f\x51-\x57\x59\x5a\x5c\x60-\x7e]|\[?" + PARAMETERS + rb")"
    rb"|\xc2(?:\x9b" + PARAMETERS + rb"[\x40-\x7e]|\x9d" + OSC_STRING + rb"(?:\x07|" + _ST + rb")"
    rb"|[\x90\x98\x9e\x9f]" + STRING + _ST + rb"|[\x80-\x8f\x91-\x97\x99\x9a\x9c]|\x9b" + PARAMETERS + rb")",
    re.DOTALL,
)  # fmt: skip
# Nearly all sequences are of this form, which is found much faster still.
_PLAIN_CSI: Final = re.compile(rb"\x1b\[[\x20-\x3f]*[\x40-\x7e]")
_C1: Final = re.compile(rb"\xc2[\x80-\x9f]")
_C1_OPENING: Final = re.compile(rb"\xc2(?:[\x90\x98\x9b\x9d-\x9f]|\Z)")
_STRING_OPENING: Final = re.compile(rb"\x1b[\]PX^_]|\xc2[\x90\x98\x9d-\x9f]")
_UNFINISHED: Final = re.compile(
    rb"(?:(?:\x1b\[|\xc2\x9b)" + PARAMETERS + rb"|(?:\x1b\]|\xc2\x9d)" + OSC_STRING + rb"\x1b?"
    rb"|(?:\x1b[PX^_]|\xc2[\x90\x98\x9e\x9f])" + STRING + rb"\x1b?|\x1b[\x20-\x2f]*|\xc2)\Z",
    re.DOTALL,
)  # fmt: skip


def without_sequences(data: bytes) -> bytes:
    """`data` without its control sequences; single controls stay."""
    if b"\xc2" in data and _C1.search(data):
        return _ANY.sub(b"", data)
    if b"\x1b" not in data:
        return data
    rest = _PLAIN_CSI.sub(b"", data)
    # What one of those cut off would go on behind it: others are taken out of the whole.
    return _ANY.sub(b"", data) if b"\x1b" in rest else rest


def finished(data: bytes) -> int:
    """How much of `data` ends outside a sequence: its length, or where the sequence begins that its end cuts off."""
    at = data.rfind(b"\x1b")
    if b"\xc2" in data:
        for opening in _C1_OPENING.finditer(data, max(0, at)):
            if _UNFINISHED.match(data, opening.start()):
                at = opening.start()
                break
    if at < 0:
        return len(data)
    if at == len(data) - 1:
        # A last ESC may be half of the ST that ends a string.
        before = data.rfind(b"\x1b", 0, at)
        if before >= 0 and _STRING_OPENING.match(data, before) and _UNFINISHED.match(data, before):
            return before
    return at if _UNFINISHED.match(data, at) else len(data)
