"""From a translator's facts to the events that a session's log keeps of them. Pure."""

from __future__ import annotations

from typing import Final

from tether.adapters import facts
from tether.errors import printable
from tether.wire.agents import Activity, Told

_TEXT_BYTES_MAX: Final = 24_000
_WHY_CHARS: Final = 200
_FACT_CHARS: Final = 400


def activity(fact: facts.StateFact, degraded: str, said: str, now: int) -> Activity:
    """What the agent does now, and what it last said of that."""
    return Activity(fact.state, fact.detail, now, fact.source, printable(fact.why, _WHY_CHARS), degraded, said)


def status(text: str) -> str:
    """What an agent reports of its work, on one line."""
    return printable(" ".join(text.split()), _WHY_CHARS)


def told(fact: facts.Fact, total_usd: str = "") -> Told | None:
    """The event of a fact that is a part of the agent's own account; None for one that is not. `total_usd` is what the
    session has cost by now, for a fact that tells of costs."""
    match fact:
        case facts.Turn():
            return Told(
                0, 0, "turn", fact.key, fact.key, _cut(fact.prompt), _some(phase=fact.phase, detail=fact.detail)
            )
        case facts.Spoke():
            return Told(0, 0, "message", "", fact.turn, _cut(fact.text))
        case facts.ToolUsed():
            files = "\n".join(fact.files[:50])
            took = str(fact.duration_ms) if fact.duration_ms else ""
            some = _some(name=fact.name, phase=fact.phase, duration_ms=took, files=files)
            return Told(0, 0, "tool", fact.key, fact.turn, _cut(fact.summary), some)
        case facts.Usage():
            numbers = {"input": fact.input_tokens, "output": fact.output_tokens, "cached": fact.cached_tokens}
            some = {name: str(value) for name, value in numbers.items() if value}
            return Told(
                0, 0, "usage", "", fact.turn, "", {**some, **_some(cost_usd=fact.cost_usd, session_cost_usd=total_usd)}
            )
        case facts.Reported():
            return Told(0, 0, "status", "", "", _cut(fact.status))
        case facts.Conversation():
            return Told(0, 0, "conversation", fact.id, "", "", _some(transcript=fact.transcript))
        case _:
            return None


def _some(**given: str) -> dict[str, str]:
    return {name: value[: _FACT_CHARS * 10] for name, value in given.items() if value}


def _cut(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= _TEXT_BYTES_MAX else data[:_TEXT_BYTES_MAX].decode("utf-8", "ignore") + "…"
