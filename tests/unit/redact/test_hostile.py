"""Output that attacks terminals: made harmless at its length, however it is cut."""

from __future__ import annotations

import base64
import random

import pytest

from tests.redact.scenes import cut
from tether.redact.finding import Finder
from tether.redact.hostile import STRING_BYTES_MAX, Policy
from tether.redact.rules import shipped
from tether.redact.stream import Masker

FINDER = Finder(shipped())
COPIED = base64.b64encode(b"hello")


def shown(data: bytes, size: int = 0, clipboard: bool = False) -> bytes:
    masker = Masker(FINDER, policy=Policy(clipboard))
    pieces = cut(data, lambda: size) if size else [data]
    out = b"".join([*map(masker.feed, pieces), masker.flush()])
    assert len(out) == len(data)
    return out.replace(b"\0", b"")


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize(
    ("data", "left"),
    [
        (b"a\x1b]52;c;?\x07b", b"ab"),
        (b"a\x1b]52;c;" + COPIED + b"\x1b\\b", b"ab"),
        (b"a\xc2\x9d52;c;?\xc2\x9cb", b"ab"),
        (b"a\x1b[2147483647bz", b"a\x1b[0000032767bz"),
        (b"a\x1b[1;31mz\x1b[12345;3Hq", b"a\x1b[1;31mz\x1b[12345;3Hq"),
        (b"\x1b]0;build \xe2\x80\xaetxt\x07", b"\x1b]0;build ???txt\x07"),
        (b"\x1b]2;" + b"t" * 300 + b"\x07ok", b"\x1b]2;" + b"t" * 240 + b"\x07ok"),
        (b"\x1b]8;;javascript:alert(1)\x1b\\x\x1b]8;;\x1b\\", b"\x1b]8;;\x1b\\x\x1b]8;;\x1b\\"),
        (
            b"\x1b]8;id=a;https://example.net/a\x1b\\x\x1b]8;;\x1b\\",
            b"\x1b]8;id=a;https://example.net/a\x1b\\x\x1b]8;;\x1b\\",
        ),
    ],
)
def test_what_is_left(data: bytes, left: bytes, size: int) -> None:
    assert shown(data, size) == left


def test_the_clipboard_is_written_where_that_is_allowed_and_never_read() -> None:
    write = b"\x1b]52;c;" + COPIED + b"\x07"
    assert shown(write, clipboard=True) == write
    assert shown(b"\x1b]52;c;?\x07", clipboard=True) == b""
    assert shown(b"\x1b]52;c;" + COPIED * 2000 + b"\x07", clipboard=True) == b""


@pytest.mark.parametrize("opening", [b"\x1b]0;", b"\x1bP", b"\x1b_G", b"\x1b]1337;File=:", b"\x1b]52;c;"])
def test_a_string_without_an_end_ends(opening: bytes) -> None:
    masker = Masker(FINDER, policy=Policy())
    total = b""
    piece = bytes(random.Random(1).choices(b"abcdefgh0123", k=7000))
    for _ in range(60):
        total += masker.feed(opening + piece if not total else piece)
    total += masker.feed(b"\x07after\x1b[31mred")
    assert len(total) == len(opening) + 60 * 7000 + len(b"\x07after\x1b[31mred")
    left = total.replace(b"\0", b"")
    assert len(left) < STRING_BYTES_MAX + 2 * 7000
    assert left.endswith(b"after\x1b[31mred") or not left.startswith(b"\x1b]")
