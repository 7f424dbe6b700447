"""`python -m tests.redact [seed ...]`: a fresh corpus, and the figures of masking on it; `--speed`: its speed."""

from __future__ import annotations

import argparse
import sys
import time

from tests.redact import scenes, scoring, speed
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.stream import Masker


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("-v", action="store_true", help="show what failed")
    parser.add_argument("--kind", action="append")
    parser.add_argument("--variant", action="append")
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
    for title, variants in (("easy", scenes.EASY), ("hard", scenes.HARD)):
        chosen = [v for v in variants if not given.variant or v in given.variant]
        found, layout = scoring.recall(
            mask, (row for seed in seeds for row in scoring.positives(seed, chosen, given.kind))
        )
        print(f"{title}: recall {found.rate():.2%} of {sum(found.rows.values())}, layout {layout.rate():.2%}")
        for variant in chosen:
            print(f"   {variant:14} recall {found.rate([variant]):7.2%}  layout {layout.rate([variant]):7.2%}")
        if given.v:
            for group in (found, layout):
                for notes in group.failed.values():
                    print("\n".join(note[:700] for note in notes))
    if not given.kind and not given.variant:
        spared = scoring.spared(mask, (row for seed in seeds for row in scoring.harmless(seed)))
        print(f"false positives {1 - spared.rate():.2%} of {sum(spared.rows.values())}")
        for notes in spared.failed.values():
            print("\n".join(note[:900] if given.v else note[:60] for note in notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
