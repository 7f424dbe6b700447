"""What agents do and ask: events of their sessions, the records of what they asked, and who is told of it.

An adapter's report goes through the broker to the session's worker, which numbers it like everything else that
happens. A decision goes from a client through the broker to the adapter, which makes the first one count.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Activity(msgspec.Struct, frozen=True, array_like=True):
    """What an agent is doing: `state` is starting, working, waiting, idle, done, error, lost or unknown; `detail` what
    it waits for (approval, question, plan, terminal). `source` is where that was seen, `why` one sentence of it;
    `since` in microseconds. `degraded` says why the agent's own word is not to be had ("" is: it is), `said` what the
    agent last reported of its work with Tether's own tool."""

    state: str
    detail: str = ""
    since: int = 0
    source: str = ""
    why: str = ""
    degraded: str = ""
    said: str = ""


class Option(msgspec.Struct, frozen=True, array_like=True):
    """One way to answer, as the agent offers it."""

    id: str
    label: str


class Question(msgspec.Struct, frozen=True, array_like=True):
    """A question of the agent, with the answers that it offers."""

    text: str
    header: str = ""
    options: list[Option] = []
    multiple: bool = False


class Approval(msgspec.Struct, frozen=True, array_like=True):
    """What an agent asked, and what became of it. `exact` are the bytes that would be run or written, `size` of
    them; `sha256` (hex) is of all. What of `exact` and `diff` does not fit into one event came before in Part
    events, whose numbers are `parts` (set by the store); `cut` is how many bytes of them were too many altogether.
    `state` is pending, allowed, denied, answered, terminal (at the agent's own terminal), cancelled, expired or
    unknown. `effect` is what the agent made of it, `by` who decided; `session` (`sid`) and `provider` name whose it
    is, `key` is the side channel's own name for it. Times are microseconds since 1970; `expires` 0 is never."""

    id: str
    session: str
    provider: str
    kind: str
    title: str
    intent: str = ""
    exact: bytes = b""
    size: int = 0
    sha256: str = ""
    diff: str = ""
    detail: str = ""
    options: list[Option] = []
    questions: list[Question] = []
    created: int = 0
    expires: int = 0
    state: str = "pending"
    by: str = ""
    decided: int = 0
    reason: str = ""
    scope: str = ""
    effect: str = ""
    key: str = ""
    answers: dict[str, str] = {}
    parts: list[int] = []
    cut: int = 0
    sid: bytes = b""
    rule: str = ""


class Active(msgspec.Struct, frozen=True, array_like=True, tag="active"):
    """The agent does something else now, or waits: see Activity."""

    seq: int
    ts: int
    activity: Activity


class Asked(msgspec.Struct, frozen=True, array_like=True, tag="asked"):
    """The agent asks for something and waits for the answer."""

    seq: int
    ts: int
    approval: Approval


class Part(msgspec.Struct, frozen=True, array_like=True, tag="part"):
    """The next piece of a long `field` (exact or diff) of the approval `id` that is about to be asked."""

    seq: int
    ts: int
    id: str
    field: str
    data: bytes


class Settled(msgspec.Struct, frozen=True, array_like=True, tag="settled"):
    """What the agent asked as `id` was decided, or is open no more; a later one with the same `state` tells the
    `effect`. `by` is who decided, `rule` the rule when nobody did, `scope` once or session."""

    seq: int
    ts: int
    id: str
    state: str
    by: str = ""
    reason: str = ""
    scope: str = ""
    effect: str = ""
    rule: str = ""
    answers: dict[str, str] = {}


class Told(msgspec.Struct, frozen=True, array_like=True, tag="told"):
    """Something of the agent's own account of its work: `kind` is turn, prompt, message, tool, usage, conversation,
    status or refused. `key` joins what belongs together, `turn` is the turn; `facts` are short texts by name."""

    seq: int
    ts: int
    kind: str
    key: str = ""
    turn: str = ""
    text: str = ""
    facts: dict[str, str] = {}


