"""The figures of one run, the ratios between them, and the goals they are held against.

Absolute times do not carry over from one run to another, nor from one machine to another: only the ratio of two
figures of the same round does. The ratio of two peers is the median of their rounds' ratios.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from statistics import median

NOISE = 1.3  # what two runs of the same thing differ by on a shared machine


@dataclass(frozen=True)
class Figure:
    """What one peer reached in one round; `floor` is the raw terminal's figure beside it."""

    measure: str
    peer: str
    round: int
    value: float
    unit: str
    floor: float | None = None
    busy: float = 0.0  # the share of the CPUs that others used just before
    extra: dict[str, float] = field(default_factory=dict)

    def of(self, peer: str, value: float) -> Figure:
        """The same round's figure for somebody else."""
        return replace(self, peer=peer, value=value, floor=None)


@dataclass(frozen=True)
class Goal:
    """A bound on a ratio to another peer of the same round; without `against`, on the figure itself.

    `extra` names a figure that stands beside; `in_measure` is where `against` was measured, if elsewhere.
    """

    measure: str
    peer: str
    against: str
    bound: float
    at_least: bool = False
    extra: str = ""
    in_measure: str = ""

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        what = f"{self.measure}: {self.peer}" + (f" ({self.extra})" if self.extra else "")
        against = f"x {self.against}" if self.against else ""
        return f"{what} {sign} {self.bound:g}{against}" + (f" in {self.in_measure}" if self.in_measure else "")


ISSUE_2 = (
    Goal("echo idle", "tether", "tmux", 4),
    Goal("echo busy", "tether", "tmux", 1),
    Goal("page echo idle", "tether", "terminado", 1.3),
    Goal("page echo busy", "tether", "terminado", 1.3),
    Goal("start", "tether", "tmux", 2),
    Goal("throughput", "tether", "raw", 0.5, at_least=True),
    Goal("throughput", "tether", "tmux", 1.5, at_least=True),
    Goal("ls", "tether ls", "node -e 0", 3),
    Goal("idle", "tether", "", 0.3),
    Goal("memory", "tether", "", 3),
)
ISSUE_3 = (
    Goal("echo idle", "tether", "tmux", 1.5),
    Goal("echo busy", "tether", "tmux", 0.5),
    Goal("page echo idle", "tether", "terminado", 0.8),
    Goal("page bulk", "tether", "raw", 0.6, at_least=True),
    Goal("page bulk", "tether", "", 100, at_least=True, extra="% in log"),
    Goal("page ctrl-c", "tether", "wetty", 0.25),
    Goal("page ctrl-c", "tether", "", 100, at_least=True, extra="% in log"),
    Goal("ctrl-c", "tether", "tmux", 10),
    Goal("ctrl-c", "tether", "", 100, at_least=True, extra="% in log"),
    Goal("stalled client", "tether, page", "", 4),
    Goal("stalled client", "tether, terminal", "", 4),
    Goal("join", "tether less its start", "tmux", 4),
    Goal("join large", "tether less its start", "tmux", 4),
    Goal("page join", "tether", "terminado", 0.5),
    Goal("page join large", "tether", "terminado", 0.5),
    Goal("page join", "tether", "", 64, extra="KB"),
    Goal("page join large", "tether", "", 64, extra="KB"),
    Goal("page join large", "tether", "tether", NOISE, in_measure="page join"),
    Goal("join large", "tether", "tether", NOISE, in_measure="join"),
    Goal("fan-out, child's speed", "tether, 200", "", 98, at_least=True),
    Goal("fan-out, p99 lag", "tether, 200", "", 60),
    Goal("fan-out, controller's echo", "tether, 200", "tether, 1", 2),
)
ISSUE_5 = (
    Goal("fleet scroll", "tether, list", "", 5),
    Goal("fleet scroll", "tether, tiles", "", 5),
    Goal("fleet heap", "tether", "", 150),
)
GOALS = (*ISSUE_2, *ISSUE_3, *ISSUE_5)
COLUMNS = ("raw", "tmux", "terminado", "node-pty", "wetty", "node -e 0")


