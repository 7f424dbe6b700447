"""How a benchmark's rounds go: everyone in turn, each beside the floor, and one peer's failure is its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import machine
from tests.bench.figures import Figures
from tests.bench.run import CAPPED, Run, Sample, spread
from tests.bench.terminals import BenchError, Tool


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setattr(machine, "quiet_moment", lambda patience_s: 0.0)
    return Run(Tool(tmp_path / "tool"), tmp_path, Figures(), [], quick=True, warm=False)


def test_everyone_has_a_turn_in_another_order_each_round(run: Run) -> None:
    asked: list[str] = []

    def sampler(name: str) -> Sample:
        asked.append(name)
        return float(len(asked)), {}

    floors = iter(range(100, 200))
    run.rounds("m", "us", 2, {"a": lambda: sampler("a"), "b": lambda: sampler("b")}, lambda: (next(floors), {}))
    assert asked == ["a", "b", "b", "a"]
    assert [(f.peer, f.round, f.floor) for f in run.figures.all] == [
        ("a", 0, 100), ("b", 0, 101), ("b", 1, 102), ("a", 1, 103),
    ]  # fmt: skip


def test_who_fails_is_named_and_the_others_go_on(run: Run) -> None:
    def fails() -> Sample:
        raise BenchError("it is not there")

    run.rounds("m", "us", 2, {"a": fails, "b": lambda: (1.0, {})})
    assert [figure.peer for figure in run.figures.all] == ["b", "b"]
    assert run.figures.failures == ["m, a, round 1: it is not there", "m, a, round 2: it is not there"]


def test_who_did_not_make_it_is_not_asked_again(run: Run) -> None:
    run.rounds("m", "ms", 3, {"a": lambda: (12.0, {CAPPED: 1.0}), "b": lambda: (1.0, {})})
    assert [figure.peer for figure in run.figures.all] == ["a", "b", "b", "b"]


def test_no_peers_are_no_rounds(run: Run) -> None:
    run.rounds("m", "ms", 3, {})
    assert run.figures.all == []


def test_a_spread_is_the_middle_and_the_slow_end() -> None:
    value, extra = spread([float(n) for n in range(101)])
    assert value == 50
    assert 94 <= extra["p95"] <= 96
