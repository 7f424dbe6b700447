"""What the broker has to tell the audit log: numbered, kept until the store has it on disk. Pure.

Nothing waits for it. What can't be kept any more (a store that is away for long) goes, oldest first, and the log says
how many are missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from tether.audit import Repeats
from tether.errors import printable
from tether.wire.auditing import AuditAck, AuditEntry, Deed

WAITING_MAX: Final = 4096
_TEXT_CHARS: Final = 200
_FACTS_MAX: Final = 16


class Journal:
    """`send` passes an entry on and is False while the store is away; `now_us` is the time of day."""

    def __init__(self, boot: str, send: Callable[[AuditEntry], bool], now_us: Callable[[], int]) -> None:
        self._boot = boot
        self._send = send
        self._now_us = now_us
        self._n = 0
        self._entries: deque[AuditEntry] = deque()  # not acknowledged
        self._sent = 0  # how many of them were sent
        self._dropped = 0
        self._repeats = Repeats()

    def note(self, kind: str, actor: str, session: str = "", /, **facts: str) -> None:
        """Something was done."""
        if len(self._entries) >= WAITING_MAX:
            self._dropped += 1
            return
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._add("dropped", "gateway", "", {"entries": str(dropped)})
        self._add(kind, actor, session, facts)
        self._flush()

    def refused(self, actor: str, session: str, now: float, /, **facts: str) -> None:
        """Something was refused; the same again within ten seconds is counted and said once. `now` is monotonic."""
        if self._repeats.first(("refused", actor, session, *facts.values()), now):
            self.note("refused", actor, session, **facts)

    def deed(self, deed: Deed, now: float) -> None:
        """What web or a command reports, made safe to show."""
        facts = {printable(k, 32): printable(v, _TEXT_CHARS) for k, v in list(deed.facts.items())[:_FACTS_MAX]}
        kind, actor, session = printable(deed.kind, 32), printable(deed.actor), printable(deed.session, 32)
        if kind == "refused":
            self.refused(actor, session, now, **{key.replace("-", "_"): value for key, value in facts.items()})
        elif kind:
            self.note(kind, actor, session, **facts)

    def acked(self, ack: AuditAck) -> None:
        """The store has entries on disk, or wants them again."""
        if ack.boot == self._boot:
            while self._entries and self._entries[0].n <= ack.n:
                self._entries.popleft()
                self._sent = max(0, self._sent - 1)
        if ack.resend:
            self._sent = 0
        self._flush()

    def connected(self) -> None:
        """The store is there (again): it may have none of what was sent."""
        self._sent = 0
        self._flush()

    def tick(self, now: float) -> None:
        """Say what was counted, and send what could not be sent."""
        for (kind, actor, session, *what), times in self._repeats.over(now):
            self.note(kind, actor, session, what=" ".join(what), times=str(times))
        self._flush()

    def _add(self, kind: str, actor: str, session: str, facts: dict[str, str]) -> None:
        self._n += 1
        self._entries.append(AuditEntry(self._boot, self._n, self._now_us(), kind, actor, session, facts))

    def _flush(self) -> None:
        while self._sent < len(self._entries) and self._send(self._entries[self._sent]):
            self._sent += 1