class Figures:
    """Everything a run measured, and what it could not measure."""

    def __init__(self) -> None:
        self.all: list[Figure] = []
        self.failures: list[str] = []

    def add(self, figure: Figure) -> None:
        self.all.append(figure)

    def measures(self) -> list[str]:
        return list(dict.fromkeys(figure.measure for figure in self.all))

    def of(self, measure: str, peer: str) -> list[Figure]:
        return [figure for figure in self.all if (figure.measure, figure.peer) == (measure, peer)]

    def peers(self, measure: str) -> list[str]:
        return list(dict.fromkeys(figure.peer for figure in self.all if figure.measure == measure))

    def ratio(self, measure: str, peer: str, against: str, in_measure: str = "") -> float | None:
        """The median over the rounds of `peer`'s figure divided by that of `against`; None when there is none."""
        own = self.of(measure, peer)
        if against == "raw" and any(figure.floor for figure in own):
            ratios = [figure.value / figure.floor for figure in own if figure.floor]
        else:
            others = {figure.round: figure.value for figure in self.of(in_measure or measure, against)}
            ratios = [figure.value / others[figure.round] for figure in own if others.get(figure.round)]
        return median(ratios) if ratios else None

    def verdict(self, goal: Goal) -> tuple[float | None, bool | None]:
        """What was reached for `goal`, and whether that is good enough; (None, None) when it was not measured."""
        own = self.of(goal.measure, goal.peer)
        if goal.extra:
            values = [figure.extra[goal.extra] for figure in own if goal.extra in figure.extra]
        elif goal.against:
            ratio = self.ratio(goal.measure, goal.peer, goal.against, goal.in_measure)
            values = [] if ratio is None else [ratio]
        else:
            values = [figure.value for figure in own]
        if not values:
            return None, None
        value = median(values)
        return value, value >= goal.bound if goal.at_least else value <= goal.bound

    def document(self, machine: dict[str, object]) -> dict[str, object]:
        """The run as JSON: ratios first, every round's figure behind them."""
        return {
            "machine": machine,
            "ratios": {
                measure: {
                    peer: {
                        "median": median(figure.value for figure in self.of(measure, peer)),
                        "unit": self.of(measure, peer)[0].unit,
                        **{f"x {c}": r for c in COLUMNS if (r := self.ratio(measure, peer, c)) is not None},
                    }
                    for peer in self.peers(measure)
                }
                for measure in self.measures()
            },
            "goals": [
                {"goal": str(goal), "reached": v[0], "met": v[1]} for goal in GOALS for v in [self.verdict(goal)]
            ],
            "rounds": [asdict(figure) for figure in self.all],
            "failures": self.failures,
        }


def table(figures: Figures) -> str:
    """The run for people."""
    lines = []
    for measure in figures.measures():
        columns = [c for c in COLUMNS if any(figures.ratio(measure, p, c) for p in figures.peers(measure))]
        unit = next(figure.unit for figure in figures.all if figure.measure == measure)
        extras = list(dict.fromkeys(name for f in figures.all if f.measure == measure for name in f.extra))
        titles = [f"{measure} ({unit})", "median", *(f"x {c}" for c in columns), *extras, "rounds", "load"]
        rows = [titles]
        for peer in figures.peers(measure):
            own = figures.of(measure, peer)
            ratios = [figures.ratio(measure, peer, c) for c in columns]
            more = [[f.extra[name] for f in own if name in f.extra] for name in extras]
            rows.append(
                [peer, f"{median(f.value for f in own):.4g}"]
                + ["-" if r is None else f"{r:.2f}" for r in ratios]
                + ["-" if not values else f"{median(values):.4g}" for values in more]
                + [str(len(own)), f"{median(f.busy for f in own):.0%}"]
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(titles))]
        for row in rows:
            cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
            lines.append("  ".join((row[0].ljust(widths[0]), *cells)))
        lines.append("")
    for issue, goals in (("2", ISSUE_2), ("3", ISSUE_3), ("5", ISSUE_5)):
        for goal in goals:
            value, met = figures.verdict(goal)
            if value is not None:
                lines.append(f"{'met   ' if met else 'MISSED'}  issue {issue}, {goal}: {value:.2f}")
    lines += [f"not measured: {failure}" for failure in figures.failures]
    return "\n".join(lines)
