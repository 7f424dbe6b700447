"""What `git diff --raw -z -p` says, as values. Pure.

Names and lines stay bytes: a repository may hold anything. The hunks' own counts say where a hunk ends, so that a
line that looks like a header is a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

_HUNK: Final = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)", re.DOTALL)
_SUBMODULE: Final = 0o160000
_NO_NEWLINE: Final = b"\\"


@dataclass(frozen=True)
class Hunk:
    """Lines from `old` and `new` (from 1) on, each with its sign: space, minus, plus, or backslash for a line's missing
    end."""

    old: int
    new: int
    heading: bytes
    lines: list[bytes]


@dataclass(frozen=True)
class FileChange:
    """One file. `status` is M(odified), A(dded), D(eleted), R(enamed), C(opied), T(ype) or U(nmerged); modes are 0
    where there is no file. `cut`: the diff was too long, and this file's is not all there."""

    path: bytes
    old_path: bytes
    status: str
    old_mode: int
    new_mode: int
    binary: bool = False
    conflict: bool = False
    cut: bool = False
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def submodule(self) -> bool:
        """It is another repository, of which only the commit counts."""
        return _SUBMODULE in (self.old_mode, self.new_mode)

    def count(self, sign: bytes) -> int:
        """How many lines have this sign."""
        return sum(line.startswith(sign) for hunk in self.hunks for line in hunk.lines)


def parse(data: bytes, unmerged: frozenset[bytes] = frozenset(), *, whole: bool = True) -> list[FileChange]:
    """The files of one diff, in git's order. `unmerged` are those in conflict. With `whole` False the output was cut
    somewhere: its last file is marked, and those that are missing."""
    named, at = _raw(data)
    lines = data[at:].split(b"\n")
    if not whole and lines:
        lines.pop()
    reader = _Reader(lines)
    unmerged |= {one.path for one in named if one.status == "U"}
    shown = [one for one in named if one.status != "U"]
    found = [_patched(one, reader) for one in shown]
    there = {one.path for one in found}
    found = [replace(one, conflict=True) if one.path in unmerged else one for one in found]
    found += [replace(one, conflict=True) for one in named if one.status == "U" and one.path not in there]
    return found if whole else _marked(found, reader.started)


def _marked(found: list[FileChange], started: int) -> list[FileChange]:
    """The last file that was begun, and those after it, as cut."""
    return [replace(one, cut=True) if number >= started - 1 else one for number, one in enumerate(found)]


def _raw(data: bytes) -> tuple[list[FileChange], int]:
    """The records before the patch, and where the patch begins."""
    found: list[FileChange] = []
    at = 0
    while data[at : at + 1] == b":":
        end = data.find(b"\0", at)
        words = data[at:end].lstrip(b":").split(b" ")
        if end < 0 or len(words) < 5:
            break
        # A file in conflict is compared with more than one other: it has a colon, a mode and an object for each.
        status = words[-1][:1].decode("ascii", "replace") if len(words) == 5 else "U"
        names, at = _names(data, end + 1, 2 if status in "RC" else 1)
        found.append(FileChange(names[-1], names[0], status, int(words[0], 8), int(words[1], 8)))
    return found, at + (data[at : at + 1] == b"\0")


def _names(data: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    names = []
    for _ in range(count):
        end = data.find(b"\0", at)
        end = len(data) if end < 0 else end
        names.append(data[at:end])
        at = end + 1
    return names, at


class _Reader:
    """The patch's lines; `started` counts the files that were begun."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.at = 0
        self.started = 0

    def section(self) -> tuple[bool, list[Hunk]]:
        """The next file's part: is it binary, and its hunks."""
        while self.at < len(self.lines) and not self._header():
            self.at += 1
        binary, hunks = False, []
        if self.at < len(self.lines):
            self.started += 1
            self.at += 1
        while self.at < len(self.lines) and not self._header():
            line = self.lines[self.at]
            self.at += 1
            binary = binary or line.startswith((b"Binary files ", b"GIT binary patch"))
            match = _HUNK.fullmatch(line)
            if match is not None:
                hunks.append(self._hunk(match))
        return binary, hunks

    def _header(self) -> bool:
        return self.lines[self.at].startswith(b"diff --git ")

    def _hunk(self, match: re.Match[bytes]) -> Hunk:
        old, new = int(match[1]), int(match[3])
        left = int(match[2]) if match[2] is not None else 1
        right = int(match[4]) if match[4] is not None else 1
        lines: list[bytes] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            sign = line[:1]
            if sign != _NO_NEWLINE and left <= 0 and right <= 0:
                break
            if sign not in (b" ", b"-", b"+", _NO_NEWLINE):
                break
            left -= sign in (b" ", b"-")
            right -= sign in (b" ", b"+")
            lines.append(line)
            self.at += 1
        return Hunk(old, new, match[5], lines)


def _patched(one: FileChange, reader: _Reader) -> FileChange:
    """`one` with its part of the patch. A change of type is told as an end and a beginning."""
    binary, hunks = reader.section()
    if one.status == "T":
        again, more = reader.section()
        binary, hunks = binary or again, hunks + more
    return replace(one, binary=binary, hunks=hunks)
