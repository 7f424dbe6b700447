"""Between clients, broker and workers: who may do what, input, size, and the end of a session.

Clients (the command, the web process on behalf of browsers) and workers connect a DEALER to the
broker's ROUTER. `req` is the client's own number for a question; the answer carries it back.
`epoch` fences: an order under an older epoch than the worker's is refused.
"""

from __future__ import annotations

import msgspec

from tether.wire.views import ClientView, SessionView


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """First on every connection to the broker: `role` is client, web, worker or adapters; `token` is the bus token."""

    protocol: str
    role: str
    token: str
    view: SessionView | None = None
    recovered: bool = False


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag="welcome"):
    """The broker's answer to Hello; `boot` names this run of the broker."""

    protocol: str
    boot: str


class Launch(msgspec.Struct, frozen=True, array_like=True, tag="launch"):
    """Start a session of a whitelisted provider. There is no field for a command line.

    `args` are the provider's own arguments, refused where the provider takes none; `env` holds variables of the
    caller that the provider's allow-list may let through. `resume` is an agent's own name of the conversation that it
    goes on with, `parent` the session that had it.
    """

    req: int
    provider: str
    args: list[str]
    title: str
    cwd: str
    cols: int
    rows: int
    env: dict[str, str] = {}
    share: bool = False
    resume: str = ""
    parent: str = ""


class Launched(msgspec.Struct, frozen=True, array_like=True, tag="launched"):
    """The session exists and its worker runs."""

    req: int
    view: SessionView


class Attach(msgspec.Struct, frozen=True, array_like=True, tag="attach"):
    """`client` becomes an attachment of the session. `mode` control asks for the lease and gets it when it is free,
    or when `take` is set; otherwise the attachment observes. Sent again after a reconnect it changes nothing."""

    req: int
    client: bytes
    name: str
    kind: str
    mode: str
    cols: int
    rows: int
    take: bool = False
    after: int = 0
    epoch: int = 0
    device: str = ""


class Attached(msgspec.Struct, frozen=True, array_like=True, tag="attached"):
    """The attachment stands; `mode` is what was granted, `epoch` the lease's, `reason` why it only observes.

    `last_n` is the number of this client's newest input that the worker has taken: a client that comes back
    after a reload continues at `last_n + 1`. `lane` is the key to the session's lane, for the holder of the lease.
    """

    req: int
    mode: str
    epoch: int
    view: SessionView
    reason: str = ""
    last_n: int = 0
    lane: bytes = b""


class Detach(msgspec.Struct, frozen=True, array_like=True, tag="detach"):
    """The attachment of `client` ends; a lease it held is free at once."""

    client: bytes


class Input(msgspec.Struct, frozen=True, array_like=True, tag="input"):
    """At most 64 KiB typed by `client`, its `n`-th since it was made (from 1). Applied once, in order of `n`."""

    client: bytes
    epoch: int
    n: int
    data: bytes


class InputAck(msgspec.Struct, frozen=True, array_like=True, tag="input-ack"):
    """Every input of `client` up to `n` is taken. With `resend` the worker dropped what came after: send it again."""

    client: bytes
    n: int
    resend: bool = False


class Resize(msgspec.Struct, frozen=True, array_like=True, tag="resize"):
    """The controller wants another size, in cells."""

    client: bytes
    epoch: int
    cols: int
    rows: int


class Take(msgspec.Struct, frozen=True, array_like=True, tag="take"):
    """`client`, an attachment, takes the lease, whoever holds it."""

    req: int
    client: bytes


class Release(msgspec.Struct, frozen=True, array_like=True, tag="release"):
    """`client` gives the lease up and observes."""

    req: int
    client: bytes


class Control(msgspec.Struct, frozen=True, array_like=True, tag="control"):
    """To every attachment when the lease changes hands; `mode` is what `client` (the addressee) has now.

    `lane` is the key to the session's lane, for the new holder.
    """

    client: bytes
    mode: str
    epoch: int
    holder: str
    reason: str = ""
    lane: bytes = b""


class Stop(msgspec.Struct, frozen=True, array_like=True, tag="stop"):
    """End the session: HUP, TERM, KILL over everything it started. Idempotent. `grace_s` is the time before KILL."""

    req: int
    by: str
    grace_s: float = 5.0
    signal: int = 0


class Rename(msgspec.Struct, frozen=True, array_like=True, tag="rename"):
    """Give the session another title."""

    req: int
    title: str


