"""The keys that belong to Tether and not to the agent, picked out of what a terminal sends. Pure.

A prefix (ctrl-\\ unless set otherwise) and a letter: `d` detach, `t` take control, `o` observe, `?` help; the prefix
twice sends it once; a second without a letter sends it too. An agent may have switched the outer terminal to another
way of encoding keys, so each of them is known in its plain form, in the CSI-u form (kitty, fixterms) and in xterm's
modifyOtherKeys form. Pasted text is passed on untouched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from tether.errors import USAGE, TetherError, printable

PREFIX_S: Final = 1.0  # after the prefix alone, this long; then it was meant for the agent
# A sequence cut by the network arrives within this; a bare Escape key is held no longer.
HOLD_S: Final = 0.01

DETACH: Final = "detach"
TAKE: Final = "take"
OBSERVE: Final = "observe"
HELP: Final = "help"
PASS: Final = "agent"  # noqa: S105 - no password

_LOCKS: Final = 64 | 128  # caps and num lock, in CSI-u's modifiers less one
_SHIFT: Final = 1
_CTRL: Final = 4
_RELEASE: Final = 3
_REPEAT: Final = 2
_MODIFIER_KEYS: Final = range(57441, 57455)
_CSI_U: Final = re.compile(rb"\x1b\[(\d+)(?::(\d*))?(?::(\d*))?(?:;(\d*)(?::(\d+))?)?(?:;[\d:]*)?u")
_MODIFY_OTHER: Final = re.compile(rb"\x1b\[27;(\d+);(\d+)~")
_CUT: Final = re.compile(rb"\x1b(?:\[[0-9:;]{0,40})?\Z")
_PASTE_BEGIN: Final = b"\x1b[200~"
_PASTE_END: Final = b"\x1b[201~"


@dataclass(frozen=True)
class Keys:
    """`prefix` is the character held with ctrl, `letter` the one that detaches."""

    prefix: str = "\\"
    letter: str = "d"

    @property
    def control(self) -> int:
        """The byte that the prefix sends in its plain form."""
        return ord(self.prefix.upper()) & 0x1F

    def shown(self) -> str:
        """As people write it."""
        return f"ctrl-{self.prefix} {self.letter}"


class Act(NamedTuple):
    """`kind` PASS: `data` is the agent's; otherwise what is asked of Tether."""

    kind: str
    data: bytes = b""


class _Key(NamedTuple):
    codes: frozenset[int]
    modifiers: int
    event: int


def parse(text: str) -> Keys | None:
    """The setting `detach_keys`: "ctrl-\\ d", or "none" for no such keys. TetherError when it is neither."""
    words = text.strip().split()
    if [word.lower() for word in words] == ["none"]:
        return None
    if len(words) == 2 and words[0].lower().startswith("ctrl-") and len(words[0]) == 6:
        prefix, letter = words[0][5].lower(), words[1]
        if ("a" <= prefix <= "z" or prefix in "\\]^_@") and len(letter) == 1 and " " < letter <= "~":
            return Keys(prefix, letter)
    raise TetherError(
        f"Detach keys that can't be: {printable(text, 40)!r}",
        hint="Give a prefix and a letter, as in 'ctrl-\\ d' or 'ctrl-] d', or none",
        code="usage",
        status=USAGE,
    )


