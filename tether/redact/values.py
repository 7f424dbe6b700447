"""Is this value a secret, or a word, a number, a placeholder, a piece of code? Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

# Pairs of letters that make up four fifths of English words and of programmers' names, and a third of random text.
_PAIRS: Final = frozenset(
    (
        b"er in re te on at le en ti es st nt de or se co ar al ed li et ri ta tr me ra io ro an ng it ex ec ma nd "
        b"di ne ns ac pr ct is as pa el ge ca pe la lo ve ce ic to fi si ch ea ss ll na un rs il ol th rt ad am ou "
        b"ur mp he ts nc em im no ut po pl om ha id od op sc ke ep ab bl fo oc sp ck ig pt ap so ot os mo rr mi ef "
        b"ty da sh ni tt ie xe cl va su ag cr us ul ho rc ee ir rm ba ip ia ls um tc gr ow eg hi be yp sa if ai up "
        b"do qu ev ry xt tu ff ci lt rd iv cu lu vi nf ui ds sl ue bu oo gi ib bo ld nv ob tl nu ly ub au bi fe iz "
        b"ay pi pp gs ze dd rn fa wi ov og gn ru ey fl rl dl pu tp wa cs ok ht oi ph "
    ).split()
)
_SMALL: Final = re.compile(rb"[a-z]")
_CAPITAL: Final = re.compile(rb"[A-Z]")
_DIGIT: Final = re.compile(rb"[0-9]")
_SIGN: Final = re.compile(rb"[^A-Za-z0-9_\-. \x80-\xff]")
_LETTERS: Final = re.compile(rb"[a-z]+")
_WORDS: Final = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# What stands where a secret would: words for it, marks of templates, a mask.
_STOP: Final = re.compile(
    rb"example|changeme|change[-_]me|change[-_]this|placeholder|redacted|your[-_ ]?|dummy|sample|insert[-_]"
    rb"|replace[-_]?|enter[-_]|todo|fixme|\.\.\.|\*\*\*|\xe2\x80\xa6|\xe2\x80\xa2|<[a-z][\w -]*>|\{\{|\$\{|\$\("
    rb"|#\{|%\{|%\(|process\.env|os\.environ|getenv|secretref|_here\b|[-_]goes[-_]|not[-_]?set|undefined|fake[-_]?|hidden|masked|omitted|filtered"
    rb"|\Amy[-_]|\bmy[-_]?(?:secret|token|pass|key|api)|test[-_](?:token|key|secret|pass)|\Anone\b|\Anull\b"
    rb"|deadbeef|abcdef|1234567|0123456|qwerty|lorem|foobar|s3cr3t-?here|wjalrxutnfemi|&lt;|\[[^\]]*(?:a-z|0-9)"
)
_SAME: Final = re.compile(rb"(.)\1{4,}", re.DOTALL)
_CROSSES: Final = re.compile(rb"x{4}|X{4}")
# So many letters of one case are no words when few of their pairs are such as words have.
_LONG_BYTES: Final = 20
# Where in a long value a word for what it is not may stand: anywhere in one that is random there is some by chance.
_STOP_BYTES: Final = 64
# So much of a random value is the same character several times by chance.
_SAME_MAX: Final = 0.2
_TEMPLATE: Final = re.compile(
    rb"\$\{?[A-Za-z_]\w*\}?\Z|\$\{|\$\(|<|\{|\(\?[:=!]|//[\w.-]+/|%[({sd]|%\w+%\Z|\[[A-Z ]+\]\Z|@[\w.]+@?\Z"
    rb"|:[a-z_]+(?::[a-z_]+)?\Z|\*+\Z|-+\Z|#\{"
)
_REFERENCE: Final = re.compile(
    rb"(?:https?|file|ftp|ssh|git|s3|gs|op|vault|ref\+\w+|secretsmanager|ssm|keyring|env|arn|urn|projects|sha\d+|md5|data)[:/]",
    re.IGNORECASE,
)
_PATH: Final = re.compile(
    rb"(?:[A-Za-z]:)?[~.]{0,2}[/\\](?:[\w.@ -]+[/\\])*[\w.@-]*\.?\w*\Z|(?:\.{0,2}|~)/[\w.@-]+/"
    rb"|[\w.-]+(?:/[\w.-]+)+\.\w{1,4}\Z"
)
_PAIR: Final = re.compile(rb"[a-z]{2,8}=[a-z./-]+\Z")
_NUMBER: Final = re.compile(rb"[-+]?[\d.,_:/%\sTZ-]+(?:ms|s|m|h|d|k|kb|mb|gb|tb|px|%)?\Z", re.IGNORECASE)
_NAME: Final = re.compile(rb"[A-Za-z_$@][\w$-]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)*\Z")
_DATE: Final = re.compile(rb"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?\Z")


# Names of types, which stand where a value may.
_TYPE: Final = re.compile(
    rb"Private|Public|Secret|Token|Types?\Z|String|Bytes|Password|Credential|Client|Config|Provider"
)


def entropy(value: bytes) -> float:
    """Shannon's entropy in bits a byte."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def placeholder(value: bytes) -> bool:
    """Something that stands for a secret and is none."""
    same = _SAME.search(value)
    words = _STOP.search(value[:_STOP_BYTES].lower()) is not None or _CROSSES.search(value) is not None
    return words or (same is not None and len(same[0]) > _SAME_MAX * len(value))


