"""The same with programs as they are here and now: the recordings do not age unseen."""

from __future__ import annotations

import shutil

import pytest

from tests.screen.judging import cuts, judge
from tests.screen.oracle import Oracle
from tests.screen.scripts import PROGRAMS, Program
from tools.record_streams import recorded

LIVE = [program for program in PROGRAMS if program.name in ("ls", "vim-quit", "less-quit", "curses")]


@pytest.mark.parametrize("program", LIVE, ids=lambda program: program.name)
def test_programs_from_any_cut(oracle: Oracle, program: Program) -> None:
    if shutil.which(program.argv[0]) is None:
        pytest.skip(f"{program.argv[0]} is not installed")
    stream = recorded(program)
    assert stream.size > 100
    for verdict in judge(oracle, stream, [*cuts(stream, 6, 4), stream.size]):
        assert verdict.level in ("", "rest"), (verdict.cut, verdict.why, verdict.snapshot[-200:])
