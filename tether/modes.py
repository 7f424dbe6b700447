"""What a program has switched on in the terminal, read off its output, and how to undo exactly that. Pure.

Undoing blindly would do harm: leaving an alternate screen that was never entered moves the cursor. Who writes to the
terminal reads along; when it changes hands, `told` brings the next reader to the same state.
"""

from __future__ import annotations

import re
from typing import Final

_ALTERNATE: Final = frozenset({47, 1047, 1049})
# Modes that a shell does not want to find on: cursor keys, reverse video, origin, keypad, mouse, focus, paste.
_OFF_AT_END: Final = frozenset(
    {1, 5, 6, 9, 45, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031, 2048} | _ALTERNATE
)
_ON_AT_END: Final = frozenset({7, 25})  # autowrap, visible cursor
_SEQUENCE: Final = re.compile(
    rb"\x1b(?:\[\?(?P<dec>[\d;]+)(?P<set>[hl])"
    rb"|\[(?P<kitty>[<>=])(?P<flags>[\d;]*)u"
    rb"|\[>4(?:;(?P<other>\d*))?m"
    rb"|\[(?P<margins>[\d;]*)r"
    rb"|\[(?P<insert>4)(?P<inserted>[hl])"
    rb"|\[\d* (?P<style>q)"
    rb"|\](?P<color>1[012]);[^?\x07\x1b]"
    rb"|(?P<keypad>[=>])"
    rb"|(?P<reset>c)"
    rb"|\[!(?P<soft>p))"
)
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[\x20-\x3f]{0,60}|[\x20-\x2f]{0,3}|\][\d;]{0,8})?\Z")
_STRING_BEGIN: Final = re.compile(rb"\x1b[\]P_^X]")
_STRING_END: Final = re.compile(rb"[\x07\x18\x1a]|\x1b\\")


def guardian_line(restore: bytes, at: float) -> bytes:
    """What tells a terminal's guardian how to restore it, said at `at` (monotonic seconds): the newest word counts."""
    return b"modes %d %b\n" % (int(at * 1e6), restore.hex().encode())


