"""python -m tests.fuzz [--seconds N] [TARGET ...]: fuzz each target for N seconds, guided by what code it reaches.

With atheris where it is installed (Linux and macOS, Python 3.11 to 3.13); elsewhere with plain mutation of the seeds.
A finding is written to tests/fuzz/cases and the status is 1.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

CASES = Path(__file__).parent / "cases"
LONGEST = 4096


def main() -> int:
    """Fuzz the targets one after the other; 1 when one of them found something."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--guided", metavar="DIRECTORY", default="")
    options.add_argument("targets", nargs="*")
    given, _ = options.parse_known_args()
    chosen = given.targets or list(TARGETS)
    if given.guided:
        return guided(chosen[0], Path(given.guided), given.seconds)
    failed = [name for name in chosen if not fuzz(name, given.seconds)]
    print(f"{len(chosen)} targets, {given.seconds} s each: {', '.join(failed) or 'nothing'} found", flush=True)
    return 1 if failed else 0


def fuzz(name: str, seconds: int) -> bool:
    """True when nothing was found."""
    print(f"== {name}", flush=True)
    if importlib.util.find_spec("atheris") is None:
        return plain(name, seconds)
    with tempfile.TemporaryDirectory() as directory:
        for number, seed in enumerate(seeds(name)):
            (Path(directory) / f"seed-{number}").write_bytes(seed)
        argv = [sys.executable, "-m", "tests.fuzz", "--seconds", str(seconds), "--guided", directory, name]
        # Its own process: the fuzzer ends it.
        return subprocess.run(argv, check=False).returncode == 0


def guided(name: str, corpus: Path, seconds: int) -> int:
    """One target in this process, by atheris."""
    import atheris

    CASES.mkdir(exist_ok=True)
    with atheris.instrument_imports(include=["tether"]):
        for module in [one for one in sys.modules if one.startswith(("tether", "tests.fuzz.targets"))]:
            del sys.modules[module]
        target = importlib.import_module("tests.fuzz.targets").TARGETS[name]
    flags = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-artifact_prefix={CASES}/{name}-", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *flags, "-print_final_stats=1", str(corpus)], target)
    atheris.Fuzz()
    return 0


def plain(name: str, seconds: int) -> bool:
    """Mutations of the seeds, without looking at what they reach."""
    chance, target = random.Random(0), TARGETS[name]
    pool, until, tries = seeds(name) or [b""], time.monotonic() + seconds, 0
    while time.monotonic() < until:
        data = bytearray(chance.choice(pool))
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
        tries += 1
        try:
            target(bytes(data))
        except Exception:  # noqa: BLE001 - that is what is looked for
            traceback.print_exc()
            CASES.mkdir(exist_ok=True)
            (CASES / f"{name}-{tries}").write_bytes(data)
            return False
    print(f"{tries} tries", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
