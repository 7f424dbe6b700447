"""What fuzzing found once is tried again with every run, and so is every seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

CASES = sorted(path for path in (Path(__file__).parents[1] / "fuzz" / "cases").glob("*-*") if path.is_file())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_finding_is_mended(case: Path) -> None:
    TARGETS[case.name.partition("-")[0]](case.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_its_seeds_and_pieces_of_them(name: str) -> None:
    assert seeds(name)
    for seed in seeds(name):
        for end in (0, 1, len(seed) // 2, len(seed)):
            TARGETS[name](seed[:end])
