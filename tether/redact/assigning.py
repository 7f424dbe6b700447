"""What is assigned to a telling name, in the many ways that shells, files and languages write it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

# What may follow a telling word within its name. Nothing is taken back: a run of digits or of words can be divided in
# more ways than there is time for. So what is longer stands before what it begins with.
_SUFFIX: Final = re.compile(
    rb"(?:[ ](?:key|value|\d{1,2}(?=[ \t]?[:=]))|[_.-]?(?:key|value|val|b64|base64|base|raw|plaintext|plain|text"
    rb"|string|str|dev|prod(?:uction)?|stag(?:e|ing)|live|test|main|primary|secondary"
    rb"|old|new|current|default|root|admin|user|write|read|rw|ro"
    rb"|hex|pem|encoded|enc"
    rb"|once|only|private|data|header|auth|prd|stg|qa|api|\d{1,4}))*+(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_VENDOR_SUFFIX: Final = re.compile(rb"[\w.-]{0,30}(?![\w])")
# Between the two lines of a name and its value: blanks, line ends, a box's borders.
_BORDER: Final = rb"(?:\||\xe2(?:\x94[\x82\x83]|\x95\x91|\x96\x8c))"
_GAP: Final = rb"(?:\s|" + _BORDER + rb"){1,120}"
# What stands alone in a line below the name, or below a sentence about it.
_BELOW: Final = (
    rb"(?:[ \t][^\n:=]{0,60}\b(?:below|following|proceed|use|is|now|save|copy|shown|once)\b[^\n:=]{0,60})?:"
    rb"(?:[ \t]*" + _BORDER + rb"?[ \t]*\r?\n[ \t]*(?:" + _BORDER + rb"[ \t]*)?){1,3}"
    rb"(?=[^\s:]{12,400}[ \t]*(?:" + _BORDER + rb"[ \t]*)?\r?\n|[^\s:]{0,400}\r?\Z)"
)
# What stands behind every name that is given a value, in whatever way: most names are refused by this alone.
# A word of prose is no value; what says how to log in stands before one, what says the type too.
_SAYS: Final = rb"(?:bearer|basic|token|apikey|bot|digest|ssws|api-key|negotiate)"
_WORD: Final = (
    rb"(?!" + _SAYS + rb"[ \t])(?-i:[a-z]+|[A-Z][a-z]{0,8})"
    rb"(?:[\"'`>|;,)}\]&\\\r\n]|\.[\s\"']|[ \t]++(?![=:|]))"
)
# What stands behind every name that is given a value, in whatever way: most names are refused by this alone.
_FOLLOWS: Final = (
    rb"(?=(?-i:(?<=[A-Z0-9_])=)|[\\\"'`\])]{0,8}(?:[ \t]{0,41}+(?:[:=]{1,3}+>?[ \t]{0,30}+(?!" + _WORD + rb")"
    rb"|[?<\[>]|->|string)|[ \t]*[,(][ \t]*[\"'`]|[ \t]\([^()\n]{1,40}\)[ \t]{0,40}(?:[:=?<]|->|string))"
    rb"|\\?[\"']?(?:,(?:" + _GAP + rb")?|" + _GAP + rb")\\?[\"']?(?:value|default)"
    rb"|[\"'`)]?[ \t]++(?:[\"'`|\xe2-]|(?:is|was|has|are|will|set|to|for|of|generated|created|reset)\b"
    rb"|\w{1,20}[ \t]=|(?!" + _WORD + rb")\S{4}|\S{0,9}\Z)|\S{0,8}\Z|" + _BELOW + rb")"
)  # fmt: skip
_CLOSE: Final = rb"(?:\\?[\"'`])?[\])]{0,2}(?:\\?[\"'`])?"
# `=`, `:`, `:=`, `=>`, `==`, with a type before it or not.
_ASSIGN: Final = re.compile(
    _CLOSE
    + rb"(?:[ \t](?:\[[^\]\n]{0,40}\]|\([^()\n]{1,40}\)))?[ \t]{0,40}"
    + rb"(?:\??:[ \t]?(?:&(?:'\w+ )?)?[A-Za-z_](?:[\w.?:]| \| |[\[<][\w, .|<>\[\]]{0,20}[\]>]){0,24}[ \t]+=(?!=)"
    + rb"|\bstring[ \t]*=|:=|=>|={1,3}|(?<!\) )->|::?|<<<)"
    + rb"[ \t]{0,30}"
)
# The name is itself a value: {"name": "X", "value": "..."}, also over two lines of YAML, or an attribute of XML.
_VALUE: Final = re.compile(
    rb"\\?[\"']?(?:,(?:" + _GAP + rb")?|" + _GAP + rb")\\?[\"']?(?:value|default)\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}",
    re.IGNORECASE,
)
_TABLE: Final = re.compile(rb"[\"'`]?[ \t]{1,40}(?:\xe2(?:\x94[\x82\x83]|\x95\x91)|\|)[ \t]{1,40}|[ \t]{2,40}|\t+")
_IS: Final = re.compile(
    rb"[\"'`)]?[ \t]+(?:(?:(?:is|was|has been)[ \t]+)?(?:(?:generated|created|set|reset)[ \t]+)?(?:for|of)[ \t]+"
    rb"(?:[\w'-]+[ \t]+){0,2}?\S{1,40}?[ \t]?[:=]"
    rb"|(?:is|was|set to|are|will be|to)(?:[ \t]+(?:now|set to))?[ \t]*:?|\w{1,20}[ \t]=)[ \t]+"
)
_OPTION_VALUE: Final = re.compile(rb"[ \t]+--?(?:body|b|value|v|data|secret-string|with-value)[ \t=]+")
_CALL: Final = re.compile(rb"\([ \t]*(?=[\"'`])|[\"'][ \t]*,[ \t]*(?=[\"'])")
_SPACE: Final = re.compile(rb"[ \t]{1,4}(?=[^\s|])")
_ELEMENT: Final = re.compile(rb"[ \t]*(?:[\w:]+=[\"'][^\"'\n]{0,40}[\"'][ \t]*)?>")
# What must stand before the name: an option, a line of a netrc, a Dockerfile or fish, a tag.
_OPTION: Final = re.compile(rb"(?:^|[\s\"'=(\[,])--?[\w.-]{0,40}\Z")
_SPACED: Final = re.compile(
    rb"(?:^|[\s;&|])(?:env|arg|set|set -\w+|setenv|setx|export|login[ \t]+\S+|machine[ \t][^\n]*|requirepass"
    rb"|using|with|got|found|loaded|config set \S*|config(?:[ \t]+--?[\w-]+)*)[ \t]+[\w.:/-]{0,60}\Z"
    rb"|\A[ \t]*[\w.-]{0,30}\Z|[ \t]{2}\Z",
    re.IGNORECASE,
)
# A variable's name before a value that can be nothing but random: no sign is needed between the two.
_CAPITALS: Final = re.compile(rb"(?<![A-Za-z0-9])[A-Z][A-Z0-9]*_[A-Z0-9_]*\Z")
_RANDOM: Final = re.compile(rb"(?=\S*[0-9])(?=\S*[a-z])(?:(?=\S*[A-Z])\S{12}|[0-9a-f-]{20})")
_UNDER: Final = re.compile(_BELOW, re.IGNORECASE)
# A value that YAML has on lines of its own.
_BLOCK: Final = re.compile(rb"[|>][+-]?[ \t]*\r?\n[ \t]+")
_TAG: Final = re.compile(rb"<[\w:.-]{0,40}\Z")
_UPPER: Final = re.compile(rb"(?:^|[\s\"'`;&|({\[,:])(?:-e[ \t]*|-D|\+)?[A-Z][A-Z0-9_]*\Z")

_WRAP: Final = re.compile(rb"\([ \t]*(?=[bfr@]?[\"'][A-Za-z0-9+/=_.~!@#$%^&*-]{12,}[\"'][ \t]*[,)])")

# Values. A string may say what it is (b"", f"", @"").
_QUOTE: Final = re.compile(rb"(?:[bfruBFRU@]{1,2}|\$)?(\\{0,3}[\"'`])")
_BODIES: Final = {
    b'"': re.compile(rb"(?:[^\"\\\r\n]|\\.)*"),
    b"'": re.compile(rb"(?:[^'\\\r\n]|\\.)*"),
    b"`": re.compile(rb"[^`\r\n]*"),
}
_ESCAPED_BODY: Final = re.compile(rb"[^\"'`\\\s]*")
_BARE: Final = re.compile(rb"[^\s\"'`<>|;,(){}\[\]&\\]*")
_BARE_OPEN: Final = re.compile(rb"[^\s\"'`]*")
_ELEMENT_BODY: Final = re.compile(rb"[^\s<]*")
_SCHEME: Final = re.compile(
    rb"(?:bearer|basic|token|apikey|bot|digest|ssws|api-key|negotiate)[ \t]+(?:token=)?[\"']?", re.IGNORECASE
)
_TRAILING: Final = b".,;:!?)"
_LOOK_BEFORE: Final = 200


_MAY: Final = re.compile(_SUFFIX.pattern + _FOLLOWS, re.IGNORECASE)
_VENDOR_MAY: Final = re.compile(_VENDOR_SUFFIX.pattern + _FOLLOWS)


class Value(NamedTuple):
    """Where a value stands, whether it is quoted, whether it reaches the end of the text, and whether what follows
    says that it is a piece of code."""

    start: int
    end: int
    quoted: bool
    open: bool
    code: bool = False


def may(vendor: bool) -> Callable[[bytes, int], object]:
    """Refuses quickly, of a text and where a telling word in it ends, most that has no value."""
    return (_VENDOR_MAY if vendor else _MAY).match


def suffix_end(text: bytes, end: int, vendor: bool = False) -> int:
    """Where the name that goes on behind a telling word ends; -1 when it goes on otherwise."""
    found = (_VENDOR_SUFFIX if vendor else _SUFFIX).match(text, end)
    return found.end() if found is not None else -1


def value_of(text: bytes, name: int, end: int) -> Value | None:
    """The value given to the name text[name:end], or None when none is."""
    found = _ASSIGN.match(text, end)
    if found is not None:
        block = _BLOCK.match(text, found.end())
        value = _read(
            text,
            (block or found).end(),
            open_ended=text[end : end + 1] == b"=" and bool(_UPPER.search(_before(text, end))),
        )
        if value is not None and (value.end > value.start or value.open):
            return value
    return _other(text, name, end)


def _other(text: bytes, name: int, end: int) -> Value | None:
    """A value given in another way than by a sign for it."""
    match text[end : end + 1]:
        case b" " | b"\t":
            return _spaced(text, name, end)
        case b"\r" | b"\n":
            found = _VALUE.match(text, end)
            return _read(text, found.end(), open_ended=False) if found is not None else None
        case b":":
            found = _UNDER.match(text, end)
            return _read(text, found.end(), open_ended=False) if found is not None else None
        case b">":
            return _element(text, name, end)
        case b"(" | b'"' | b"'" | b"," | b"\\" | b"`" | b")":
            for pattern in (_VALUE, _CALL, _IS, _TABLE):
                found = pattern.match(text, end)
                if found is not None:
                    return _read(text, found.end(), open_ended=False)
    return None


def _spaced(text: bytes, name: int, end: int) -> Value | None:
    for pattern in (_UNDER, _VALUE, _IS, _OPTION_VALUE, _TABLE):
        found = pattern.match(text, end)
        if found is not None:
            return _read(text, found.end(), open_ended=False)
    found = _SPACE.match(text, end)
    if found is not None and text[found.end() : found.end() + 1] in b"\"'":
        return _read(text, found.end(), open_ended=False)
    if found is not None:
        before = _before(text, name)
        sure = _RANDOM.match(text, found.end()) and _CAPITALS.search(_before(text, end))
        if sure or _OPTION.search(before) or _SPACED.search(before):
            return _read(text, found.end(), open_ended=False)
    return _element(text, name, end)


def _element(text: bytes, name: int, end: int) -> Value | None:
    """What an element of XML holds."""
    found = _ELEMENT.match(text, end)
    if found is None or not _TAG.search(_before(text, name)):
        return None
    body = _ELEMENT_BODY.match(text, found.end())
    stop = body.end() if body is not None else found.end()
    if stop < len(text) and text[stop] != 60:
        return None  # a placeholder, <token>@host
    return Value(found.end(), stop, True, stop == len(text))


def _wrapped(text: bytes, at: int) -> Value | None:
    """A string that a call makes something of: String::from("...")."""
    opening = _WRAP.match(text, at)
    return None if opening is None else _read(text, opening.end(), open_ended=False)


def _before(text: bytes, at: int) -> bytes:
    start = max(text.rfind(b"\n", 0, at) + 1, at - _LOOK_BEFORE)
    return text[start:at]


def _read(text: bytes, at: int, open_ended: bool) -> Value | None:
    """The value that begins at `at`."""
    quote = _QUOTE.match(text, at)
    if quote is not None:
        start = quote.end()
        mark = quote[1]
        body = (_ESCAPED_BODY if len(mark) > 1 else _BODIES[mark]).match(text, start)
        stop = body.end() if body is not None else start
        scheme = _SCHEME.match(text, start, stop)
        start = scheme.end() if scheme is not None else start
        if stop == len(text) or text.startswith(mark[:1], stop):
            return Value(start, stop, True, stop == len(text))
        at = start  # a quote that is never closed
    scheme = _SCHEME.match(text, at)
    at = scheme.end() if scheme is not None else at
    bare = (_BARE_OPEN if open_ended else _BARE).match(text, at)
    stop = bare.end() if bare is not None else at
    if stop == len(text):
        return Value(at, stop, False, True)
    if not open_ended and text[stop : stop + 1] in (b"(", b"[", b"{", b"<") and stop > at:
        return _wrapped(text, stop) or Value(at, stop, False, False, True)  # a call, an index
    return Value(at, at + len(text[at:stop].rstrip(_TRAILING)), False, False)
