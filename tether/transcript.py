"""What an agent and its people said and did in a session, from its events: one record for every agent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tether.wire.agents import Asked, Settled, Told
from tether.wire.events import Exited, Lost

_OUTCOMES: Final = {
    "allowed": "allowed", "denied": "denied", "answered": "answered", "terminal": "answered at its terminal",
    "cancelled": "withdrawn", "expired": "expired", "unknown": "not known",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One thing. `kind` is prompt, message, tool, asked, decided, usage, status or end; `seq` the event that told it,
    `ts` when (microseconds since 1970); `turn` the agent's own name of the turn; `facts` short texts by name."""

    seq: int
    ts: int
    kind: str
    text: str
    turn: str = ""
    facts: dict[str, str] = field(default_factory=dict)


def entries(events: Iterable[Any]) -> Iterator[Entry]:
    """The entries, in order. A tool is told once, when it is over."""
    titles: dict[str, str] = {}
    for event in events:
        match event:
            case Told(kind="turn") if event.facts.get("phase") == "began":
                yield Entry(event.seq, event.ts, "prompt", event.text, event.turn)
            case Told(kind="turn") if event.facts.get("phase") in ("interrupted", "failed"):
                yield Entry(event.seq, event.ts, "end", event.facts["phase"], event.turn, dict(event.facts))
            case Told(kind="message" | "prompt" | "usage" | "status"):
                yield Entry(event.seq, event.ts, event.kind, event.text, event.turn, dict(event.facts))
            case Told(kind="tool") if event.facts.get("phase") != "began":
                yield Entry(event.seq, event.ts, "tool", event.text, event.turn, dict(event.facts))
            case Asked():
                one = event.approval
                titles[one.id] = one.title
                yield Entry(event.seq, event.ts, "asked", one.title, facts={"id": one.id, "kind": one.kind})
            case Settled() if event.id in titles and event.state in _OUTCOMES:
                facts = {"id": event.id, "state": event.state, "by": event.by, "reason": event.reason}
                title = titles.pop(event.id)
                yield Entry(event.seq, event.ts, "decided", title, facts={k: v for k, v in facts.items() if v})
            case Exited() | Lost():
                yield Entry(event.seq, event.ts, "end", "the session ended")
            case _:
                pass


def markdown(found: Iterable[Entry], title: str) -> Iterator[str]:
    """The lines of a document. What was said stands as it was: it may hold markup of its own."""
    yield f"# {title}"
    for entry in found:
        when = datetime.fromtimestamp(entry.ts / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        match entry.kind:
            case "prompt":
                yield from ("", f"## Prompt, {when}", "", entry.text)
            case "message":
                yield from ("", entry.text)
            case "tool":
                failed = ", failed" if entry.facts.get("phase") == "failed" else ""
                yield from ("", f"- `{entry.facts.get('name', 'tool')}`{failed}: {_line(entry.text)}")
                yield from (f"  - {path}" for path in entry.facts.get("files", "").splitlines())
            case "asked":
                yield from ("", f"- asked: {_line(entry.text)}")
            case "decided":
                by = f" by {entry.facts['by']}" if "by" in entry.facts else ""
                reason = f": {_line(entry.facts['reason'])}" if "reason" in entry.facts else ""
                yield f"- {_OUTCOMES[entry.facts['state']]}{by}{reason}"
            case "status":
                yield from ("", f"> {_line(entry.text)}")
            case "usage":
                numbers = ", ".join(f"{name} {value}" for name, value in entry.facts.items())
                yield from ("", f"*{numbers}*")
            case _:
                yield from ("", f"*{_line(entry.text)}, {when}*")


def _line(text: str) -> str:
    return " ".join(text.split())
