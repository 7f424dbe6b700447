"""Old output made fit to be shown again: nothing in it may make a terminal answer. Pure.

Programs ask terminals questions (what are you, where is the cursor, what is your background), and the answer arrives
as if it had been typed. Asked again by a replay, it would be typed into whatever runs now. So questions are dropped
and the rest stays as it is. Only complete sequences are looked at: what ends inside one is continued by the live
output that follows, and questions asked live are the terminal's to answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tether.wire.codec import decode_body
from tether.wire.control import Snapshot
from tether.wire.events import Created, Cut, Output, Resized
from tether.wire.views import SessionView

# What a terminal reads as one piece. C1 controls come as ESC and a letter, or in UTF-8 as C2 and a byte; alone, a
# byte of 0x80 to 0x9F is part of a character. A terminal carries out C0 controls in the midst of a sequence; ESC
# anywhere ends what was begun, CAN and SUB cancel it.
_C0: Final = rb"\x00-\x17\x19\x1c-\x1f\x7f"
_ESC: Final = rb"\x1b[" + _C0 + rb"]*"
_BEGIN: Final = rb"(?=\x1b|\xc2[\x80-\x9f])"
_STRING: Final = rb"(?:[^\x1b\x18\x1a\xc2]|\xc2(?![\x80-\x9f]))*"
_OSC_STRING: Final = rb"(?:[^\x1b\x18\x1a\x07\xc2]|\xc2(?![\x80-\x9f]))*"
_ST: Final = rb"(?:" + _ESC + rb"\\|\xc2\x9c|" + _BEGIN + rb")"
_TOKEN: Final = re.compile(
    rb"(?P<enq>\x05)"
    rb"|(?:" + _ESC + rb"\[|\xc2\x9b)(?P<csi>[\x20-\x3f" + _C0 + rb"]*[\x40-\x7e])"
    rb"|(?:" + _ESC + rb"\]|\xc2\x9d)(?P<osc>" + _OSC_STRING + rb")(?:\x07|" + _ST + rb")"
    rb"|(?:" + _ESC + rb"P|\xc2\x90)(?P<dcs>" + _STRING + rb")" + _ST +
    rb"|(?:" + _ESC + rb"_|\xc2\x9f)(?P<apc>" + _STRING + rb")" + _ST +
    rb"|(?:" + _ESC + rb"[X^]|\xc2[\x98\x9e])(?P<ignored>" + _STRING + rb")" + _ST +
    rb"|(?P<decid>" + _ESC + rb"Z|\xc2\x9a)"
    rb"|(?P<broken>(?:" + _ESC + rb"\[|\xc2\x9b|\x1b)[\x20-\x3f" + _C0 + rb"]*" + _BEGIN + rb")",
    re.DOTALL,
)  # fmt: skip
_CONTROLS: Final = re.compile(rb"[" + _C0 + rb"]")
_FINISHED: Final = re.compile(rb"(?:\x1b[" + _C0 + rb"]*\\|\x07|\xc2\x9c)\Z")
_END: Final = b"\x1b\\"  # ends what was begun, and is nothing by itself

# By their parameters and final byte, C0 taken out: who are you (DA, DECREQTPARM, XTVERSION), where and how are you
# (DSR, DECRQM, DECRQPSR, DECRQTSR, DECRQCRA, DECRQDE, DECRQUPSS, DECRQLP), the size and title of the window, graphics
# and key modes, kitty's keyboard.
_CSI_QUERY: Final = re.compile(
    rb"[>=]?[\d;:]*c|\??[\d;:]*n|\??[\d;:]*\$p|>[\d;:]*q|[\d;:]*x|[\d;:]*\*y|[\d;:]*\$[uw]|[\d;:]*\"v|[\d;:]*&u"
    rb"|[\d;:]*'\||0*(?:11|13|14|15|16|18|19|20|21)(?:[;:][\d;:]*)?t|\?[\d;:]*u|\?[\d;:]*m|\?[\d;:]*S|[\d;:]*#[RS]|[\d;:]*\+x"
)
# Colours, fonts, the clipboard, the pointer's shape: a `?` where a value would stand.
_OSC_QUERY: Final = re.compile(
    rb"0*(?:4|5|1\d|22|50|52)(?:;.*)?;\?.*|21;.*=\?.*"
    rb"|1337;(?:Report|Capabilities|RequestUpload).*|99;.*p=\?.*|5522;.*type=read.*|6[01];.*",
    re.DOTALL,
)
# Settings, capabilities, kitty's remote control.
_DCS_QUERY: Final = re.compile(rb"[\d;]*[$+]q.*|@kitty-cmd.*", re.DOTALL)
# Images: asked about, or named, which is answered unless it says q=2.
_IMAGE: Final = re.compile(rb"G([^;]*)(.*)", re.DOTALL)
_IMAGE_QUERY: Final = re.compile(rb"(?:.*,)?a=q(?:,.*)?", re.DOTALL)
_IMAGE_NAMED: Final = re.compile(rb"(?:.*,)?[iI]=.*", re.DOTALL)
_IMAGE_QUIET: Final = re.compile(rb",?q=\d*")

# A soft reset leaves the screen and what is behind it alone, which matters where the terminal is the user's own.
# It does not reach the mouse, focus, paste and synchronised-output modes nor the margins of all terminals.
PROLOGUE: Final = (
    b"\x1b[!p\x1b[?6l\x1b[r\x1b[?7h\x1b[?25h\x1b[?9;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l"
    b"\x1b>\x1b(B\x0f\x1b[m\x1b[H\x1b[2J"
)
# How far behind its wanted start a tail may begin for the sake of a whole line or a whole sequence.
_ALIGN_BYTES: Final = 8 * 1024


def without_queries(data: bytes) -> bytes:
    """`data` without the sequences that make a terminal answer."""
    kept: list[bytes] = []
    at = 0
    open_until = -1  # where a sequence ends that its successor cut short
    for token in _TOKEN.finditer(data):
        start, end = token.span()
        shown = _shown(token)
        if shown is not None:
            # What the question cut short, or half a character before it, must not join with what comes after it.
            joins = start == open_until or data[start - 1 : start] == b"\xc2"
            kept += (data[at:start], _END if joins else b"", shown)
            at = end
        kind = token.lastgroup
        unfinished = kind in ("osc", "dcs", "apc", "ignored") and not _FINISHED.search(token[0])
        open_until = end if kind == "broken" or unfinished else -1
    kept.append(data[at:])
    return b"".join(kept)


def tail_snapshot(rows: Sequence[tuple[int, bytes]], max_bytes: int, view: SessionView) -> Snapshot:
    """What a client that attaches is shown until live output follows: the newest output, at most `max_bytes` of it.

    `rows` are a reader's `tail` of the session with the record `view`.
    """
    tail = _gather(rows, view)
    first = tail.offset - len(tail.data)
    wanted = max(0, len(tail.data) - max_bytes)
    start = _start(tail.data, wanted) if first + wanted else 0
    return Snapshot(
        seq=tail.seq, offset=tail.offset, cols=tail.cols, rows=tail.rows,
        data=PROLOGUE + without_queries(tail.data[start:]), kind="tail", skipped=first + start,
    )  # fmt: skip


@dataclass
class _Tail:
    data: bytes
    seq: int
    offset: int
    cols: int
    rows: int


def _gather(rows: Sequence[tuple[int, bytes]], view: SessionView) -> _Tail:
    tail = _Tail(b"", view.seq, view.offset, view.cols, view.rows)
    chunks: list[bytes] = []
    for seq, body in rows:
        tail.seq = seq
        match decode_body(body):
            case Output() as event:
                if event.offset != tail.offset:
                    chunks.clear()  # what is missing between two pieces may have been anything
                chunks.append(event.data)
                tail.offset = event.offset + len(event.data)
            case Resized() | Created() as event:
                tail.cols, tail.rows = event.cols, event.rows
            case Cut() as event:
                chunks.clear()
                tail.offset = event.to_offset
    tail.data = b"".join(chunks)
    return tail


def _start(data: bytes, wanted: int) -> int:
    """The first place from `wanted` on where showing may begin: behind a line's end if one is near, else between
    characters, and never inside a sequence of which the beginning is in `data`."""
    start = _outside(data, wanted)
    newline = data.find(b"\n", start, start + _ALIGN_BYTES)
    if newline >= 0:
        start = _outside(data, newline + 1)
    return _after_broken(data, start)


def _outside(data: bytes, at: int) -> int:
    """`at`, or the end of the sequence that stands there."""
    begin = data.rfind(b"\x1b", max(0, at - _ALIGN_BYTES), at)
    token = _TOKEN.match(data, begin) if begin >= 0 else None
    return max(at, token.end()) if token is not None else at


def _after_broken(data: bytes, start: int) -> int:
    """`start`, or behind the rest of a string or of a character that stands there."""
    escape = data.find(b"\x1b", start)
    if escape >= 0 and data[escape : escape + 2] == _END:
        return escape + 2  # the end of a string that began before
    while start < len(data) and 0x80 <= data[start] < 0xC0:
        start += 1
    return start


def _shown(token: re.Match[bytes]) -> bytes | None:
    """What to show for a token: None leaves it as it is, b"" drops it."""
    match token.lastgroup:
        case "enq" | "decid":
            return b""
        case "csi":
            text = token["csi"]
            plain = _CONTROLS.sub(b"", text)
            query = _CSI_QUERY.fullmatch(plain)
        case "osc":
            query = _OSC_QUERY.fullmatch(token["osc"])
        case "dcs":
            query = _DCS_QUERY.fullmatch(token["dcs"])
        case "apc":
            return _image(token)
        case _:
            query = None
    if query is not None:
        # A control inside a CSI sequence counts as if it stood before it.
        inside = _CONTROLS.findall(token[0]) if token.lastgroup == "csi" else []
        return b"".join(inside).replace(b"\x05", b"")
    return token[0].replace(b"\x05", b"") if b"\x05" in token[0] else None


def _image(token: re.Match[bytes]) -> bytes | None:
    found = _IMAGE.fullmatch(token["apc"])
    if found is not None:
        control, payload = found.groups()
        if _IMAGE_QUERY.fullmatch(control):
            return b""
        if _IMAGE_NAMED.fullmatch(control):
            quiet = b"q=2," + _IMAGE_QUIET.sub(b"", control).lstrip(b",")
            return (b"\x1b_G" + quiet + payload + _END).replace(b"\x05", b"")
    return token[0].replace(b"\x05", b"") if b"\x05" in token[0] else None
