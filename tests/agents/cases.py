"""The cases that each agent is put through: the rows of the table in docs/agents.md, which is made from their runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

AGENTS: Final = ("claude", "codex", "opencode")
CASES: Final = {
    "reply": "A prompt is answered, and the turn is told from its beginning to its end",
    "usage": "The tokens of a turn are told",
    "command": "A command waits, is allowed from a second client and runs",
    "edit": "An edit waits with its diff, is allowed and made, and is its turn's change",
    "deny": "A denial's reason reaches the model",
    "session": "What is allowed for the session decides the next time as well, until it is undone",
    "together": "Two things asked in one reply are each decided, once",
    "question": "A question is answered from a second client",
    "plan": "A plan is approved from a second client",
    "terminal": "The agent's own terminal answers first",
    "race": "Two devices decide at once: the first counts, the second learns who",
    "interrupt": "A second client interrupts a turn",
    "adapters": "The adapters are killed while it asks: pending again, decided once",
    "broker": "The broker is killed while it asks: pending again, decided once",
    "gateway": "The whole gateway is killed while it asks: pending again, decided once",
    "lost": "Without its side channel it runs on as a plain terminal, and says so",
    "resume": "An ended conversation is gone on with in a new session",
    "stop": "A stop has it leave off first, and leaves no process",
    "tools": "Its model asks, reports and reads with Tether's own tools; a person answers",
    "self": "Told to approve itself: refused, recorded, shown",
}
# What an agent does not have, and why.
NOT_THERE: Final = {
    ("codex", "plan"): "its plan is a message of the turn; nothing is asked",
    ("opencode", "plan"): "its plan is a mode of the agent; nothing is asked",
}
ROOT: Final = Path(__file__).resolve().parent.parent.parent
RESULTS: Final = ROOT / "build" / "agents.json"
MADE: Final = ROOT / "build" / "recordings"
CASTS: Final = ROOT / "docs" / "recordings"
STREAMS: Final = ROOT / "tests" / "screen" / "streams" / "agents"
KEPT: Final = Path(__file__).with_name("matrix.json")


def case(agent: str, name: str) -> pytest.MarkDecorator:
    """Marks the test of one case with one agent; a case may have several tests, and holds when all do."""
    assert agent in AGENTS, agent
    assert name in CASES, name
    return pytest.mark.case(agent, name)


def keep() -> None:
    """Take over what the newest runs found: `make docs` makes the table of it."""
    found = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    kept = json.loads(KEPT.read_text()) if KEPT.is_file() else {"versions": {}, "rows": []}
    before = {row["case"]: row for row in kept["rows"]}
    rows = []
    for name in CASES:
        row = {"case": CASES[name]}
        for agent in AGENTS:
            result = found.get(agent, {}).get(name)
            if (agent, name) in NOT_THERE:
                row[agent] = f"none: {NOT_THERE[agent, name]}"
            elif result is not None:
                row[agent] = "holds" if result["held"] else "fails"
            else:
                row[agent] = before.get(CASES[name], {}).get(agent, "not tried")
        rows.append(row)
    packages = json.loads((Path(__file__).with_name("npm") / "package.json").read_text())["dependencies"]
    names = dict(zip(AGENTS, ("@anthropic-ai/claude-code", "@openai/codex", "opencode-ai"), strict=True))
    versions = {agent: packages[package] for agent, package in names.items()}
    KEPT.write_text(json.dumps({"versions": versions, "rows": rows}, indent=1) + "\n")
    for agent in AGENTS:
        _keep(f"{agent}.cast", CASTS / f"{agent}.cast")
        _keep(f"{agent}.json.gz", STREAMS / f"{agent}-asked.json.gz")


def _keep(made: str, kept: Path) -> None:
    """Each run shows the same; one of them is kept, and another when the file is taken away."""
    if (MADE / made).is_file() and not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(MADE / made, kept)


class Results:
    """What became of the cases in this run."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}

    def add(self, agent: str, name: str, *, held: bool, seconds: float) -> None:
        """One test of a case."""
        before = self.found.setdefault(agent, {}).get(name, {"held": True, "seconds": 0.0})
        after = {"held": before["held"] and held, "seconds": round(before["seconds"] + seconds, 1)}
        self.found[agent][name] = after

    def write(self) -> None:
        """Into build/, over what an earlier run found of the same cases."""
        if not self.found:
            return
        RESULTS.parent.mkdir(exist_ok=True)
        known = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
        for agent, rows in self.found.items():
            known.setdefault(agent, {}).update(rows)
        RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    keep()
