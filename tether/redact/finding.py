"""Which parts of a text are secrets, and which may become one by what follows. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Final, NamedTuple

from tether.redact import assigning, encoded, pem, values
from tether.redact.rules import NameRule, Rules, TokenRule, VendorRule
from tether.redact.triggers import Triggers

# A value longer than this is judged by its beginning.
JUDGED_BYTES: Final = 1024
# By so much of it a value tells whether it is a word or random.
_STRONG_BYTES: Final = 256
_BEFORE_BYTES: Final = 500
# Typed by hand, so much of a key is shown: prose has words before colons.
_WEAK: Final = 6
# So much of what may be an encoded token is shown when the terminal falls silent.
_WEAK_ENCODED: Final = 12
# So many bytes of a known value may be shown while it is typed byte by byte: less would hold up ordinary words.
KNOWN_BYTES: Final = 3
# The hash of a value that is no longer known, only known again.
PRINT_BYTES: Final = 16
_NOTHING: Final = re.compile(rb"")
_FIRST_WORD: Final = re.compile(rb"\S*")
_DIGIT: Final = re.compile(rb"[0-9]")
# A value is tried to end at so many of the places where lines meet.
_JOINS_MAX: Final = 16
_SPACE: Final = re.compile(rb"\s")
_REST: Final = re.compile(rb"[^\s\"'`]*")
_WORD: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_LEFT: Final = {"word": _WORD, "dot": _WORD | frozenset(b"._-")}
# What may stand where lines were cut: blanks, line ends, the bytes of borders.
_EDGES: Final = b" \t\r\n|\xe2\x94\x82\x83\x86\x8a\x95\x91\x96\x8c\x8f\x90\x8e\xbf\xaa"
_Look = Callable[[bytes, int, int, Sequence[int], bool], "Found | None"]


class Found(NamedTuple):
    """text[start:end] is a secret of `kind`; `on` when it goes on behind the end of the text. When it is `open`, what
    follows will tell whether it is one; fewer than `weak` bytes of that may be shown. `more` matches what continues
    it; None for a key in armour. It is `named` when a name alone tells of it."""

    start: int
    end: int
    kind: str
    open: bool = False
    on: bool = False
    weak: int = 0
    more: re.Pattern[bytes] | None = None

    @property
    def named(self) -> bool:
        """Does nothing but its name tell of it?"""
        return self.more is _REST


class Print(NamedTuple):
    """A value by which it is known again: its first bytes, its length, its hash."""

    start: bytes
    size: int
    digest: bytes


class _Way(NamedTuple):
    """How to look at a trigger: it must stand as `exact` (None: in any case), `needs` must stand somewhere in the text,
    and `may` must match behind it before `look` is worth its while. `known` is the whole of a known value, without
    edges."""

    exact: bytes | None
    needs: bytes
    may: Callable[[bytes, int], object] | None
    look: _Look
    known: bytes = b""


class Finder:
    """Finds what `rules` describe, and the `known` literals. Matchers are made when they are first needed."""

    def __init__(self, rules: Rules, known: Sequence[bytes] = (), plain: bool = False) -> None:
        self._ways: dict[bytes, list[_Way]] = {}
        self._plain, self._much = plain, False
        for rule in rules.token:
            for literal in rule.prefix:
                exact = None if rule.nocase else literal.encode()
                self._add(literal, _Way(exact, b"", rule.may.match, partial(_look_token, rule)))
            for prefix in rule.prefixes if rule.encoded else ():
                for text, shift in encoded.encodings(prefix):
                    look = partial(_look_encoded, rule, prefix, shift)
                    self._add(text.decode(), _Way(text, b"", None, look))
        every: list[NameRule | VendorRule] = [*rules.name, *rules.vendor]
        for named in every:
            may = assigning.may(isinstance(named, VendorRule))
            for literal in named.names:
                self._add(literal, _Way(None, named.needs, may, partial(_look_named, named)))
        self._add(pem.OPENING.decode(), _Way(None, b"", None, _look_pem))
        self.know(known)

    def expect_much(self) -> None:
        """Be ready for megabytes: see `triggers`."""
        self._much = True
        self.know(())

    def know(self, values: Iterable[bytes], prints: Iterable[Print] = (), key: bytes = b"") -> None:
        """Find these literals too, from now on, and those of which only `prints` under `key` are there."""
        for value in values:
            way = _Way(value[:KNOWN_BYTES], b"", None, partial(_look_known, value), value.translate(None, _EDGES))
            self._ways.setdefault(value[:KNOWN_BYTES].lower(), []).append(way)
        for one in prints:
            way = _Way(one.start, b"", None, partial(_look_print, one, key))
            self._ways.setdefault(one.start.lower(), []).append(way)
        self._triggers = Triggers(list(self._ways), self._plain, self._much)
        self._needed = sorted({way.needs for ways in self._ways.values() for way in ways if way.needs})
        self._orders: dict[tuple[bytes, ...], list[list[_Way]]] = {}
        edged = [literal for literal in self._ways if literal.translate(None, _EDGES) != literal]
        self._edged = Triggers(edged, self._plain, self._much)
        self._every, self._with_edges = list(self._ways.values()), [self._ways[literal] for literal in edged]

    def _add(self, literal: str, way: _Way) -> None:
        self._ways.setdefault(literal.lower().encode(), []).append(way)

    def triggered(self, text: bytes) -> bool:
        """Does any trigger stand in `text`, in capitals or small letters?"""
        return bool(self._triggers.hits(text.lower()))

    def triggered_joined(self, text: bytes) -> bool:
        """Does any trigger stand in `text`, or would one if lines were joined in any way? Without its edges every
        trigger is found that holds none itself: only those few are looked for in the text as it is."""
        joined = text.translate(None, _EDGES)
        # Of a known value three bytes are its trigger, and stand in a flood by chance. Where nothing is drawn beside it
        # or over it, all of it stands there, or its beginning at the end.
        plain = b"|" not in text and b"\xe2" not in text and text.count(b"\r") == text.count(b"\r\n")
        return _stands(self._triggers, self._every, joined, plain) or _stands(self._edged, self._with_edges, text)

    def find(self, text: bytes, joins: Sequence[int] = (), final: bool = False) -> list[Found]:
        """All secrets in `text`. `joins` are places where lines meet that may or may not belong together. When it is
        not `final`, what touches the end of the text is open."""
        lowered = text.lower()
        hits = self._triggers.hits(lowered)
        if not hits:
            return []
        order = self._order(lowered)
        found: list[Found] = []
        for number, start, end in hits:
            for exact, _, may, look, _ in order[number]:
                if (exact is None or text[start:end] == exact) and (may is None or may(text, end)):
                    one = look(text, start, end, joins, final)
                    if one is not None:
                        found.append(one)
        return found

    def _order(self, lowered: bytes) -> list[list[_Way]]:
        """The ways of each trigger that are worth their while in a text."""
        there = tuple(need for need in self._needed if need in lowered)
        order = self._orders.get(there)
        if order is None:
            order = [[way for way in ways if not way.needs or way.needs in there] for ways in self._ways.values()]
            self._orders[there] = order
        return order


def _stands(triggers: Triggers, ways: Sequence[list[_Way]], text: bytes, plain: bool = False) -> bool:
    """Is one of `triggers` in `text`, in capitals and small letters as its ways want it? A known value counts in
    `plain` text, which has no edges, when all of it stands there or may follow."""
    numbers = {number for number, _, _ in triggers.hits(text.lower())}
    there = (way for number in numbers for way in ways[number] if way.exact is None or way.exact in text)
    return any(not (plain and way.known) or way.known in text or _may_follow(text, way.known) for way in there)


def _may_follow(text: bytes, value: bytes) -> bool:
    """Does `text` end with the beginning of `value`?"""
    tail, opening = text[-len(value) :], value[:KNOWN_BYTES]
    at = tail.find(opening)
    while at >= 0 and not value.startswith(tail[at:]):
        at = tail.find(opening, at + 1)
    return at >= 0


def _look_known(value: bytes, text: bytes, start: int, end: int, joins: Sequence[int], final: bool) -> Found | None:
    if text.startswith(value, start):
        return Found(start, start + len(value), "known-value", more=_NOTHING)
    if not final and value.startswith(text[start : start + len(value)]):
        return Found(start, len(text), "known-value", open=True, weak=KNOWN_BYTES + 1, more=_NOTHING)
    return None


def _look_print(
    one: Print, key: bytes, text: bytes, start: int, end: int, joins: Sequence[int], final: bool
) -> Found | None:
    stop = start + one.size
    if stop <= len(text):
        same = blake2b(text[start:stop], key=key, digest_size=PRINT_BYTES).digest() == one.digest
        return Found(start, stop, "known-value", more=_NOTHING) if same else None
    if final or values.plain_word(one.start) or _SPACE.search(text, start) is not None:
        return None
    # Only all of it could tell. Words are not held up for that, and silence shows it.
    return Found(start, len(text), "known-value", open=True, weak=len(text), more=_NOTHING)


def _look_pem(text: bytes, start: int, end: int, joins: Sequence[int], final: bool) -> Found | None:
    block = pem.look(text, start, final, joins)
    return None if block is None else Found(block.start, block.end, block.kind, not block.sure, not block.closed)


def _look_encoded(
    rule: TokenRule, plain: bytes, shift: int, text: bytes, start: int, end: int, joins: Sequence[int], final: bool
) -> Found | None:
    run = encoded.RUN.match(text, start)
    stop = run.end() if run is not None else end
    if stop == len(text) and not final and stop - start < JUDGED_BYTES:
        return Found(end, stop, rule.kind, open=True, weak=_WEAK_ENCODED, more=encoded.RUN)
    meaning, group = encoded.decoded(text, start, stop, shift)
    if len(meaning) < shift + len(plain):
        return None  # it is no base64 as a whole
    found = _look_token(rule, meaning, shift, shift + len(plain), (), True)
    if found is None:
        return None
    first, last = encoded.span(group, found.start, found.end)
    return Found(max(first, end), min(last, stop), rule.kind, more=encoded.RUN)


def _look_token(rule: TokenRule, text: bytes, start: int, end: int, joins: Sequence[int], final: bool) -> Found | None:
    if rule.left != "any" and start and text[start - 1] in _LEFT[rule.left] and start not in joins:
        return None
    if rule.lead_pattern is not None:
        lead = rule.lead_pattern.match(text, end)
        if lead is None:
            return None
        end = lead.end()
    if rule.before_pattern and not rule.before_pattern.search(text, max(0, start - _BEFORE_BYTES), start):
        return None
    found = rule.run.match(text, end)
    stop = found.end() if found is not None else end
    ends = stop == len(text) or (len(rule.until) > 1 and rule.until.startswith(text[stop:].decode("latin-1")))
    grows = ends and not final and _may_grow(rule, stop - end)
    if grows and stop - end < JUDGED_BYTES:
        return Found(end, stop, rule.kind, open=True, weak=rule.weak, more=rule.run)
    if stop == len(text) - 1 and not final and end < stop < end + rule.min and text[stop] > 32:
        # The last character does not belong, and may be taken back: somebody types. Nobody knows that by silence.
        return Found(end, stop, rule.kind, open=True, weak=JUDGED_BYTES, more=rule.run)
    for limit in _limits(text, end, stop, joins):
        value_end = _token_end(rule, text, end, limit)
        if value_end >= 0:
            return Found(end, value_end, rule.kind, on=grows and value_end == stop, more=rule.run)
    return None


def _may_grow(rule: TokenRule, size: int) -> bool:
    return not rule.max or size < rule.max or (size == rule.max and (rule.exact or bool(rule.until)))


def _limits(text: bytes, start: int, stop: int, joins: Sequence[int]) -> Iterable[int]:
    """Where the value may end, the likeliest first: where its characters do, or where lines meet before that. A line
    that begins with a word is rather a new one."""
    inside = joins[bisect_right(joins, start) : bisect_left(joins, stop)]
    if inside and values.plain_word(text[inside[-1] : stop]):
        yield inside[-1]
        yield stop
        inside = inside[:-1]
    else:
        yield stop
    yield from reversed(inside[:_JOINS_MAX])


def _token_end(rule: TokenRule, text: bytes, start: int, stop: int) -> int:
    """Where the value that may go on to `stop` ends, or -1 when it is none."""
    size = stop - start
    if rule.max and size > rule.max:
        if rule.exact or rule.until:
            return -1
        stop = start + rule.max
    if rule.shape_pattern is not None:
        shape = rule.shape_pattern.match(text, start, stop)
        if shape is None:
            return -1
        stop = shape.end()
    if stop - start < rule.min or (rule.until and not text.startswith(rule.until.encode(), stop)):
        return -1
    return stop if _plausible(rule, text[start : min(stop, start + JUDGED_BYTES)]) else -1


def _plausible(rule: TokenRule, value: bytes) -> bool:
    if rule.password:
        return values.chosen(value)
    if rule.digits and _DIGIT.search(value) is None:
        return False
    if rule.words and values.wordy(value):
        return False
    return values.token(value, rule.entropy)


def _look_named(
    rule: NameRule | VendorRule, text: bytes, start: int, end: int, joins: Sequence[int], final: bool
) -> Found | None:
    name_end = assigning.suffix_end(text, end, isinstance(rule, VendorRule))
    if name_end < 0 or not _whole(rule, text, start):
        return None
    whole = assigning.value_of(text, start, name_end)
    if whole is None:
        return None
    near = joins[bisect_right(joins, name_end) : bisect_right(joins, whole.end)]
    for size in _sizes(text, near, final) if near else (len(text),):
        value = assigning.value_of(text[:size], start, name_end) if size < len(text) else whole
        found = _judged(rule, text, value, final or size < len(text)) if value is not None else None
        if found is not None:
            return found if _tells(rule, text, start, end, name_end) else None
    return None


def _judged(rule: NameRule | VendorRule, text: bytes, value: assigning.Value, final: bool) -> Found | None:
    if value.code:
        return None
    grows = value.open and not final
    if grows and value.end - value.start < JUDGED_BYTES:
        weak = 0 if isinstance(rule, NameRule) and rule.strength == "password" else _WEAK
        return Found(value.start, value.end, rule.kind, open=True, weak=weak, more=_REST)
    if not _strong(rule, text[value.start : min(value.end, value.start + _STRONG_BYTES)], value.quoted):
        return None
    return Found(value.start, value.end, rule.kind, on=grows, more=_REST)


def _sizes(text: bytes, near: Sequence[int], final: bool) -> Iterable[int]:
    """How much of `text` to look at for a value: all, or to where lines meet. A line that begins with a word is rather
    a new one, but a word at the end of what has come may go on."""
    words = [(join, _FIRST_WORD.match(text, join)) for join in near]
    first = [
        join
        for join, word in words
        if word is not None and (final or word.end() < len(text)) and values.plain_word(word[0])
    ]
    return [*first[:1], len(text), *reversed(near[:_JOINS_MAX])]


def _whole(rule: NameRule | VendorRule, text: bytes, start: int) -> bool:
    """Does the word begin where it has to?"""
    if not start or text[start - 1] not in _WORD:
        return True
    if isinstance(rule, VendorRule):
        return False
    if not rule.whole or text[start] in b"_-\"'":
        return True
    # A capital in the midst of a name begins a word too.
    return text[start - 1 : start].islower() and text[start : start + 1].isupper()


def _tells(rule: NameRule | VendorRule, text: bytes, start: int, end: int, name_end: int) -> bool:
    """Nothing around the name makes it harmless."""
    if isinstance(rule, VendorRule):
        return not (rule.excluded_pattern and name_end > end and rule.excluded_pattern.match(text[end:name_end]))
    line = text[max(text.rfind(b"\n", 0, start) + 1, start - _BEFORE_BYTES) : start]
    if rule.before_pattern is not None and rule.before_pattern.search(line) is None:
        return False
    return rule.excluded_pattern is None or rule.excluded_pattern.search(line[-60:]) is None


def _strong(rule: NameRule | VendorRule, value: bytes, quoted: bool) -> bool:
    if isinstance(rule, VendorRule):
        return rule.shape_pattern.fullmatch(value) is not None and values.key(value, quoted)
    match rule.strength:
        case "password":
            return values.password(value, quoted)
        case "key":
            return values.key(value, quoted)
        case "long":
            return len(value) >= 16 and values.key(value, quoted, 3.2)
        case _:
            return len(value) >= 8 and not values.refused(value)
