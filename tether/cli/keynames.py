"""Keys by name, as `tether keys` takes them, to the bytes that a terminal sends for them. Pure."""

from __future__ import annotations

from typing import Final

from tether.errors import USAGE, TetherError, printable

_NAMED: Final = {
    "enter": b"\r", "return": b"\r", "tab": b"\t", "esc": b"\x1b", "escape": b"\x1b", "space": b" ",
    "backspace": b"\x7f", "delete": b"\x1b[3~", "insert": b"\x1b[2~", "up": b"\x1b[A", "down": b"\x1b[B",
    "right": b"\x1b[C", "left": b"\x1b[D", "home": b"\x1b[H", "end": b"\x1b[F", "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~", "backtab": b"\x1b[Z", "s-tab": b"\x1b[Z", "f1": b"\x1bOP", "f2": b"\x1bOQ",
    "f3": b"\x1bOR", "f4": b"\x1bOS", "f5": b"\x1b[15~", "f6": b"\x1b[17~", "f7": b"\x1b[18~", "f8": b"\x1b[19~",
    "f9": b"\x1b[20~", "f10": b"\x1b[21~", "f11": b"\x1b[23~", "f12": b"\x1b[24~",
}  # fmt: skip


def key_bytes(name: str) -> bytes:
    """The bytes of one key: a name (enter, esc, up, f5 ...), `c-x` or `ctrl-x` for ctrl, `m-x` or `alt-x` for alt, or a
    character itself. TetherError for anything else."""
    lowered = name.lower()
    if lowered in _NAMED:
        return _NAMED[lowered]
    for prefix in ("c-", "ctrl-", "^"):
        rest = lowered.removeprefix(prefix)
        if lowered.startswith(prefix) and len(rest) == 1 and ("a" <= rest <= "z" or rest in "@[\\]^_"):
            return bytes([ord(rest.upper()) & 0x1F])
        if lowered.startswith(prefix) and rest == "space":
            return b"\0"
    for prefix in ("m-", "alt-"):
        if lowered.startswith(prefix) and len(lowered) > len(prefix):
            return b"\x1b" + key_bytes(name[len(prefix) :])
    if len(name) == 1 and name.isprintable():
        return name.encode()
    raise TetherError(
        f"There is no key named {printable(name, 40)!r}",
        hint="Keys: a character, c-x, m-x, " + " ".join(sorted(_NAMED)),
        code="usage",
        status=USAGE,
    )
