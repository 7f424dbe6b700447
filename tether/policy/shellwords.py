"""A shell command line as the simple commands that it would run. Pure.

What is read here is the plain part of the POSIX shell's grammar (2.2 quoting, 2.3 tokens, 2.9 lists and pipelines). All
that is not, and all that could run something else than what stands there, makes the whole line unreadable: a rule must
never allow what it did not see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_BLANK: Final = " \t"
# Separate one command from the next.
_OPERATORS: Final = ("&&", "||", "|&", ";;", ";", "|", "&", "\n")
# Begin what only a shell can read: grouping, substitution, here-documents, functions.
_RESERVED: Final = frozenset({
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in", "function",
    "select", "time", "coproc", "{", "}", "!", "[[",
})  # fmt: skip
_LINE_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command. `certain` is False when a word holds an expansion ($NAME, a brace, a tilde, a file name's
    pattern): then what it will be is not what stands there. `writes` are the files that its redirections write to or
    create, `reads` those that they read, `sets` whether variables are set before it."""

    words: tuple[str, ...]
    certain: bool = True
    writes: tuple[str, ...] = ()
    sets: bool = False
    reads: tuple[str, ...] = ()


class Unreadable(ValueError):
    """Why a line is left to people."""


@dataclass
class _Reading:
    words: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    certain: bool = True
    sets: bool = False

    def end(self) -> Command | None:
        if not self.words and not self.writes and not self.reads and not self.sets:
            return None
        return Command(tuple(self.words), self.certain, tuple(self.writes), self.sets, tuple(self.reads))


def commands(line: str) -> list[Command]:  # noqa: C901 - one look at each case, in its order
    """The simple commands of `line`, in order. Unreadable when they can't be told for certain."""
    if len(line) > _LINE_MAX or "\0" in line:
        raise Unreadable("it is too long, or holds a NUL")
    found: list[Command] = []
    reading, at, needed = _Reading(), 0, False
    while at < len(line):
        if line[at] in _BLANK:
            at += 1
        elif line.startswith("\\\n", at):
            at += 2
        elif line[at] == "#":
            at = _end_of_line(line, at)
        elif operator := next((one for one in _OPERATORS if line.startswith(one, at)), ""):
            command = reading.end()
            if command is None and operator == "\n":
                at += 1
                continue
            if command is None or operator == ";;":
                raise Unreadable(f"nothing stands before {operator!r}, or it is a part of something larger")
            found.append(command)
            reading, at = _Reading(), at + len(operator)
            needed = operator in ("&&", "||", "|", "|&")
        elif line[at] in "<>" or (line[at].isdigit() and _is_redirection(line, at)):
            at = _redirection(line, at, reading)
        else:
            at = _word_into(line, at, reading)
    command = reading.end()
    if command is not None:
        found.append(command)
    elif needed:
        raise Unreadable("it ends in the middle")
    return found


def _word_into(line: str, at: int, reading: _Reading) -> int:
    word, certain, quoted, end = _word(line, at)
    if not reading.words and not quoted and word in _RESERVED:
        raise Unreadable(f"{word!r} begins what only a shell can read")
    name, equals, _ = word.partition("=")
    if not reading.words and equals and name.rstrip("+").isidentifier():
        reading.sets = True
    else:
        reading.words.append(word)
    reading.certain = reading.certain and certain
    return end


def _word(line: str, at: int) -> tuple[str, bool, bool, int]:  # noqa: C901 - one look at each case, in its order
    """The word at `at`: (its text without quotes, whether that is what it will be, whether it was quoted, its end)."""
    text: list[str] = []
    certain, quoted, start = True, False, at
    while at < len(line):
        c = line[at]
        if c in " \t\n;|&<>":
            break
        if c in "()":
            raise Unreadable("a subshell or a function")
        if c == "'":
            end = line.find("'", at + 1)
            if end < 0:
                raise Unreadable("a quote is not closed")
            text.append(line[at + 1 : end])
            quoted, at = True, end + 1
        elif c == '"':
            inner, sure, at = _double(line, at + 1)
            text.append(inner)
            certain, quoted = certain and sure, True
        elif c == "\\":
            if at + 1 >= len(line):
                raise Unreadable("it ends in a backslash")
            if line[at + 1] != "\n":
                text.append(line[at + 1])
            quoted, at = True, at + 2
        elif c == "`" or line.startswith(("$(", "${", "$'", '$"'), at):
            raise Unreadable("a command or an expansion inside of it")
        else:
            # A shell replaces a tilde behind = and : too, and zsh a name behind the = that begins a word.
            if c in "${}*?[" or (c == "~" and (at == start or line[at - 1] in "=:")) or (c == "=" and at == start):
                certain = False
            text.append(c)
            at += 1
    return "".join(text), certain, quoted, at


def _double(line: str, at: int) -> tuple[str, bool, int]:
    """What stands between double quotes from `at` on."""
    text: list[str] = []
    certain = True
    while at < len(line) and line[at] != '"':
        if line[at] == "`" or line.startswith(("$(", "${"), at):
            raise Unreadable("a command or an expansion inside of it")
        if line[at] == "\\" and at + 1 < len(line) and line[at + 1] in '$`"\\\n':
            if line[at + 1] != "\n":
                text.append(line[at + 1])
            at += 2
            continue
        if line[at] == "$":
            certain = False
        text.append(line[at])
        at += 1
    if at >= len(line):
        raise Unreadable("a quote is not closed")
    return "".join(text), certain, at + 1


def _is_redirection(line: str, at: int) -> bool:
    """Is the number at `at` a descriptor before < or >?"""
    end = at
    while end < len(line) and line[end].isdigit():
        end += 1
    return end < len(line) and line[end] in "<>" and (at == 0 or line[at - 1] in " \t\n;|&")


def _redirection(line: str, at: int, reading: _Reading) -> int:
    while line[at].isdigit():
        at += 1
    operator = next(
        one for one in ("<<", "<(", ">(", "<>", ">>", ">|", ">&", "<&", "<", ">") if line.startswith(one, at)
    )
    if operator in ("<<", "<(", ">("):
        raise Unreadable("a here-document or a process in the place of a file")
    at += len(operator)
    while at < len(line) and line[at] in _BLANK:
        at += 1
    target, certain, _, end = _word(line, at)
    if end == at:
        raise Unreadable("a redirection without a file")
    # ">!" is an operator of zsh's: the file is what stands behind it.
    reading.certain = reading.certain and certain and line[at] != "!"
    if operator in (">&", "<&") and (target.isdigit() or target == "-"):
        return end
    if target != "/dev/null":
        (reading.reads if operator == "<" else reading.writes).append(target)
    return end


def _end_of_line(line: str, at: int) -> int:
    end = line.find("\n", at)
    return len(line) if end < 0 else end
