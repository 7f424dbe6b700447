"""Pass rates by group, and every difference: `python -m tests.screen.report [GROUP...]`"""

from __future__ import annotations

import sys
from collections import Counter

from tests.screen import groups
from tests.screen.judging import LEVELS, cuts, judge
from tests.screen.oracle import Oracle, install


def main() -> int:
    """Print the table and the differences."""
    why = install()
    if why:
        print(why)
        return 1
    oracle = Oracle()
    print(f"{'group':<12} {'streams':>7} | {'end':>5}: text screen  rest | {'cuts':>5}: text screen  rest")
    notes = []
    for name, streams in groups.ALL.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        counts: dict[str, Counter[str]] = {"end": Counter(), "cut": Counter()}
        found = streams()
        for stream in found:
            for verdict in judge(oracle, stream, [stream.size, *cuts(stream, 6, 4)]):
                kind = "end" if verdict.cut == stream.size else "cut"
                counts[kind]["all"] += 1
                counts[kind][verdict.level] += 1
                if verdict.level:
                    notes.append(
                        f"{name}/{stream.name} at {verdict.cut} of {stream.size}: {verdict.level}: {verdict.why[:300]}"
                    )
        cells = []
        for count in counts.values():
            total, good = count["all"], count["all"]
            cells.append(f"{total:>5}:")
            for level in LEVELS:
                good -= count[level]
                cells[-1] += f" {100 * good / max(1, total):5.1f}"
        print(f"{name:<12} {len(found):>7} | {cells[0]} | {cells[1]}")
    print("\n".join(notes))
    oracle.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