class Modes:
    """Feed it everything that is written to the terminal."""

    def __init__(self) -> None:
        self.changed = False  # since its owner last set it to False
        self._dec: dict[int, bool] = {}
        self._kitty = {False: 0, True: 0}  # pushes, on the main and on the alternate screen
        self._touched: set[str] = set()
        self._carry = b""
        self._in_string = False
        self._end = b""

    @property
    def alternate(self) -> bool:
        """True while the alternate screen is shown."""
        return any(self._dec.get(mode) for mode in _ALTERNATE)

    @property
    def at_rest(self) -> bool:
        """True when nothing is half written: neither a sequence nor a character."""
        return not self._carry and not self._in_string and _whole(self._end)

    def feed(self, data: bytes) -> None:
        """`data` was written."""
        self._end = data[-4:]
        if not self._carry and b"\x1b" not in data and not self._in_string:
            return
        data = self._carry + data
        self._carry = b""
        unfinished = _UNFINISHED.search(data)
        if unfinished:
            self._carry = data[unfinished.start() :]
            data = data[: unfinished.start()]
        for found in _SEQUENCE.finditer(data):
            self._take(found)
        self._strings(data)

    def restore(self) -> bytes:
        """What puts the terminal back as a shell wants it. Written at the end of everything."""
        parts = [b"\x1b\\"]  # ends a string that was cut; otherwise nothing
        if self._dec.get(2026):
            parts.append(b"\x1b[?2026l")
        # Each screen has a stack of keyboard modes of its own: first that of the screen that is shown.
        for screen in (True, False) if self.alternate else (False,):
            if self._kitty[screen]:
                parts.append(b"\x1b[<%du" % self._kitty[screen])
            if screen:
                parts += [b"\x1b[?%dl" % mode for mode in sorted(_ALTERNATE) if self._dec.get(mode)]
        on = sorted(mode for mode in _OFF_AT_END - _ALTERNATE - {2026} if self._dec.get(mode))
        if on:
            parts.append(b"\x1b[?%bl" % b";".join(b"%d" % mode for mode in on))
        if self._dec.get(7) is False:
            parts.append(b"\x1b[?7h")
        parts += [undo for name, undo in _UNDO if name in self._touched]
        parts.append(b"\x1b]8;;\x1b\\\x1b[0m\x1b(B\x0f\x1b[?25h")
        return b"".join(parts)

    def told(self) -> bytes:
        """What brings fresh Modes that are fed it to this state; it is not for a terminal."""
        parts = [_KITTY_PUSH * self._kitty[False]]
        if self._kitty[True]:
            parts += [b"\x1b[?1049h", _KITTY_PUSH * self._kitty[True]]
            if not self._dec.get(1049):
                parts.append(b"\x1b[?1049l")
        parts += [b"\x1b[?%d%b" % (mode, b"h" if on else b"l") for mode, on in sorted(self._dec.items())]
        parts += [do for name, do in _DO if name in self._touched]
        if self._in_string:
            parts.append(b"\x1b^")
        parts.append(self._carry or (b"" if _whole(self._end) else self._end[-3:]))
        return b"".join(parts)

    def _take(self, found: re.Match[bytes]) -> None:
        self.changed = True
        if found["dec"]:
            for word in found["dec"].split(b";"):
                mode = int(word or 0)
                if mode in _OFF_AT_END or mode in _ON_AT_END:
                    self._dec[mode] = found["set"] == b"h"
        elif found["kitty"]:
            self._keyboard(found["kitty"], found["flags"])
        elif found["margins"] is not None:
            self._mark("margins", found["margins"] not in (b"", b";"))
        elif found["reset"] or found["soft"]:
            self._reset(hard=bool(found["reset"]))
        else:
            self._other(found)

    def _other(self, found: re.Match[bytes]) -> None:
        if found["insert"]:
            self._mark("insert", found["inserted"] == b"h")
        elif found["keypad"]:
            self._mark("keypad", found["keypad"] == b"=")
        elif found["style"]:
            self._mark("style", on=True)
        elif found["color"]:
            self._mark("color" + found["color"].decode(), on=True)
        else:
            self._mark("other", found["other"] not in (None, b"", b"0"))

    def _keyboard(self, act: bytes, flags: bytes) -> None:
        screen = self.alternate
        if act == b">":
            self._kitty[screen] += 1
        elif act == b"<":
            self._kitty[screen] = max(0, self._kitty[screen] - int(flags.partition(b";")[0] or 1))
        else:
            self._touched.add("kitty")

    def _mark(self, name: str, on: bool) -> None:
        if on:
            self._touched.add(name)
        else:
            self._touched.discard(name)

    def _reset(self, *, hard: bool) -> None:
        if hard:
            self._dec.clear()
            self._kitty = {False: 0, True: 0}
            self._touched.clear()
        else:
            for mode in (1, 6, 7, 25):
                self._dec.pop(mode, None)
            self._touched -= {"margins", "insert", "keypad"}

    def _strings(self, data: bytes) -> None:
        at = 0
        while True:
            pattern = _STRING_END if self._in_string else _STRING_BEGIN
            found = pattern.search(data, at)
            if not found:
                return
            at = found.end()
            self._in_string = not self._in_string


_UNDO: Final = (
    ("kitty", b"\x1b[=0;1u"),
    ("other", b"\x1b[>4m"),
    ("margins", b"\x1b7\x1b[r\x1b8"),  # resetting the margins moves the cursor
    ("insert", b"\x1b[4l"),
    ("keypad", b"\x1b>"),
    ("style", b"\x1b[0 q"),
    ("color10", b"\x1b]110\x1b\\"),
    ("color11", b"\x1b]111\x1b\\"),
    ("color12", b"\x1b]112\x1b\\"),
)

_KITTY_PUSH: Final = b"\x1b[>1u"
_DO: Final = (
    ("kitty", b"\x1b[=1u"),
    ("other", b"\x1b[>4;2m"),
    ("margins", b"\x1b[1;2r"),
    ("insert", b"\x1b[4h"),
    ("keypad", b"\x1b="),
    ("style", b"\x1b[1 q"),
    ("color10", b"\x1b]10;x\x07"),
    ("color11", b"\x1b]11;x\x07"),
    ("color12", b"\x1b]12;x\x07"),
)


def _whole(end: bytes) -> bool:
    """True when `end`, the last bytes written, does not stop inside a UTF-8 character."""
    for back in range(1, min(4, len(end)) + 1):
        byte = end[-back]
        if byte < 0x80:
            return True
        if byte >= 0xC0:
            return back >= (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4)
    return True
