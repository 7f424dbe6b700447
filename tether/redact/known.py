"""Values that are known to be secret, found wherever they stand, also encoded. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

from tether.redact import encoded, values
from tether.redact.finding import KNOWN_BYTES, PRINT_BYTES, Finder, Print

_PLAIN: Final = re.compile(r"(?i)token|secret|passw|passphrase|api_?key")
# Marks of ours and of desktops, directories and sockets: a session's id is no secret, nor is where one stands.
_PUBLIC: Final = re.compile(r"TETHER|XDG_|DBUS_|DESKTOP_|(?:OLD)?PWD\Z|\w*_SOCK\Z")
_NO_WORDS: Final = re.compile(rb"[0-9]|[^\w. -]")
VALUE_MIN: Final = 8
VALUES_MAX: Final = 1000
_VALUE_MAX: Final = 4096
# What a value's longest form may have: every byte of it as %XX.
_FORM_MAX: Final = 3 * _VALUE_MAX
_SMALL_ESCAPE: Final = re.compile(rb"%[0-9A-F]{2}")
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
# Variables with such names hold secrets; their values must look like some, too.
_NAMES: Final = re.compile(r"(?i)key|token|secret|pass|pwd|auth|cred|cookie|session_?id|dsn|_url$|webhook|private")


def patterns(known: Iterable[bytes]) -> list[bytes]:
    """The values and what URLs, JSON and base64 (of both alphabets, at three shifts) make of them."""
    found: dict[bytes, None] = {}
    for value in known:
        text = value.decode("utf-8", "surrogateescape")
        quoted = [quote(text, safe=safe, errors="surrogateescape").encode() for safe in ("", "/:@~!*'()")]
        forms = [value, *quoted, *(_SMALL_ESCAPE.sub(lambda one: one[0].lower(), form) for form in quoted)]
        forms.append(json.dumps(text)[1:-1].encode("utf-8", "surrogateescape"))
        for form, _ in encoded.encodings(value):
            forms += [form, form.translate(_URL_SAFE)]
        found.update((form, None) for form in forms if len(form) >= VALUE_MIN)
    return list(found)


def of_environment(environ: dict[str, str], finder: Finder) -> list[bytes]:
    """Values of variables that hold secrets by their name and are unlike words, and what `finder` finds in the rest."""
    found: list[bytes] = []
    for name, text in environ.items():
        if _PUBLIC.match(name):
            continue
        value = text.encode("utf-8", "surrogateescape")
        if _NAMES.search(name) and _secretive(name, value):
            found.append(value)
        found += of_file(name.encode("utf-8", "surrogateescape") + b"=" + value, finder)
    return list(dict.fromkeys(found))


def _secretive(name: str, value: bytes) -> bool:
    """Long and unlike words; with a name that is plain about it, a number or a sign is enough."""
    if len(value) < VALUE_MIN or len(value) > _VALUE_MAX or b"\n" in value or values.refused(value):
        return False
    return values.key(value, quoted=True) or (_PLAIN.search(name) is not None and _NO_WORDS.search(value) is not None)


def of_file(text: bytes, finder: Finder) -> list[bytes]:
    """What `finder` finds in a file of logins."""
    found = (text[one.start : one.end] for one in finder.find(text, final=True))
    return [value for value in found if VALUE_MIN <= len(value) <= _VALUE_MAX and b"\n" not in value]


def prints(forms: Iterable[bytes], key: bytes) -> list[Print]:
    """By what these forms of values are known again without being kept: how each begins, how long it is, and a hash of
    it under `key`."""
    return [
        Print(form[:KNOWN_BYTES], len(form), blake2b(form, key=key, digest_size=PRINT_BYTES).digest()) for form in forms
    ]


def written(found: Iterable[Print]) -> str:
    """Prints as lines of a file."""
    return "".join(f"{one.start.hex()} {one.size} {one.digest.hex()}\n" for one in found)


def read(text: str) -> Iterator[Print]:
    """The prints in such lines; a line that is none is passed over."""
    for line in text.splitlines():
        try:
            start, size, digest = line.split(" ")
            one = Print(bytes.fromhex(start), int(size), bytes.fromhex(digest))
        except ValueError:
            continue
        if len(one.start) == KNOWN_BYTES and VALUE_MIN <= one.size <= _FORM_MAX and len(one.digest) == PRINT_BYTES:
            yield one
