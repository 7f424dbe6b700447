"""What a translator says of its agent. Pure.

A translator turns what an agent's side channel emits into these, and a decision into what the channel is answered.
It keeps no clock and touches nothing: `take` is given the time. Everything that an agent says is a claim of the agent
about itself, in words of this module; it grants nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

State = Literal["starting", "working", "waiting", "idle", "done", "error", "unknown"]
Waiting = Literal["", "approval", "question", "plan", "terminal"]
Kind = Literal["command", "edit", "tool", "question", "plan"]
Outcome = Literal["allowed", "denied", "answered", "terminal", "cancelled", "expired", "unknown"]


@dataclass(frozen=True, slots=True)
class StateFact:
    """The agent is in `state` now; `detail` says what for when it waits. `why` is one sentence for people, `source`
    where it was seen: hook, api, title, bell, notice, mark, process."""

    state: State
    why: str
    source: str
    detail: Waiting = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer, as the agent offers it. `id` is what a decision names."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question of several: the answer is the label of one of `options`, or of several when `multiple`."""

    text: str
    header: str = ""
    options: tuple[Option, ...] = ()
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The agent asks and waits. `key` is the channel's own name for it, the same as long as it is open, so that one
    that is told again is the same one. `exact` are the very bytes that would be run or written, `diff` a unified diff,
    `intent` why, in the agent's words. `options` are empty when it offers the usual: allow once, for session, deny.
    `detail` is a sentence that has to be said with it (what else an answer brings about)."""

    key: str
    kind: Kind
    title: str
    intent: str
    exact: bytes
    diff: str = ""
    options: tuple[Option, ...] = ()
    detail: str = ""
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What was asked as `key` is open no more. `by` is who settled it as far as the channel knows ("" is not told)."""

    key: str
    outcome: Outcome
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Of all that was ever asked only `keys` are open: said by a channel that has joined its agent again. What else is
    pending was settled while nobody listened."""

    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of the decision on `key`: `done` (the agent did it), `refused` (the agent was told no and went on),
    `failed`, or `unknown`."""

    key: str
    effect: Literal["done", "refused", "failed", "unknown"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the conversation began or ended. `prompt` is what it was asked."""

    key: str
    phase: Literal["began", "ended", "interrupted", "failed"]
    prompt: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Spoke:
    """The agent said `text`, in the turn `turn`."""

    text: str
    turn: str = ""


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """The agent began or finished something with a tool. `key` is the same for both; `files` what it touched."""

    key: str
    name: str
    phase: Literal["began", "ended", "failed"]
    summary: str = ""
    turn: str = ""
    duration_ms: int = 0
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money as the agent reports them; `cost_usd` is "" when it does not. Totals of the turn `turn`."""

    turn: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The agent's own name for the conversation, by which it can be resumed, and where it keeps its transcript."""

    id: str
    transcript: str = ""


@dataclass(frozen=True, slots=True)
class Degraded:
    """The channel is missing, lost or not what it was: the session is a plain terminal from here on, and says so.
    "" means that the channel is well (again)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What the agent says of where its work is, with Tether's own tool."""

    status: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that this translator does not know: counted and ignored."""

    what: str


Fact = (
    StateFact | Asked | Settled | StillOpen | Effect | Turn | Spoke | ToolUsed | Usage | Conversation | Degraded
    | Reported | Unknown
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on an approval, as a translator gets it; no agent is asked to remember it. `answers` are by
    the question's text; several labels are joined by ", "."""

    decision: Literal["allow", "deny", "answer"]
    reason: str = ""
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a session's terminal said beside its screen: `kind` is title, notice, bell, mark or cwd. For a title
    `state` is what the provider's rules make of it ("" when none fits)."""

    kind: str
    text: str = ""
    state: str = ""


class Translator(Protocol):
    """One session's translator. `now` is microseconds since 1970. `raw` is whatever its loop reads: a decoded JSON
    object, or a `Signal` of the terminal."""

    def take(self, raw: Any, now: int) -> list[Fact]:
        """The facts in one thing that was read. Never raises for what an agent says."""

    def answer(self, key: str, decision: Decision) -> Any:
        """What to send for a decision on what was asked as `key`; None when it is not open any more."""
