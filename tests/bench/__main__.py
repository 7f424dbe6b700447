"""`python -m tests.bench`: measure, print the ratios, write the JSON document. See docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench import machine
from tests.bench.figures import Figures, table
from tests.bench.measures import MEASURES
from tests.bench.run import PEERS, Run
from tests.bench.terminals import BenchError, Tool


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", default=",".join(MEASURES), help=f"some of {','.join(MEASURES)}")
    parser.add_argument("--peers", default=",".join(names), help=f"some of {','.join(names)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller floods: a look, not a figure")
    parser.add_argument(
        "--warm",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="keep the CPUs awake at idle priority while echo is measured; for machines that halt deeply when idle",
    )
    parser.add_argument("--json", type=Path, help="write the JSON document to this file, not to stdout")
    options = parser.parse_args(argv)
    options.only, options.peers = options.only.split(","), options.peers.split(",")
    for value in options.only:
        if value not in MEASURES:
            parser.error(f"there is no measure {value!r}")
    for value in options.peers:
        if value not in names:
            parser.error(f"there is no peer {value!r}")
    return options


def main() -> int:
    """Run what was asked for; 1 when the benchmark itself can't work."""
    options = arguments()
    machine.adopt_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it that way wants it cleaned up as well
    figures = Figures()
    try:
        with machine.one_at_a_time(), tempfile.TemporaryDirectory(prefix="tb-", dir="/tmp") as name:
            directory = Path(name)
            run = Run(Tool.build(directory), directory, figures, options.peers, options.quick, options.warm)
            try:  # what was measured before a Ctrl-C is printed
                for measure in MEASURES:
                    if measure in options.only:
                        print(f"{measure} ...", file=sys.stderr, flush=True)
                        MEASURES[measure](run)
            except KeyboardInterrupt:
                figures.failures.append("what came after the interrupt")
            finally:
                run.close()
                left = machine.end_orphans()
                if left:
                    print(f"ended {len(left)} processes that their owners left", file=sys.stderr)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    document = json.dumps(figures.document(machine.describe()), indent=1)
    print(table(figures))
    if options.json:
        options.json.write_text(document + "\n")
    else:
        print(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