def wordiness(value: bytes) -> float:
    """The share of neighbouring letters that words are made of, 0 to 1; 0 when there are none."""
    pairs = [part[i : i + 2] for part in _LETTERS.findall(value.lower()) for i in range(len(part) - 1)]
    return sum(pair in _PAIRS for pair in pairs) / len(pairs) if pairs else 0.0


def wordy(value: bytes) -> bool:
    """Made of words, with or without numbers between: a name rather than something random."""
    letters = sum(map(len, _LETTERS.findall(value.lower())))
    words = sum(len(word) for word in _WORDS.findall(value) if len(word) >= 4 and wordiness(word) >= 0.6)
    return letters >= 3 and words >= 0.7 * letters and letters >= 0.55 * len(value)


def plain_word(value: bytes) -> bool:
    """A word, or no more than signs: what a next line begins with."""
    if not any(chr(c).isalnum() for c in value):
        return True
    return value.isalpha() and len(value) >= 2 and (value.islower() or value.istitle()) and wordiness(value) >= 0.5


def token(value: bytes, floor: float) -> bool:
    """May the body behind a public prefix be a secret? `floor` is the least entropy, in bits a byte."""
    return not placeholder(value) and entropy(value) >= floor


def refused(value: bytes) -> bool:
    """Not a secret whatever name it is given: a number, a template, a reference, a placeholder, a path."""
    return bool(
        _NUMBER.match(value)
        or _TEMPLATE.match(value)
        or _REFERENCE.match(value)
        or (_PATH.match(value) and (len(value) < 12 or wordiness(value) >= 0.45))
        or _DATE.match(value)
        or _PAIR.match(value)
        or placeholder(value)
    )


def _classes(value: bytes) -> tuple[bool, bool, bool, bool]:
    """Are there small letters, capitals, digits, signs?"""
    return (
        _SMALL.search(value) is not None,
        _CAPITAL.search(value) is not None,
        _DIGIT.search(value) is not None,
        _SIGN.search(value) is not None,
    )


def chosen(value: bytes) -> bool:
    """May this, where only a password can stand, be one? A lone word is a stand-in."""
    return not refused(value) and not (value.isalpha() and (value.islower() or len(value) < 8))


def password(value: bytes, quoted: bool) -> bool:
    """May the value of something called a password be one? People choose words too: numbers and signs tell."""
    if len(value) < 6 or refused(value):
        return False
    lower, upper, digit, symbol = _classes(value)
    dotted = b"." in value and max(map(len, value.split(b"."))) < 10
    if not quoted and _NAME.match(value) and (not digit or (wordy(value) and b"_" in value) or dotted):
        return _random_letters(value)
    if b" " in value:
        return False
    if digit and (symbol or (lower and upper)):
        return True
    if digit:
        return (lower or upper) and entropy(value) >= 2.2 and not (wordy(value) and b"-" in value)
    if symbol:
        return (lower or upper) and not wordy(value) and entropy(value) >= 2.5
    return _random_letters(value)


def key(value: bytes, quoted: bool, floor: float = 3.0) -> bool:
    """May the value of something called a key, a token or a secret be one? Those are random."""
    if len(value) < 8 or b" " in value or refused(value) or wordy(value):
        return False
    lower, upper, digit, symbol = _classes(value)
    if not (lower or upper):
        return False
    if not quoted and _NAME.match(value) and b"." in value and b"-" not in value and len(value) < 24:
        return False
    if not digit and not symbol:
        return _random_letters(value)
    if not quoted and _NAME.match(value) and _TYPE.search(value):
        return False
    return entropy(value) >= min(floor, math.log2(len(value)) * 0.78)


def _random_letters(value: bytes) -> bool:
    """Letters alone, and no words."""
    lower, upper, _, _ = _classes(value)
    if len(value) >= _LONG_BYTES and not (lower and upper):
        return wordiness(value) < 0.4 and entropy(value) >= 3.5
    return len(value) >= 10 and lower and upper and wordiness(value) < 0.5 and entropy(value) >= 2.8
