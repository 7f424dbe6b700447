"""What a session or a client looks like from outside: the rows of lists."""

from __future__ import annotations

from typing import Literal

import msgspec

from tether.wire.agents import Activity

State = Literal["created", "starting", "running", "stalled", "unresponsive", "recovering", "exited", "stopped", "lost"]

ENDED: frozenset[str] = frozenset({"exited", "stopped", "lost"})


class SessionView(msgspec.Struct, frozen=True, array_like=True, tag="session"):
    """One session. The broker publishes it for live sessions, the store keeps it as the record of every session.

    `id` is the public id; times are microseconds since 1970, 0 when it has not happened; `seq` is the newest
    event and `offset` the count of output bytes; `first_seq` and `cut_bytes` tell what retention removed; `screen`
    that its worker keeps a model of the screen, which answers what programs ask of their terminal: nobody else may.
    `activity` is what the agent does (None: never told), `approvals` the ids of what it asks and nobody has decided;
    `conversation` is the agent's own name of it, `parent` the session whose conversation this one goes on with;
    `cost_usd` what it has cost as far as its agent tells ("": it does not);
    `sized_by` names the client that asked for the present size.
    """

    sid: bytes
    id: str
    provider: str
    title: str
    state: str
    cwd: str = ""
    machine: str = ""
    owner: str = ""
    detail: str = ""
    created: int = 0
    started: int = 0
    ended: int = 0
    since: int = 0
    worker_pid: int = 0
    agent_pid: int = 0
    cols: int = 0
    rows: int = 0
    seq: int = 0
    offset: int = 0
    first_seq: int = 1
    cut_bytes: int = 0
    log_bytes: int = 0
    exit_code: int | None = None
    exit_signal: int | None = None
    stopped_by: str = ""
    epoch: int = 0
    controller: str = ""
    controller_id: bytes = b""
    clients: int = 0
    args: list[str] = []
    share: bool = False
    transport: str = "pty"
    screen: bool = False
    activity: Activity | None = None
    approvals: list[str] = []
    conversation: str = ""
    parent: str = ""
    cost_usd: str = ""
    sized_by: str = ""


class ClientView(msgspec.Struct, frozen=True, array_like=True):
    """One attachment: who watches which session, how, since when (microseconds), and how far it has read.

    `kind` is native, web, http or api; `device` is a name people know; `behind` is bytes of output not yet seen.
    """

    sid: bytes
    client: bytes
    name: str
    kind: str
    mode: str
    since: int
    seq: int = 0
    offset: int = 0
    behind: int = 0
    cols: int = 0
    rows: int = 0
    device: str = ""
