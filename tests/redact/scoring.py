"""How well a masker does on a corpus: recall, false positives, layout, hard cases, by kind and by variant."""

from __future__ import annotations

import base64
import binascii
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tests.redact import kinds, negatives, scenes

# A secret of which this much in a row can be read has leaked.
LEAK = 6
_ONE_LINE = ("typed", "osc-title", "osc-link", "jumped", "redrawn", "status", "notice")
Mask = Callable[[list[bytes]], list[bytes]]


def positives(seed: int, variants: list[str], names: list[str] | None = None) -> Iterator[scenes.Row]:
    """One row for every kind and variant."""
    for kind in kinds.every():
        if names and kind.name not in names:
            continue
        for variant in variants:
            r = random.Random(f"{seed} {kind.name} {variant}")
            if variant == "base64" and not _has_beginning(kind, r):
                continue
            if variant in _ONE_LINE and "\n" in kind.make(random.Random(0))[1]:
                continue
            row = scenes.scene(kind, variant, r)
            row.id = f"{kind.name}/{variant}/{seed}"
            yield row


def _has_beginning(kind: kinds.Kind, r: random.Random) -> bool:
    public, secret = kind.make(random.Random(1))
    other, _ = kind.make(random.Random(2))
    return (
        len(public) >= 4
        and public == other
        and "\n" not in public + secret
        and "=" not in public
        and len(public) + len(secret) < 400
    )


def harmless(seed: int) -> Iterator[scenes.Row]:
    """Three rows for every kind of text without a secret, in one piece, in small ones and wrapped."""
    for name, make in negatives.EVERY.items():
        for variant in ("plain", "small", "wrap"):
            r = random.Random(f"{seed} {name} {variant}")
            text = make(r)
            if variant == "wrap" and "\x1b" not in text:
                text = "\r\n".join(
                    line[i : i + 80] for line in text.split("\r\n") for i in range(0, max(1, len(line)), 80)
                )
            row = scenes.Row(f"{name}/{variant}/{seed}", name, variant, scenes.plain(text))
            row.chunks = [row.data] if variant == "plain" else scenes.cut(row.data, lambda r=r: r.randrange(1, 60))
            yield row


@dataclass
class Score:
    """Rows and failures by group."""

    rows: Counter[str] = field(default_factory=Counter)
    failed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, group: str, ok: bool, note: str) -> None:
        self.rows[group] += 1
        if not ok:
            self.failed[group].append(note)

    def rate(self, groups: list[str] | None = None) -> float:
        total = sum(n for group, n in self.rows.items() if groups is None or group in groups)
        bad = sum(len(notes) for group, notes in self.failed.items() if groups is None or group in groups)
        return 1 - bad / total if total else 1.0


def leaked(row: scenes.Row, out: bytes) -> str:
    """The longest readable part of the secret if it is too long, else nothing."""
    if row.variant == "osc-clipboard":
        return _clipboard_leak(row, out)
    run = best = b""
    for (_, secret), shown in zip(row.cells, out, strict=False):
        if not secret:
            continue
        run = run + bytes([shown]) if shown != 42 else b""
        best = max(best, run, key=len)
    total = sum(s for _, s in row.cells)
    return best.decode("utf-8", "replace") if len(best) >= min(LEAK, max(2, total // 2)) else ""


def _clipboard_leak(row: scenes.Row, out: bytes) -> str:
    """What the clipboard would hold of the secret."""
    payload = bytes(shown for (_, secret), shown in zip(row.cells, out, strict=False) if secret)
    try:
        text = base64.b64decode(payload)
    except binascii.Error:
        return ""
    pieces = {row.secret[i : i + LEAK].encode() for i in range(max(1, len(row.secret) - LEAK))}
    return text.decode("utf-8", "replace") if any(piece in text for piece in pieces) else ""


def recall(mask: Mask, rows: Iterator[scenes.Row]) -> tuple[Score, Score]:
    """Found secrets, and kept layouts, by variant."""
    found, layout = Score(), Score()
    for row in rows:
        chunks = mask(row.chunks)
        out = b"".join(chunks)
        leak = leaked(row, out)
        found.add(row.variant, not leak, f"{row.id}: {leak!r} of {row.data!r} -> {out!r}")
        layout.add(row.variant, *_layout(row, out, len(chunks)))
    return found, layout


def _layout(row: scenes.Row, out: bytes, chunks: int) -> tuple[bool, str]:
    data = row.data
    if len(out) != len(data) or chunks != len(row.chunks) + 1:
        return False, f"{row.id}: {len(out)} bytes of {len(data)}"
    if row.variant == "osc-clipboard":
        return True, ""
    wrong = [i for i, (a, b) in enumerate(zip(data, out, strict=True)) if a != b and (b != 42 or not 33 <= a <= 126)]
    # A line that is drawn again and again counts once.
    again = row.variant == "redrawn"
    ends = [-1, *(i for i, byte in enumerate(data) if again and byte == 13), len(data)]
    changed = [a != b and not s for a, b, (_, s) in zip(data, out, row.cells, strict=True)]
    excess = max(sum(changed[start + 1 : end]) for start, end in pairwise(ends))
    public = 64  # a beginning that anybody may know may be hidden too
    return not wrong and excess <= public, f"{row.id}: wrong {wrong[:5]}, {excess} too much: {out!r}"


def spared(mask: Mask, rows: Iterator[scenes.Row]) -> Score:
    """Rows without secrets that came through unchanged, by kind."""
    score = Score()
    for row in rows:
        out = b"".join(mask(row.chunks))
        score.add(row.kind, out == row.data, f"{row.id}: {row.data!r} -> {out!r}")
    return score