class ListSessions(msgspec.Struct, frozen=True, array_like=True, tag="sessions?"):
    """Which sessions live?"""

    req: int


class Sessions(msgspec.Struct, frozen=True, array_like=True, tag="sessions"):
    """The live sessions, oldest first, and what the store last said of its health."""

    req: int
    views: list[SessionView]
    store: str = ""


class ListClients(msgspec.Struct, frozen=True, array_like=True, tag="clients?"):
    """Who is attached to the session, or to any (null session id)?"""

    req: int


class Clients(msgspec.Struct, frozen=True, array_like=True, tag="clients"):
    """The attachments, in order of arrival."""

    req: int
    clients: list[ClientView]


class Seen(msgspec.Struct, frozen=True, array_like=True, tag="seen"):
    """How far `client` has shown the session; also its sign of life."""

    client: bytes
    seq: int
    offset: int


class Reload(msgspec.Struct, frozen=True, array_like=True, tag="reload"):
    """Every worker (null session id) or one re-executes itself in place with the code that is installed now."""

    req: int = 0


class Ping(msgspec.Struct, frozen=True, array_like=True, tag="ping"):
    """Are you there?"""

    req: int


class Pong(msgspec.Struct, frozen=True, array_like=True, tag="pong"):
    """I am."""

    req: int


class Done(msgspec.Struct, frozen=True, array_like=True, tag="done"):
    """The question `req` was carried out and has no other answer."""

    req: int
    text: str = ""
    client: bytes = b""


class Refused(msgspec.Struct, frozen=True, array_like=True, tag="refused"):
    """The question `req` (0: an order without one) was not carried out.

    `code` is stable: hello-first, protocol, not-found, ended, observe-only, stale-epoch, not-attached, provider,
    args, cwd, env, size, too-many, not-ready, spawner, bad-message, ambiguous, no-screen,
    scope, own-session. `message` says what and why, `hint` the next step.
    """

    req: int
    code: str
    message: str
    hint: str = ""
    client: bytes = b""


class Grant(msgspec.Struct, frozen=True, array_like=True, tag="grant"):
    """Broker to worker: from now on only `epoch` may write; it belongs to `client` ("" is nobody).

    `lane` is the key that the client must show on the session's lane; without one there is no lane.
    """

    epoch: int
    client: bytes
    holder: str
    reason: str = ""
    lane: bytes = b""


class Lane(msgspec.Struct, frozen=True, array_like=True, tag="lane"):
    """Holder to worker, first on the session's lane: the key it got with its lease."""

    client: bytes
    epoch: int
    key: bytes


class LaneTerminal(msgspec.Struct, frozen=True, array_like=True, tag="lane-terminal"):
    """Holder to worker: it lends its terminal, sent along as SCM_RIGHTS (the terminal, then a pipe to its guardian).

    Only to a worker whose LaneOpen takes terminals. `offer` numbers the holder's loans from 1. The terminal shows the
    session as of `seq` and `offset` once `unshown` is written to it, but for `held`, the beginning of a sequence that
    may turn out a question. `modes`, fed to a reader of modes, brings it to
    what is switched on. A chunk of typing in which one of `keys` occurs, or that ends inside an escape sequence, is
    the holder's to read; without `keys` none is.
    """

    offer: int
    seq: int
    offset: int
    keys: list[bytes] = []
    modes: bytes = b""
    unshown: bytes = b""
    held: bytes = b""


class LaneAsk(msgspec.Struct, frozen=True, array_like=True, tag="lane-ask"):
    """Holder to worker, about the terminal it lent as `offer`: how far is it? With `back`: give it back."""

    offer: int
    back: bool = False


class LaneShown(msgspec.Struct, frozen=True, array_like=True, tag="lane-shown"):
    """Worker to holder: it has the terminal, which shows the session as of `seq`, output up to `offset` (perhaps more).

    First the answer to LaneTerminal, then to LaneAsk, before every event that is no output, and before a change of
    `modes` ("" is none) is written.
    """

    offer: int
    seq: int
    offset: int
    modes: bytes = b""


