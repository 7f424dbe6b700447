"""The benchmark's ratios, and how its goals are judged."""

from __future__ import annotations

import pytest

from tests.bench.figures import GOALS, ISSUE_2, ISSUE_3, ISSUE_5, Figure, Figures, Goal, table


def figures(*rows: tuple[str, str, int, float]) -> Figures:
    found = Figures()
    for measure, peer, number, value in rows:
        found.add(Figure(measure, peer, number, value, "ms"))
    return found


def test_a_ratio_is_the_median_of_its_rounds_ratios() -> None:
    # The machine was three times as slow in the third round: medians of each would say 10/3, the rounds say 2.
    rows = [("m", "a", n, value) for n, value in enumerate((2.0, 10.0, 60.0))]
    rows += [("m", "b", n, value) for n, value in enumerate((1.0, 5.0, 3.0))]
    assert figures(*rows).ratio("m", "a", "b") == 2


def test_a_round_without_the_other_does_not_count() -> None:
    found = figures(("m", "a", 0, 4.0), ("m", "a", 1, 100.0), ("m", "b", 0, 2.0))
    assert found.ratio("m", "a", "b") == 2
    assert found.ratio("m", "a", "c") is None


def test_the_floor_is_the_one_right_before() -> None:
    found = Figures()
    found.add(Figure("m", "a", 0, 6.0, "us", floor=2.0))
    found.add(Figure("m", "raw", 0, 100.0, "us"))
    assert found.ratio("m", "a", "raw") == 3


@pytest.mark.parametrize(
    ("goal", "reached", "met"),
    [
        (Goal("m", "a", "b", 2), 2, True),
        (Goal("m", "a", "b", 1.9), 2, False),
        (Goal("m", "a", "b", 2, at_least=True), 2, True),
        (Goal("m", "a", "b", 2.1, at_least=True), 2, False),
        (Goal("m", "a", "", 3), 4, False),
        (Goal("m", "a", "", 64, extra="KB"), 60, True),
        (Goal("m", "a", "a", 1.3, in_measure="other"), 4, False),
        (Goal("m", "a", "", 1, extra="nothing such"), None, None),
        (Goal("never measured", "a", "", 1), None, None),
    ],
)
def test_a_goal_is_judged(goal: Goal, reached: float | None, met: bool | None) -> None:
    found = figures(("m", "b", 0, 2.0), ("other", "a", 0, 1.0))
    found.add(Figure("m", "a", 0, 4.0, "ms", extra={"KB": 60.0}))
    assert found.verdict(goal) == (reached, met)


def test_a_figure_for_somebody_else_keeps_its_round() -> None:
    assert Figure("m", "a", 3, 4.0, "ms", floor=1.0).of("b", 5.0) == Figure("m", "b", 3, 5.0, "ms")


def test_the_table_says_what_was_met_and_what_was_not_measured() -> None:
    found = figures(("ls", "tether ls", 0, 4.0), ("ls", "node -e 0", 0, 1.0))
    found.failures.append("screen: it is not installed")
    text = table(found)
    assert "MISSED  issue 2, ls: tether ls at most 3x node -e 0: 4.00" in text
    assert text.endswith("not measured: screen: it is not installed")


def test_every_goal_of_the_issues_is_in_the_document() -> None:
    document = figures(("ls", "tether ls", 0, 4.0)).document({})
    assert [row["goal"] for row in document["goals"]] == [str(goal) for goal in GOALS]  # type: ignore[index,attr-defined]
    assert set(ISSUE_2) | set(ISSUE_3) | set(ISSUE_5) == set(GOALS)
