"""Questions that programs ask terminals, and who answers them. Pure.

Programs ask what a terminal is, where its cursor is, what its background is, and the answer arrives as if it had been
typed. So there is one place that answers: the worker's screen model, filtered to what every client can keep
(`tether.screen.answers`). In what clients are shown the questions are dropped, and the rest stays as it is. Of old
output (`without_queries`) only complete sequences are looked at: live output continues what it ends inside of.
"""

from __future__ import annotations

import re
from typing import Final

from tether.escapes import C0 as _C0
from tether.escapes import OSC_STRING as _OSC_STRING
from tether.escapes import STRING as _STRING

_ESC: Final = rb"\x1b[" + _C0 + rb"]*"
_BEGIN: Final = rb"(?=\x1b|\xc2[\x80-\x9f])"
_ST: Final = rb"(?:" + _ESC + rb"\\|\xc2\x9c|" + _BEGIN + rb")"
TOKEN: Final = re.compile(
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
END: Final = b"\x1b\\"  # ends what was begun, and is nothing by itself

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


def without_queries(data: bytes) -> bytes:
    """`data` without the sequences that make a terminal answer."""
    kept: list[bytes] = []
    at = 0
    open_until = -1  # where a sequence ends that its successor cut short
    for token in TOKEN.finditer(data):
        start, end = token.span()
        shown = _shown(token)
        if shown is not None:
            # What the question cut short must not join with what comes after it, nor half a character before it; but
            # the end of a sequence would also end a string that is still open, so that gets a NUL, which is nothing.
            half = b"\0" if data[start - 1 : start] == b"\xc2" else b""
            kept += (data[at:start], END if start == open_until else half, shown)
            at = end
        kind = token.lastgroup
        unfinished = kind in ("osc", "dcs", "apc", "ignored") and not _FINISHED.search(token[0])
        open_until = end if kind == "broken" or unfinished else -1
    kept.append(data[at:])
    return b"".join(kept)


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
            return (b"\x1b_G" + quiet + payload + END).replace(b"\x05", b"")
    return token[0].replace(b"\x05", b"") if b"\x05" in token[0] else None