class LaneBack(msgspec.Struct, frozen=True, array_like=True, tag="lane-back"):
    """Worker to holder: the terminal is yours again. It shows the session as of `seq` and `offset` once `unshown` is
    written to it, but for `held` (as in LaneTerminal); when not `sure` nobody knows what it shows, or it is too old.

    `last_n` is the holder's newest input taken. `typed` was read from the terminal and taken by nobody. `skipped`
    counts the bytes of output that it was not given. `reason` is refused (it was never taken), keys, asked, behind,
    lease, reload, ended, gone (the terminal is), silent (the holder was), or died (a worker's successor speaks).
    """

    offer: int
    reason: str
    seq: int
    offset: int
    last_n: int
    typed: bytes = b""
    unshown: bytes = b""
    modes: bytes = b""
    skipped: int = 0
    sure: bool = True
    held: bytes = b""


class LaneOpen(msgspec.Struct, frozen=True, array_like=True, tag="lane-open"):
    """Worker to holder: the lane is open; events from `next_seq` on come over it too, before the copy to the bus.

    Those of them that exist already follow at once, unless they are so many that the log is the better place.
    `terminals` (1 or more) says that the worker takes a LaneTerminal, `last_n` what it has taken of the holder, and
    `back` what became of the terminal that the holder last lent to this session's worker.
    """

    epoch: int
    next_seq: int
    terminals: int = 0
    last_n: int = 0
    back: LaneBack | None = None


class Report(msgspec.Struct, frozen=True, array_like=True, tag="report"):
    """Worker to broker: what the session looks like now. Sent when something but its output changed."""

    view: SessionView


class Snapshot(msgspec.Struct, frozen=True, array_like=True, tag="snapshot"):
    """To a client that attaches: `data` written to a cleared terminal of this size shows the session as of `seq`;
    every later event follows. `kind` is tail (the newest output, which may begin inside a screen) or screen (the
    screen as it is, with its modes and `history` lines of what scrolled off before it); `skipped` counts the output
    bytes before it. From a worker it answers the SnapshotQuery `req` of `client`; `seq` is then the newest event of
    the same turn of its loop."""

    seq: int
    offset: int
    cols: int
    rows: int
    data: bytes
    kind: str = "tail"
    skipped: int = 0
    req: int = 0
    client: bytes = b""
    history: int = 0


class SnapshotQuery(msgspec.Struct, frozen=True, array_like=True, tag="snapshot?"):
    """Client to worker, through the broker or over the lane: the session's screen as it is now, with at most `history`
    lines of its scrollback. Needs no attachment. Answered by Snapshot of kind screen, or by Refused with code
    no-screen: then the client makes one from the log."""

    req: int
    client: bytes
    history: int = 0


class HistoryQuery(msgspec.Struct, frozen=True, array_like=True, tag="history?"):
    """As SnapshotQuery: `count` lines of what has scrolled off, without the newest `skip` of them."""

    req: int
    client: bytes
    skip: int
    count: int


class History(msgspec.Struct, frozen=True, array_like=True, tag="history"):
    """Worker to client: `lines` of the scrollback, oldest first, each with its styles as escape sequences; the newest
    `skip` lines come after them. `total` lines were there at event `seq`. Fewer than asked for when there are no more
    or they would not fit into one frame."""

    req: int
    client: bytes
    skip: int
    total: int
    seq: int
    lines: list[bytes]


class Credit(msgspec.Struct, frozen=True, array_like=True, tag="credit"):
    """Browser to web: the terminal has rendered output up to `offset`; at most a window beyond it may be in flight.
    Who is more than `skip` bytes behind is shown the newest screen (a Snapshot) instead of them; 0: never."""

    seq: int
    offset: int
    skip: int = 0


ToBroker = (
    Hello | Launch | Attach | Detach | Input | Resize | Take | Release | Stop | Rename | ListSessions | ListClients
    | Seen | Reload | Ping | Report | InputAck | SnapshotQuery | HistoryQuery
)  # fmt: skip
FromBroker = (
    Welcome | Launched | Attached | Control | InputAck | Refused | Sessions | Clients | Done | Pong
    | Input | Resize | Grant | Stop | Rename | Reload | Ping | SnapshotQuery | HistoryQuery | Snapshot | History
)  # fmt: skip
OnLane = (
    Lane | LaneOpen | Input | InputAck | SnapshotQuery | HistoryQuery | Snapshot | History | Refused
    | LaneTerminal | LaneAsk | LaneShown | LaneBack
)  # fmt: skip
ToBrowser = Snapshot | History | Attached | Control | InputAck | Refused | Pong | Done | SessionView
FromBrowser = Attach | Detach | Input | Resize | Take | Release | Seen | Credit | Ping | SnapshotQuery | HistoryQuery
