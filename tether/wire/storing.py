"""Between workers, broker and store: the durable path.

Workers and the broker connect a DEALER to the store's ROUTER. A worker sends its events as they are
(see `events`), and `Sync` whenever it connects. The store answers with cumulative `Ack`s.
"""

from __future__ import annotations

import msgspec

from tether.wire.views import SessionView


class Sync(msgspec.Struct, frozen=True, array_like=True, tag="sync"):
    """Worker to store, first after every (re)connection: it holds the events `first` to `next - 1`."""

    protocol: str
    first: int
    next: int


class Seal(msgspec.Struct, frozen=True, array_like=True, tag="seal"):
    """Broker to store: the session is lost. Salvage its ring file, then append `Lost` with `cause`. Idempotent."""

    cause: str


class OpenSessionsQuery(msgspec.Struct, frozen=True, array_like=True, tag="open?"):
    """Broker to store: which sessions does the log believe to be alive?"""


class Checkpoint(msgspec.Struct, frozen=True, array_like=True, tag="checkpoint"):
    """Worker to store: the session's screen as of event `seq`, to rebuild later ones from. Derived from the events, so
    one that is lost or not kept is no loss. `data` is deflated (zlib): what puts a fresh terminal of this size into the
    session's state. `offset` is the end of the output that it shows, `history` the lines of scrollback in it."""

    seq: int
    ts: int
    offset: int
    cols: int
    rows: int
    data: bytes
    history: int = 0


class Recall(msgspec.Struct, frozen=True, array_like=True, tag="recall"):
    """Worker to store: the events behind `after`, up to `upto`. With `after` 0 from the newest Checkpoint on that is
    not behind `upto`, and the checkpoint with them."""

    after: int
    upto: int


class Recalled(msgspec.Struct, frozen=True, array_like=True, tag="recalled"):
    """Store to worker: `bodies` of events behind `after`, as the log keeps them; the next are to be asked for behind
    `last`. Empty, and `last` 0, when the log has none of them now."""

    after: int
    last: int
    checkpoint: Checkpoint | None
    bodies: list[bytes]


class Ack(msgspec.Struct, frozen=True, array_like=True, tag="ack"):
    """Store to worker: every event up to and with `upto` is on disk. `boot` names this run of the store."""

    upto: int
    boot: str


class Nak(msgspec.Struct, frozen=True, array_like=True, tag="nak"):
    """Store to worker: an event was missing; go back and send from `next` on."""

    next: int
    boot: str


class Stalled(msgspec.Struct, frozen=True, array_like=True, tag="stalled"):
    """Store to worker and broker: nothing can be written now; `reason` is for people, "" means it works again."""

    reason: str


class Sealed(msgspec.Struct, frozen=True, array_like=True, tag="sealed"):
    """Store to broker: `Lost` is in the log (or the session had ended already); `view` is the final record."""

    view: SessionView | None


class OpenSessions(msgspec.Struct, frozen=True, array_like=True, tag="open"):
    """Store to broker: the sessions without an end in the log."""

    sessions: list[SessionView]


class Committed(msgspec.Struct, frozen=True, array_like=True, tag="committed"):
    """Store's PUB, per session: events up to `upto` can be read from the log."""

    upto: int


class StoreHealth(msgspec.Struct, frozen=True, array_like=True, tag="store"):
    """Store's PUB, for all: `state` is ok or stalled, with the reason and what the log holds, in bytes."""

    state: str
    reason: str = ""
    log_bytes: int = 0
    quota_bytes: int = 0
    boot: str = ""


ToStore = Sync | Seal | OpenSessionsQuery | Checkpoint | Recall
FromStore = Ack | Nak | Stalled | Sealed | OpenSessions | Recalled
StoreNotice = Committed | StoreHealth
