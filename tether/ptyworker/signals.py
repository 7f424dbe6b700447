"""What a terminal's output says beside the screen: titles, notices, the bell, marks of prompts, the directory. Pure.

Found by the sequences' own form (OSC 0, 1, 2, 7, 9, 99, 133, 777 and BEL); what is on the screen is never read. Of
titles only changes of what they mean are told, by the provider's rules: a spinner turns ten times a second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tether.wire.agents import Signalled

_OSC: Final = re.compile(rb"\x1b\](\d{1,4});([^\x07\x1b]*)(?:\x07|\x1b\\)")
_TEXT_MAX: Final = 200
# An OSC that is longer is no title; nothing is kept for it.
_CARRY_MAX: Final = 4096
_KINDS: Final = {
    b"0": "title",
    b"2": "title",
    b"7": "cwd",
    b"9": "notice",
    b"99": "notice",
    b"133": "mark",
    b"777": "notice",
}


class Signals:
    """One session's. `rules` are (regular expression, state), the first that is found in a title counts."""

    def __init__(self, rules: Sequence[tuple[str, str]] = ()) -> None:
        self._rules = [(re.compile(pattern), state) for pattern, state in rules]
        self._carry = b""
        self._last: dict[str, Signalled] = {}

    def feed(self, data: bytes | memoryview) -> list[Signalled]:
        """What is said in the next output."""
        text = bytes(data)
        if self._carry:
            text = self._carry + text
            self._carry = b""
        elif b"\x1b" not in text and b"\x07" not in text:
            return []  # one character is found a hundred times faster than two
        elif b"\x07" not in text and b"\x1b]" not in text and not text.endswith(b"\x1b"):
            return []
        told: list[Signalled] = []
        end = 0
        for found in _OSC.finditer(text):
            if b"\x07" in text[end : found.start()]:
                told.append(Signalled("bell"))
            end = found.end()
            signal = self._osc(found[1], found[2])
            if signal is not None:
                told.append(signal)
        rest = text[end:]
        opening = rest.rfind(b"\x1b]")
        if opening < 0 and rest.endswith(b"\x1b"):
            opening = len(rest) - 1
        if opening >= 0 and len(rest) - opening <= _CARRY_MAX and b"\x07" not in rest[opening:]:
            self._carry, rest = rest[opening:], rest[:opening]
        if b"\x07" in rest:
            told.append(Signalled("bell"))
        return told

    def _osc(self, number: bytes, body: bytes) -> Signalled | None:
        kind = _KINDS.get(number)
        text = "".join(c for c in body[:_TEXT_MAX].decode("utf-8", "replace") if c.isprintable())
        if kind is None or (number == b"9" and text.startswith("4;")):  # a progress bar
            return None
        if kind == "notice" and number == b"777":
            text = text.removeprefix("notify;").replace(";", ": ", 1)
        state = ""
        if kind == "title":
            state = next((state for rule, state in self._rules if rule.search(text)), "")
            last = self._last.get(kind)
            if last is not None and self._rules and last.state == state:
                return None
        signal = Signalled(kind, text, state)
        if kind in ("title", "cwd") and self._last.get(kind) == signal:
            return None
        self._last[kind] = signal
        return signal

    @property
    def title_state(self) -> str:
        """What the newest title says of the agent; "" when nothing."""
        last = self._last.get("title")
        return last.state if last is not None else ""

    def latest(self) -> list[Signalled]:
        """What was said last of what stays true: for an adapter that comes in."""
        return [self._last[kind] for kind in ("title", "cwd", "mark") if kind in self._last]
