"""`python -m tests.redact [seed ...]`: a fresh corpus, and the figures of masking on it; `--speed`: its speed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from tests.redact import harmless, scenes, scoring, second, speed
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.stream import Masker


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("-v", action="store_true", help="show what failed")
    parser.add_argument("--kind", action="append")
    parser.add_argument("--variant", action="append")
    parser.add_argument("--second", action="store_true", help="the second corpus")
    parser.add_argument("--speed", action="store_true", help="how fast, not how well")
    given = parser.parse_args()
    seeds = given.seeds or [int(time.time())]
    finder = Finder(shipped())
    if given.speed:
        speed.report(finder)
        return 0

    def mask(chunks: list[bytes]) -> list[bytes]:
        masker = Masker(finder)
        return [masker.feed(chunk) for chunk in chunks] + [masker.flush()]

    print("seeds", seeds)
    if given.second:
        widths = [f"wrap-{width}{indent}" for width in second.WIDTHS for indent in ("", "-indent")]
        variants = [v for v in (*second.VARIANTS, *widths) if not given.variant or v in given.variant]
        _recall("second", mask, variants, (row for seed in seeds for row in second.rows(seed, variants, 8)), given.v)
        _spared(mask, (row for seed in seeds for row in harmless.rows(seed)), given.v)
        return 0
    for title, every in (("easy", scenes.EASY), ("hard", scenes.HARD)):
        chosen = [v for v in every if not given.variant or v in given.variant]
        _recall(
            title, mask, chosen, (row for seed in seeds for row in scoring.positives(seed, chosen, given.kind)), given.v
        )
    if not given.kind and not given.variant:
        _spared(mask, (row for seed in seeds for row in scoring.harmless(seed)), given.v)
    return 0


def _recall(title: str, mask: scoring.Mask, variants: list[str], rows: Iterator[scenes.Row], every: bool) -> None:
    found, layout = scoring.recall(mask, rows)
    print(f"{title}: recall {found.rate():.2%} of {sum(found.rows.values())}, layout {layout.rate():.2%}")
    for variant in variants:
        print(f"   {variant:14} recall {found.rate([variant]):7.2%}  layout {layout.rate([variant]):7.2%}")
    if every:
        for group in (found, layout):
            for notes in group.failed.values():
                print("\n".join(note[:700] for note in notes))


def _spared(mask: scoring.Mask, rows: Iterator[scenes.Row], every: bool) -> None:
    spared = scoring.spared(mask, rows)
    print(f"false positives {1 - spared.rate():.2%} of {sum(spared.rows.values())}")
    for notes in spared.failed.values():
        print("\n".join(note[:900] if every else note[:60] for note in notes))


if __name__ == "__main__":
    sys.exit(main())