class Parser:
    """Feed it what the terminal sends. With `keys` None it passes everything on."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys
        self._held = b""  # the beginning of a sequence
        self._held_until = 0.0
        self._prefix = b""  # as it came, while its letter is awaited
        self._prefix_until = 0.0
        self._pasting = False
        self._paste_tail = b""
        control = keys.control if keys else -1
        self._special = re.compile(b"[\x1b" + re.escape(bytes([control])) + b"]") if keys else re.compile(b"\x1b")

    def feed(self, data: bytes, now: float) -> list[Act]:
        """What `data`, come at `now` (monotonic seconds), means. Everything passed on is in order and complete."""
        if self._keys is None:
            return [Act(PASS, data)]
        if not (self._held or self._prefix or self._pasting or self._special.search(data)):
            return [Act(PASS, data)]
        data, self._held = self._held + data, b""
        acts: list[Act] = []
        passed = bytearray()
        at = 0
        while at < len(data):
            at = self._step(data, at, passed, acts, now)
        if passed:
            acts.append(Act(PASS, bytes(passed)))
        return acts

    @property
    def at_rest(self) -> bool:
        """True when what comes next stands for itself: nothing is held, no letter awaited, no paste under way."""
        return not (self._held or self._prefix or self._pasting)

    def stops(self) -> list[bytes]:
        """What somebody else who reads the typing must leave to this parser: a chunk with one of these in it, or that
        ends inside an escape sequence. Any other, fed to a parser at rest, is passed on and changes nothing."""
        keys = self._keys
        if keys is None:
            return []
        code = b"%d" % ord(keys.prefix)
        return [
            bytes([keys.control]), b"\x1b[%b;" % code, b"\x1b[%b:" % code, b":%b;" % code, b"\x1b[27;", _PASTE_BEGIN
        ]  # fmt: skip

    def deadline(self) -> float | None:
        """When `expire` has something to say if nothing comes before, in monotonic seconds."""
        times = [t for t, what in ((self._held_until, self._held), (self._prefix_until, self._prefix)) if what]
        return min(times) if times else None

    def expire(self, now: float) -> list[Act]:
        """What was held for too long is the agent's."""
        if (self._held and now >= self._held_until) or (self._prefix and now >= self._prefix_until):
            data = self._prefix + self._held
            self._prefix = self._held = b""
            return [Act(PASS, data)]
        return []

    def _step(self, data: bytes, at: int, passed: bytearray, acts: list[Act], now: float) -> int:
        """Take one token of `data` from `at`; where the next one begins."""
        if self._pasting:
            return self._paste(data, at, passed)
        if data[at] == 0x1B:
            if _CUT.match(data, at):
                self._held, self._held_until = data[at:], now + HOLD_S
                return len(data)
            if data.startswith(_PASTE_BEGIN, at):
                self._pasting, self._paste_tail = True, b""
                passed += self._prefix + _PASTE_BEGIN
                self._prefix = b""
                return at + len(_PASTE_BEGIN)
            found, end = _decode(data, at)
        else:
            found, end = _plain(data[at]), at + 1
        if self._prefix:
            self._after_prefix(found, data[at:end], passed, acts)
            return end
        if found is not None and self._is_prefix(found) and found.event not in (_RELEASE, _REPEAT):
            self._prefix, self._prefix_until = data[at:end], now + PREFIX_S
            return end
        following = self._special.search(data, end)
        stop = following.start() if following else len(data)
        passed += data[at:stop]
        return stop

    def _after_prefix(self, key: _Key | None, raw: bytes, passed: bytearray, acts: list[Act]) -> None:
        if key is not None and (key.event == _RELEASE or not key.codes.isdisjoint(_MODIFIER_KEYS)):
            self._prefix += raw  # letting go of the prefix, or pressing shift, is no key yet
            return
        if key is not None and self._is_prefix(key):
            if key.event == _REPEAT:
                self._prefix += raw
                return
            self._prefix = b""
            passed += raw
            return
        kind = self._command(key)
        if kind is None:
            passed += self._prefix + raw
        else:
            if passed:
                acts.append(Act(PASS, bytes(passed)))
                passed.clear()
            acts.append(Act(kind))
        self._prefix = b""

    def _is_prefix(self, key: _Key) -> bool:
        keys = self._keys
        return keys is not None and key.modifiers == _CTRL and ord(keys.prefix) in key.codes

    def _command(self, key: _Key | None) -> str | None:
        if key is None or key.modifiers & ~_SHIFT or self._keys is None:
            return None
        wanted = ((self._keys.letter, DETACH), ("t", TAKE), ("o", OBSERVE), ("?", HELP))
        for letter, kind in wanted:
            # A shifted letter is another letter; a sign may need shift on one keyboard and not on another.
            if ord(letter) in key.codes and not (key.modifiers & _SHIFT and letter.isalpha() and letter.islower()):
                return kind
        return None

    def _paste(self, data: bytes, at: int, passed: bytearray) -> int:
        """Pass pasted text on up to its end mark, which may have been cut anywhere."""
        tail = self._paste_tail
        seen = tail + data[at:]
        end = seen.find(_PASTE_END)
        if end < 0:
            passed += data[at:]
            self._paste_tail = seen[-(len(_PASTE_END) - 1) :]
            return len(data)
        stop = at + end + len(_PASTE_END) - len(tail)
        passed += data[at:stop]
        self._pasting, self._paste_tail = False, b""
        return stop


def _plain(byte: int) -> _Key:
    """The key that sends one byte: a control character is its letter with ctrl."""
    if byte < 0x20:
        return _Key(frozenset((ord(chr(byte | 0x40).lower()),)), _CTRL, 1)
    return _Key(frozenset((byte,)), 0, 1)


def _decode(data: bytes, at: int) -> tuple[_Key | None, int]:
    """The key whose sequence begins at `at` and where it ends; None for a sequence that is no such key."""
    found = _CSI_U.match(data, at)
    if found:
        code, shifted, base, modifiers, event = (int(group) if group else 0 for group in found.groups())
        bits = max(0, modifiers - 1)
        codes = {code, base} - {0}
        if shifted and bits & _SHIFT:
            codes.add(shifted)
        return _Key(frozenset(codes), bits & ~_LOCKS, event or 1), found.end()
    found = _MODIFY_OTHER.match(data, at)
    if found:
        return _Key(frozenset((int(found[2]),)), max(0, int(found[1]) - 1) & ~_LOCKS, 1), found.end()
    return None, at + 1


def is_typing(data: bytes) -> bool:
    """True when a person typed this; False for what a terminal says by itself: answers, focus and mouse reports."""
    return not _REPORTS.fullmatch(data)


_REPORTS: Final = re.compile(
    rb"(?:\x1b\[[?>=]?[\d;:]*[cRnxyt]|\x1b\[\?[\d;:]*(?:\$y|u)|\x1b\[[IO]|\x1b\[<[\d;]*[Mm]|\x1b\[M[\x20-\xff]{3}"
    rb"|\x1b[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\))*"
)
