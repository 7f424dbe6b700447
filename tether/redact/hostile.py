"""Output that attacks whoever shows it, made harmless at its length: what is dropped becomes NUL, which terminals skip.

The clipboard is never read, and written only where that is allowed and then a little; titles are short and hold no
controls; numbers in sequences are no larger than a screen; strings end. Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tether.escapes import OSC_STRING

# Numbers in sequences count cells, lines, repetitions: none of them is larger than this anywhere.
NUMBER_MAX: Final = 32767
TITLE_BYTES_MAX: Final = 240
CLIPBOARD_BYTES_MAX: Final = 8 * 1024
# A string (title, link, image) that is longer ends here.
STRING_BYTES_MAX: Final = 64 * 1024

_OSC: Final = re.compile(rb"((?:\x1b\]|\xc2\x9d)0*(\d{1,6});)(" + OSC_STRING + rb")(\x07|\x1b\\|\xc2\x9c)?")
_LONG_NUMBER: Final = re.compile(rb"(?:\x1b\[|\xc2\x9b)[\x20-\x3f]*\d{5}[\x20-\x3f]*[\x40-\x7e]")
_DIGITS: Final = re.compile(rb"\d{5,}")
_LINK: Final = re.compile(rb"[^;]*;(?:https?://[^\x00-\x20\x7f]*)?\Z", re.IGNORECASE)
# A direction that changes in the midst of a title makes it say something else.
_TURNING: Final = re.compile(rb"\xe2\x80[\xaa-\xae\x8e\x8f]|\xe2\x81[\xa6-\xa9]|[\x00-\x1f\x7f]")
_TITLES: Final = frozenset({b"0", b"1", b"2"})


class Policy(NamedTuple):
    """What this egress lets output do. `clipboard`: write it."""

    clipboard: bool = False


def tamed(data: bytes, policy: Policy) -> bytes:
    """`data`, which holds whole sequences, made harmless; its length stays."""
    if b"\x1b" not in data and b"\xc2" not in data:
        return data
    if b"\x1b]" in data or b"\xc2\x9d" in data:
        data = _OSC.sub(lambda found: _string(found, policy), data)
    return _LONG_NUMBER.sub(_clamped, data)


def _string(found: re.Match[bytes], policy: Policy) -> bytes:
    opening, number, text = found[1], found[2], found[3]
    if number in _TITLES:
        shown = _TURNING.sub(lambda part: b"?" * len(part[0]), text)
        if len(shown) <= TITLE_BYTES_MAX:
            return opening + shown + (found[4] or b"")
        shown = shown[:TITLE_BYTES_MAX].decode("utf-8", "ignore").encode()
        return _padded(opening + shown + (found[4] or b"\x07"), len(found[0]))
    if number == b"52":
        payload = text.partition(b";")[2]
        allowed = policy.clipboard and b"?" not in payload and len(payload) <= CLIPBOARD_BYTES_MAX
        return found[0] if allowed else b"\0" * len(found[0])
    if number == b"8" and not _LINK.match(text):
        # Links that lead anywhere but to a page of the web are none.
        return _padded(opening + b";" + (found[4] or b"\x07"), len(found[0]))
    return found[0]


def _padded(text: bytes, size: int) -> bytes:
    return text + b"\0" * (size - len(text)) if len(text) <= size else b"\0" * size


def _clamped(found: re.Match[bytes]) -> bytes:
    return _DIGITS.sub(lambda digits: _number(digits[0]), found[0])


def _number(digits: bytes) -> bytes:
    if len(digits) == 5 and int(digits) <= NUMBER_MAX:
        return digits
    value = NUMBER_MAX if len(digits) > 9 else min(int(digits), NUMBER_MAX)
    return str(value).encode().rjust(len(digits), b"0")
