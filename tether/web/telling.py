"""What the web process has to tell the audit log: who was not let in, and who logged in."""

from __future__ import annotations

from typing import Final

from tether.audit import Repeats
from tether.clock import monotonic
from tether.errors import printable
from tether.web.admission import Refusal
from tether.web.uplink import Uplink
from tether.wire.auditing import Deed
from tether.wire.codec import encode
from tether.wire.ids import NO_SESSION

_WHO: Final = "web"


class Telling:
    """Tells the broker, which passes it on. A flood of refusals is told once in ten seconds for each kind."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self._repeats = Repeats()

    def refused(self, kind: str, path: str, refusal: Refusal) -> None:
        """A request or a WebSocket was refused at the gate. What it asked for is told, never what it carried."""
        now = monotonic()
        self._repeats.over(now)
        # A path without a session's id or a file's name: whoever tries many of them is one kind.
        area = "/".join(printable(path, 80).split("/")[:4])
        if self._repeats.first((kind, area, refusal.code), now):
            self.tell("refused", "somebody without the right", what=f"{kind} {area}", code=refusal.code)

    def tell(self, kind: str, actor: str, session: str = "", **facts: str) -> None:
        """Something for the audit log. Nothing waits for a broker that is away."""
        self._uplink.send(encode(NO_SESSION, Deed(kind, actor, session, {**facts, "via": _WHO})))
