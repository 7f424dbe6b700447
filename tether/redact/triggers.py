"""Where in a text any of many literals stand, without regard to case. Pure.

`ahocorasick_rs` finds all of them in one pass: with an automaton that is small and soon made, or for who looks through
megabytes with one that takes half the time for each (and 3 MB, and 20 ms to make). Where there is no wheel of it (musl,
unusual machines) one compiled regular expression does the same, ten times slower.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

try:
    from ahocorasick_rs import BytesAhoCorasick, Implementation
except ImportError:
    BytesAhoCorasick = None  # type: ignore[assignment, misc]


class Triggers:
    """Finds `literals`, which are lower case, in lower-case text; `much` text when that is set."""

    def __init__(self, literals: Sequence[bytes], plain: bool = False, much: bool = False) -> None:
        self._search: _Regex | None = None
        if BytesAhoCorasick is None or plain or not literals:
            self._search = _Regex(literals)
        else:
            self._machine = BytesAhoCorasick(list(literals), implementation=Implementation.DFA if much else None)

    def hits(self, lowered: bytes) -> list[tuple[int, int, int]]:
        """(number of the literal, start, end) of all of them, overlapping ones too, by their ends."""
        if self._search is not None:
            return self._search.hits(lowered)
        return self._machine.find_matches_as_indexes(lowered, overlapping=True)


class _Regex:
    def __init__(self, literals: Sequence[bytes]) -> None:
        self._numbers = {literal: number for number, literal in enumerate(literals)}
        self._pattern = re.compile(b"(?=(" + _tree(sorted(self._numbers)) + b"))") if literals else None
        # A longer literal hides the shorter ones that it begins with.
        self._within = {
            literal: [number for other, number in self._numbers.items() if literal.startswith(other)]
            for literal in self._numbers
        }
        self._sizes = [len(literal) for literal in literals]

    def hits(self, lowered: bytes) -> list[tuple[int, int, int]]:
        if self._pattern is None:
            return []
        found = [
            (number, match.start(), match.start() + self._sizes[number])
            for match in self._pattern.finditer(lowered)
            for number in self._within[match[1]]
        ]
        return sorted(found, key=lambda hit: (hit[2], hit[1]))


def _tree(literals: Sequence[bytes]) -> bytes:
    """A regular expression for the longest of `literals`, which are sorted: what they begin with stands there once."""
    ends = b"" in literals
    branches: dict[bytes, list[bytes]] = {}
    for literal in literals:
        if literal:
            branches.setdefault(literal[:1], []).append(literal[1:])
    if not branches:
        return b""
    text = b"|".join(re.escape(first) + _tree(rest) for first, rest in branches.items())
    return b"(?:" + text + b")" + (b"?" if ends else b"")
