"""What the web process has to tell the audit log: who was not let in, and who logged in."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tether.audit import Repeats
from tether.bus.uplink import Uplink
from tether.clock import monotonic
from tether.errors import printable
from tether.web.admission import UNSEATED, Credential, Refusal
from tether.wire.auditing import Deed
from tether.wire.codec import encode
from tether.wire.ids import NO_SESSION, public_id

_WHO: Final = "web"

log = logging.getLogger("tether")


class Telling:
    """Tells the broker, which passes it on. A flood of refusals is told once in ten seconds for each kind."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self._repeats = Repeats()
        self._settings: dict[str, str] = {}

    def refused(self, kind: str, path: str, refusal: Refusal) -> None:
        """A request or a WebSocket was refused at the gate. What it asked for is told, never what it carried."""
        if refusal.who is not None:
            self.denied(refusal.who, "", refusal.code, f"{kind} {printable(path, 80)}")
            return
        now = monotonic()
        self._repeats.over(now)
        # A path without a session's id or a file's name: whoever tries many of them is one kind.
        area = "/".join(printable(path, 80).split("/")[:4])
        if self._repeats.first((kind, area, refusal.code), now):
            self.tell("refused", "somebody without the right", what=f"{kind} {area}", code=refusal.code)

    def denied(self, who: Credential, session: str, code: str, what: str) -> None:
        """Somebody who is known wanted what it may not. From inside a session it is an agent that acts on its own
        behalf: each such try is told, and with the session it came from."""
        inside = ",".join(public_id(one) if one else "?" for one in sorted(who.inside))
        name = who.name or who.via
        log.warning(
            "event=denied session=%s who=%r via=%s inside=%s code=%s what=%r",
            session or "-", name, who.via, inside or "-", code, what,
        )  # fmt: skip
        if inside:
            self.tell("self-approval-attempt", f"a program in {inside}", session or inside, what=what, code=code)
        elif code == UNSEATED:
            self.tell("self-approval-attempt", "a program without a terminal", session, what=what, code=code)
        elif self._repeats.first((who.device or who.via, session, what, code), monotonic()):
            self.tell("refused", name, session, what=what, code=code, device=who.device)

    def runs_with(self, files: Mapping[str, Path]) -> None:
        """What the web part was started with: a digest of each file of settings. Told once, when a broker is there."""
        if self._settings:
            return
        for name, path in files.items():
            try:
                self._settings[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            except OSError:
                self._settings[name] = "none"
        self.tell("settings", "gateway", **self._settings)

    def tell(self, kind: str, actor: str, session: str = "", **facts: str) -> None:
        """Something for the audit log. Nothing waits for a broker that is away."""
        self._uplink.send(encode(NO_SESSION, Deed(kind, actor, session, {**facts, "via": _WHO})))
