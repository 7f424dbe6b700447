"""The audit log: who did what to which session, and who was refused.

Broker, web and command report deeds to the broker; the broker passes them on to the store, which numbers and chains
them (see `tether.audit`). No entry holds what was typed or shown.
"""

from __future__ import annotations

import msgspec


class Deed(msgspec.Struct, frozen=True, array_like=True, tag="deed"):
    """Client or web to broker: something happened there that belongs in the audit log. `kind` is a short word,
    `session` a public id or "", `facts` are short texts. Not answered."""

    kind: str
    actor: str
    session: str = ""
    facts: dict[str, str] = {}


class Typed(msgspec.Struct, frozen=True, array_like=True, tag="typed"):
    """Worker to broker: `client` typed `size` bytes in `pieces` pieces between `since` and `until` (microseconds
    since 1970)."""

    client: bytes
    size: int
    pieces: int
    since: int
    until: int


class AuditEntry(msgspec.Struct, frozen=True, array_like=True, tag="audit"):
    """Broker to store: the `n`-th entry of the broker's run `boot`, sent again until it is acknowledged."""

    boot: str
    n: int
    ts: int
    kind: str
    actor: str
    session: str = ""
    facts: dict[str, str] = {}


class AuditAck(msgspec.Struct, frozen=True, array_like=True, tag="audit-ack"):
    """Store to broker: every entry of the run `boot` up to `n` is on disk. With `resend` what came after it was not
    taken: send it again."""

    boot: str
    n: int
    resend: bool = False


ToBrokerAudit = Deed | Typed
Auditing = AuditEntry | AuditAck
