"""Values that are known to be secret, found wherever they stand, also encoded. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from tether.redact import encoded, values
from tether.redact.finding import Finder

VALUE_MIN: Final = 8
VALUES_MAX: Final = 400
# Variables with such names hold secrets; their values must look like some, too.
_NAMES: Final = re.compile(r"(?i)key|token|secret|pass|pwd|auth|cred|cookie|session_?id|dsn|_url$|webhook|private")


def patterns(known: Iterable[bytes]) -> list[bytes]:
    """The values and what URLs, JSON and base64 (at three shifts) make of them."""
    found: dict[bytes, None] = {}
    for value in known:
        text = value.decode("utf-8", "replace")
        forms = [value, quote(text, safe="").encode(), json.dumps(text)[1:-1].encode()]
        forms += [form for form, _ in encoded.encodings(value)]
        found.update((form, None) for form in forms if len(form) >= VALUE_MIN)
    return list(found)


def of_environment(environ: dict[str, str]) -> list[bytes]:
    """Values of variables that hold secrets by their name, and are long and unlike words."""
    return [
        value.encode()
        for name, value in environ.items()
        if _NAMES.search(name) and len(value) >= VALUE_MIN and values.key(value.encode(), quoted=True)
    ]


def of_file(text: bytes, finder: Finder) -> list[bytes]:
    """What `finder` finds in a file of logins."""
    found = (text[one.start : one.end] for one in finder.find(text, final=True))
    return [value for value in found if VALUE_MIN <= len(value) <= 4096 and b"\n" not in value]
