"""A session's time: when it was busy, when nothing happened, and what stands out. From its log, read once and then only
what is new. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tether.wire import WireError
from tether.wire.agents import Active, Asked, Settled, Told
from tether.wire.codec import decode_body
from tether.wire.events import (
    Controlled,
    Created,
    Cut,
    Event,
    Exited,
    Lost,
    Note,
    Output,
    Resized,
    Started,
    Titled,
)

IDLE_US: Final = 10_000_000
# A busy hour is told in parts, so that one sees when it was how busy.
PART_US: Final = 500_000
SPANS_MAX: Final = 1000
MARKS_MAX: Final = 4000
_ACCOUNT_MAX: Final = 3000
_TEXT_CHARS: Final = 200


class Span(msgspec.Struct):
    """A stretch without a long silence: from one event to another, and how much output is in it."""

    from_ts: int
    to_ts: int
    from_seq: int
    to_seq: int
    size: int


class Mark(msgspec.Struct, frozen=True):
    """Something that stands out. `kind` is stable, `text` is for people and may be anything."""

    seq: int
    ts: int
    kind: str
    text: str = ""


class Timeline:
    """Takes events in their order. `idle_us` is the silence that divides spans, `part_us` how long one may be; both
    grow when there are too many."""

    def __init__(self) -> None:
        self.seq = 0
        self.spans: list[Span] = []
        self.marks: list[Mark] = []
        self.idle_us = IDLE_US
        self.part_us = PART_US
        self.dropped = 0

    def take(self, seq: int, body: bytes) -> None:
        """The next row of the log."""
        self.seq = seq
        try:
            event = decode_body(body)
        except WireError:
            return
        if not isinstance(event, Event):
            return
        mark = _mark(event)
        if mark is not None:
            self._note(mark)
        self._span(seq, event.ts, len(event.data) if isinstance(event, Output) else 0)

    def _note(self, mark: Mark) -> None:
        if len(self.marks) < (_ACCOUNT_MAX if mark.kind in ACCOUNT else MARKS_MAX):
            self.marks.append(mark)
        else:
            self.dropped += 1

    def _span(self, seq: int, ts: int, size: int) -> None:
        last = self.spans[-1] if self.spans else None
        if last is not None and ts - last.to_ts <= self.idle_us and ts - last.from_ts <= self.part_us:
            # The clock may jump back: a span ends no earlier than it did.
            last.to_ts, last.to_seq, last.size = max(last.to_ts, ts), seq, last.size + size
            return
        self.spans.append(Span(ts, ts, seq, seq, size))
        while len(self.spans) > SPANS_MAX:
            self.idle_us, self.part_us = self.idle_us * 2, self.part_us * 2
            self.spans = _joined(self.spans, self.idle_us, self.part_us)


def _joined(spans: list[Span], idle_us: int, part_us: int) -> list[Span]:
    made: list[Span] = []
    for one in spans:
        if made and one.from_ts - made[-1].to_ts <= idle_us and one.to_ts - made[-1].from_ts <= part_us:
            last = made[-1]
            last.to_ts, last.to_seq, last.size = max(last.to_ts, one.to_ts), one.to_seq, last.size + one.size
        else:
            made.append(one)
    return made


_PLAIN: Final[dict[type, Callable[[Any], tuple[str, str]]]] = {
    Created: lambda event: ("created", event.provider),
    Started: lambda _: ("started", ""),
    Resized: lambda event: ("resized", f"{event.cols}×{event.rows}"),
    Controlled: lambda event: ("controlled", event.holder),
    Titled: lambda event: ("titled", event.title),
    Note: lambda event: ("note", event.text),
    Exited: lambda event: ("exited", _status(event)),
    Lost: lambda event: ("lost", event.cause),
    Cut: lambda _: ("cut", ""),
    Active: lambda event: ("state", event.activity.state),
    Asked: lambda event: ("approval", event.approval.title),
    Settled: lambda event: ("decision", " ".join(word for word in (event.state, event.by) if word)),
}


def _mark(event: Any) -> Mark | None:
    """What stands out of one event; None for what does not."""
    told = _TOLD.get(event.kind) if isinstance(event, Told) else _PLAIN.get(type(event))
    if told is None:
        return None
    kind, text = told(event)
    return Mark(event.seq, event.ts, kind, _cut(" ".join(text[: 4 * _TEXT_CHARS].split()))) if kind else None


def _cut(text: str) -> str:
    """At most `_TEXT_CHARS`, to a whole word where there are several: half a secret is not known for one."""
    if len(text) <= _TEXT_CHARS:
        return text
    return text[:_TEXT_CHARS].rpartition(" ")[0] or text[:_TEXT_CHARS]


def _turn(event: Told) -> tuple[str, str]:
    phase = event.facts.get("phase", "began")
    return "turn", event.text if phase == "began" else phase


def _tool(event: Told) -> tuple[str, str]:
    phase, name = event.facts.get("phase", ""), event.facts.get("name", "tool")
    return "" if phase == "began" else "tool", f"{name}{' (failed)' if phase == 'failed' else ''}: {event.text}"


# The agent's own account of its work, beside what its terminal showed. A tool is told once, when it is over.
_TOLD: Final[dict[str, Callable[[Told], tuple[str, str]]]] = {
    "turn": _turn,
    "prompt": lambda event: ("turn", event.text),
    "message": lambda event: ("message", event.text),
    "tool": _tool,
    "usage": lambda event: ("usage", ", ".join(f"{name} {value}" for name, value in event.facts.items())),
    "status": lambda event: ("status", event.text),
}
ACCOUNT: Final = frozenset({"message", "tool", "usage", "status"})
"""Kinds of marks of that account: they are many, and leave room for the others."""


def _status(event: Exited) -> str:
    if event.code is not None:
        return str(event.code)
    return f"signal {event.signal}" if event.signal is not None else ""