class Observed(msgspec.Struct, frozen=True, array_like=True, tag="observed"):
    """Adapter to worker, through the broker: append the event in `body` (a message without envelope, of those above,
    whose `seq` and `ts` you set). `n` counts the reports of the adapter's run `boot` on this session from 1; sent
    again until it is acknowledged."""

    boot: str
    n: int
    body: bytes


class Noted(msgspec.Struct, frozen=True, array_like=True, tag="noted"):
    """Worker to adapter, through the broker: every report of the run `boot` up to `n` is an event."""

    boot: str
    n: int


class Signalled(msgspec.Struct, frozen=True, array_like=True, tag="signalled"):
    """Worker to adapter, through the broker: the terminal said something beside its screen. `kind` is title, notice,
    bell, mark or cwd; of a title only changes of `state` (what the provider's title rules make of it) are told. Two are
    the worker's own: typed (who called for somebody was heard) and stopping (the agent is about to be ended: have it
    leave off, within two seconds)."""

    kind: str
    text: str = ""
    state: str = ""


class Prepare(msgspec.Struct, frozen=True, array_like=True, tag="prepare"):
    """Broker to adapter: this session is about to be started; what does your side channel need of its command line and
    environment? Answered by Prepared within seconds, or the agent is started without."""

    req: int
    provider: str
    channel: str
    cwd: str
    args: list[str] = []
    env: dict[str, str] = {}
    resume: str = ""


class Prepared(msgspec.Struct, frozen=True, array_like=True, tag="prepared"):
    """Adapter to broker: put `args` before the agent's own, add `env`. `degraded` says why there is no side channel,
    `side` whether the program that the provider's file names is to run beside the agent, `side_args` what is put behind
    that program's own arguments."""

    req: int
    args: list[str] = []
    env: dict[str, str] = {}
    degraded: str = ""
    side: bool = False
    side_args: list[str] = []


class Decide(msgspec.Struct, frozen=True, array_like=True, tag="decide"):
    """Client to adapter, through the broker: a decision on the approval `id`. `decision` is allow, deny or answer,
    `scope` once or session, `answers` by question. `sha256` is of the bytes that were shown: when it is given and not
    the record's, nothing is decided. The broker sets `by`; a program inside a session decides nothing."""

    req: int
    client: bytes
    id: str
    decision: str
    scope: str = "once"
    reason: str = ""
    answers: dict[str, str] = {}
    sha256: str = ""
    by: str = ""
    rule: str = ""


class Decided(msgspec.Struct, frozen=True, array_like=True, tag="decided"):
    """The answer to Decide: `state` and `by` as they are now. `won` when it is this decision that counts."""

    req: int
    client: bytes
    id: str
    state: str
    by: str
    won: bool
    message: str = ""


class Prompt(msgspec.Struct, frozen=True, array_like=True, tag="prompt"):
    """Client to adapter, through the broker: give the agent `text` as a prompt. Refused (`busy`) while it waits for an
    approval or its terminal wants an answer. Answered by Done or Refused."""

    req: int
    client: bytes
    text: str
    by: str = ""


class Compose(msgspec.Struct, frozen=True, array_like=True, tag="compose"):
    """Adapter to worker, through the broker: type `data`, which is for an agent that has no other door. Not typed when
    the session's activity is not `state` any more, nor while the agent asks something; `leave` says that it makes the
    agent leave off, which is typed then as well."""

    req: int
    data: bytes
    state: str
    leave: bool = False


class Interrupt(msgspec.Struct, frozen=True, array_like=True, tag="interrupt"):
    """Client to adapter, through the broker: have the agent leave off what it does."""

    req: int
    client: bytes
    by: str = ""


AgentEvent = Active | Asked | Part | Settled | Told
# Within other messages only.
PARTS: Final = (Activity, Option, Question, Approval)
ToAdapters = Noted | Signalled | Prepare | Decide | Prompt | Interrupt
FromAdapters = Observed | Prepared | Decided | Compose
