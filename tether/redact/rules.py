"""Rules: what a file of them says, checked, and made into matchers. Pure but for reading the shipped file, once."""

from __future__ import annotations

import re
import tomllib
from functools import cache, cached_property
from typing import Final, Literal

import msgspec

from tether.errors import USAGE, TetherError, printable

_PREFIX_MIN: Final = 2
_REGEX_MAX: Final = 500


class TokenRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """A value behind a public prefix. rules.toml says what the fields mean."""

    kind: str
    prefix: list[str]
    chars: str
    min: int = 1
    max: int = 0
    exact: bool = False
    nocase: bool = False
    lead: str = ""
    before: str = ""
    left: Literal["word", "dot", "any"] = "word"
    shape: str = ""
    until: str = ""
    entropy: float = 2.6
    words: bool = False
    digits: bool = False
    password: bool = False
    weak: int = 0

    @property
    def encoded(self) -> bool:
        """Can it be told by its beginning when it was encoded?"""
        return (
            (self.left != "any" or min(map(len, self.prefix)) >= 12)
            and not self.before
            and not self.nocase
            and self.kind != "jwt"
        )

    @cached_property
    def prefixes(self) -> frozenset[bytes]:
        """The prefixes as they must stand."""
        return frozenset(prefix.encode() for prefix in self.prefix)

    @cached_property
    def run(self) -> re.Pattern[bytes]:
        """The longest run of the value's characters."""
        return re.compile(b"[" + self.chars.encode() + b"]*")

    @cached_property
    def may(self) -> re.Pattern[bytes]:
        """What stands behind the prefix of every value, and of every beginning of one: quickly refused otherwise."""
        one = b"[" + self.chars.encode() + b"]"
        least = b"%d" % min(self.min, 255)
        return re.compile(self.lead.encode() + b"(?:" + one + b"{" + least + b"}|" + one + rb"*.?\Z)")

    @cached_property
    def lead_pattern(self) -> re.Pattern[bytes] | None:
        """What stands between prefix and value."""
        return re.compile(self.lead.encode()) if self.lead else None

    @cached_property
    def before_pattern(self) -> re.Pattern[bytes] | None:
        """What must stand before the prefix."""
        return re.compile(b"(?:" + self.before.encode() + rb")\Z") if self.before else None

    @cached_property
    def shape_pattern(self) -> re.Pattern[bytes] | None:
        """How the value begins, and where it ends."""
        return re.compile(self.shape.encode()) if self.shape else None


class NameRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"excluded": "not"}, dict=True):
    """A telling name before a value."""

    kind: str
    names: list[str]
    strength: Literal["password", "key", "long", "any"] = "key"
    whole: bool = False
    before: str = ""
    excluded: str = ""

    @property
    def needs(self) -> bytes:
        """A word, in small letters, without which the rule finds nothing; empty when there is none."""
        return self.before.lower().encode() if self.before.isalpha() else b""

    @cached_property
    def before_pattern(self) -> re.Pattern[bytes] | None:
        """What must stand in the line before the name."""
        return re.compile(b"(?i:" + self.before.encode() + rb")[^\n]*\Z") if self.before else None

    @cached_property
    def excluded_pattern(self) -> re.Pattern[bytes] | None:
        """What before the name makes it tell nothing."""
        return re.compile(b"(?i:" + self.excluded.encode() + rb")\Z") if self.excluded else None


class VendorRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"excluded": "not"}, dict=True):
    """A vendor's name within a name, before a value of that vendor's shape."""

    kind: str
    names: list[str]
    shape: str
    excluded: str = ""

    @property
    def needs(self) -> bytes:
        """As of names: nothing."""
        return b""

    @cached_property
    def shape_pattern(self) -> re.Pattern[bytes]:
        """The whole value."""
        return re.compile(b"(?:" + self.shape.encode() + b")")

    @cached_property
    def excluded_pattern(self) -> re.Pattern[bytes] | None:
        """Ends of the name that tell of something public."""
        return re.compile(b"(?i:.*[_.-]?(?:" + self.excluded.encode() + rb"))\Z") if self.excluded else None


Rule = TokenRule | NameRule | VendorRule


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of rules."""

    token: list[TokenRule] = []
    name: list[NameRule] = []
    vendor: list[VendorRule] = []

    def joined(self, other: Rules) -> Rules:
        """These rules and the others."""
        return Rules(self.token + other.token, self.name + other.name, self.vendor + other.vendor)


@cache
def shipped() -> Rules:
    """The rules that come with Tether."""
    with open(__file__.rpartition("/")[0] + "/rules.toml", "rb") as file:
        return msgspec.convert(tomllib.load(file), Rules)


def parse(text: bytes, source: str) -> Rules:
    """A user's own rules out of `text`. TetherError names the rule that does not fit."""
    try:
        rules = msgspec.convert(tomllib.loads(text.decode()), Rules)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(source, f"it is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise _invalid(source, str(error)) from None
    every: list[Rule] = [*rules.token, *rules.name, *rules.vendor]
    for rule in every:
        problem = _problem(rule)
        if problem:
            raise _invalid(source, f"rule {printable(rule.kind, 60)!r}: {problem}")
    return rules


def _problem(rule: Rule) -> str:
    literals = rule.prefix if isinstance(rule, TokenRule) else rule.names
    if not rule.kind or not literals:
        return "it needs a kind and something to look for"
    for literal in literals:
        if len(literal) < _PREFIX_MIN or not literal.isascii() or "\n" in literal:
            return f"{literal!r} is not at least {_PREFIX_MIN} ASCII characters of one line"
    if isinstance(rule, TokenRule) and (rule.min < 0 or (rule.max and rule.max < rule.min)):
        return f"min {rule.min} and max {rule.max} exclude each other"
    return _bad_regex(rule)


def _bad_regex(rule: Rule) -> str:
    if isinstance(rule, TokenRule):
        texts = {"chars": f"[{rule.chars}]", "lead": rule.lead, "before": rule.before, "shape": rule.shape}
    else:
        other = rule.shape if isinstance(rule, VendorRule) else rule.before
        texts = {"not": rule.excluded, "shape" if isinstance(rule, VendorRule) else "before": other}
    for field, text in texts.items():
        if len(text) > _REGEX_MAX:
            return f"{field} is longer than {_REGEX_MAX} characters"
        try:
            re.compile(text.encode())
        except (re.error, OverflowError) as error:
            return f"{field} is no regular expression: {error}"
    return ""


def _invalid(source: str, message: str) -> TetherError:
    return TetherError(
        f"Masking rules {source}: {message}", hint=f"Correct it in {source}, or move the file away",
        code="settings", status=USAGE,
    )  # fmt: skip
