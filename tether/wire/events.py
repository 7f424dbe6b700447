"""What happens in a session, as it is kept in the log and published to viewers.

Each session numbers its events densely from 1 (`seq`); `ts` is microseconds since 1970 on the
machine's clock; output also carries `offset`, the position of its first byte in all the output the
session ever made. An event never changes once it is in the log. Retention may replace a run of
events by one `Cut` that takes the last number of the run.
"""

from __future__ import annotations

import msgspec

from tether.wire.agents import Active, Asked, Part, Settled, Told


class Created(msgspec.Struct, frozen=True, array_like=True, tag="created"):
    """The session exists; always seq 1. Written by its worker before the agent is started. `parent` is the public id of
    the session whose conversation it goes on with."""

    seq: int
    ts: int
    provider: str
    title: str
    cwd: str
    cols: int
    rows: int
    owner: str
    machine: str
    args: list[str] = []
    share: bool = False
    parent: str = ""


class Started(msgspec.Struct, frozen=True, array_like=True, tag="started"):
    """The agent's process runs (`pid`)."""

    seq: int
    ts: int
    pid: int


class Output(msgspec.Struct, frozen=True, array_like=True, tag="out"):
    """At most 32,000 raw bytes from the terminal; the first of them stands at `offset`."""

    seq: int
    ts: int
    offset: int
    data: bytes


class Resized(msgspec.Struct, frozen=True, array_like=True, tag="resized"):
    """The terminal has a new size, in cells; `by` names the client that asked."""

    seq: int
    ts: int
    cols: int
    rows: int
    by: str = ""


class Controlled(msgspec.Struct, frozen=True, array_like=True, tag="controlled"):
    """The lease changed hands: `holder` ("" is nobody) writes under `epoch` from here on."""

    seq: int
    ts: int
    epoch: int
    holder: str
    reason: str = ""


class Titled(msgspec.Struct, frozen=True, array_like=True, tag="titled"):
    """The session has a new title."""

    seq: int
    ts: int
    title: str


class Note(msgspec.Struct, frozen=True, array_like=True, tag="note"):
    """Something about the session that its reader should know; `code` is stable, `text` is for people.

    Codes: `recovered` (the worker was replaced; nothing lost), `gap` (the worker was replaced and bytes may be
    missing at this point), `input-uncertain` (one input may or may not have reached the agent), `upgraded`,
    `stalled`, `resumed`, `stop-requested`, `not-started` (the agent could not be executed),
    `line-too-long` (the terminal driver cut a typed line), `no-screen` (there is no model of the screen any more).
    """

    seq: int
    ts: int
    code: str
    text: str


class Exited(msgspec.Struct, frozen=True, array_like=True, tag="exited"):
    """The agent ended and its output is complete. Exactly one of `code` and `signal` is set, or neither when the
    status could not be known. `stopped_by` names who asked for it ("" when it ended by itself)."""

    seq: int
    ts: int
    code: int | None
    signal: int | None
    stopped_by: str = ""


class Lost(msgspec.Struct, frozen=True, array_like=True, tag="lost"):
    """The session can't be reached any more; `cause` says why. Appended by the store on the broker's word."""

    seq: int
    ts: int
    cause: str


class Cut(msgspec.Struct, frozen=True, array_like=True, tag="cut"):
    """Retention removed the events `from_seq` to `seq`, and with them the output bytes from `from_offset` up to,
    not including, `to_offset`."""

    seq: int
    ts: int
    from_seq: int
    from_offset: int
    to_offset: int
    reason: str = ""


class Unknown(msgspec.Struct, frozen=True):
    """A message whose tag this build does not know: counted and skipped, never an error."""

    tag: str
    seq: int = 0


Event = (
    Created | Started | Output | Resized | Controlled | Titled | Note | Exited | Lost | Cut
    | Active | Asked | Part | Settled | Told
)  # fmt: skip
