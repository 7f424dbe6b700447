"""Secrets in the strings that a terminal is sent beside its text: titles, links, the clipboard, directories. Pure."""

from __future__ import annotations

import binascii
import re
from typing import Final

from tether.escapes import OSC_STRING
from tether.redact.finding import Finder

STRINGS: Final = re.compile(rb"(?:\x1b\]|\xc2\x9d)(" + OSC_STRING + rb")")
_CLIPBOARD: Final = re.compile(rb"52;[^;]*;")
_ENCODED: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")
# What may be long and is no text: images and files. The rest is hidden when it is too long to be looked at whole.
_BINARY: Final = re.compile(rb"1337;(?:File|MultipartFile|FilePart)|[45];|10;|11;|12;|21;|66;")


def masked(data: bytes, finder: Finder) -> bytes:
    """`data` with the secrets in its OSC strings hidden; its length stays."""
    if b"\x1b" not in data and b"\xc2" not in data:  # one byte is looked for much faster than two
        return data
    if b"\x1b]" not in data and b"\xc2\x9d" not in data:
        return data
    return STRINGS.sub(
        lambda found: found[0][: -len(found[1])] + text_masked(found[1], finder) if found[1] else found[0], data
    )


def text_masked(text: bytes, finder: Finder) -> bytes:
    """One string's text with its secrets hidden."""
    clipboard = _CLIPBOARD.match(text)
    if clipboard is not None:
        return clipboard[0] + _clipboard_masked(text[clipboard.end() :], finder)
    return _hide(text, finder)


def _hide(text: bytes, finder: Finder) -> bytes:
    out = bytearray(text)
    for found in finder.find(text, final=True):
        out[found.start : found.end] = stars(text[found.start : found.end])
    return bytes(out)


def _clipboard_masked(payload: bytes, finder: Finder) -> bytes:
    if not _ENCODED.match(payload):
        return _hide(payload, finder)
    try:
        plain = binascii.a2b_base64(payload + b"=" * (-len(payload) % 4))
    except binascii.Error:
        return b"*" * len(payload)
    hidden = _hide(plain, finder)
    if hidden == plain:
        return payload
    return binascii.b2a_base64(hidden, newline=False)[: len(payload)]


def stars(text: bytes) -> bytes:
    """`text` with every printable ASCII character but the space made a star."""
    return bytes(42 if 33 <= c <= 126 else c for c in text)


def may_be_long(text: bytes) -> bool:
    """May this beginning of a string be followed by much that needs no hiding?"""
    return bool(_BINARY.match(text))
