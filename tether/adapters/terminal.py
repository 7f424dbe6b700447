"""Sessions without a side channel: what their terminal says beside its screen, and nothing else. The translator is
pure. Honest: what was not said is `unknown`."""

from __future__ import annotations

from tether.adapters import facts
from tether.adapters.channels import Host
from tether.adapters.facts import Decision, Fact, StateFact
from tether.clock import now_us
from tether.wire.agents import Prepare, Prepared, Signalled
from tether.wire.views import SessionView

_MARKS = {"A": "idle", "B": "idle", "C": "working", "D": "idle"}
_WHY = {
    "A": "It shows its prompt (mark of the shell)",
    "B": "It shows its prompt (mark of the shell)",
    "C": "It runs a command (mark of the shell)",
    "D": "A command has ended (mark of the shell)",
}


class TerminalTranslator:
    """From signals to states. `shell`: a bell there is only a bell."""

    def __init__(self, *, shell: bool) -> None:
        self._shell = shell
        self._before: StateFact | None = None

    def take(self, raw: Signalled, now: int) -> list[Fact]:
        """The facts in one signal."""
        match raw.kind:
            case "title" if raw.state:
                return self._is(_titled(raw))
            case "mark" if raw.text[:1] in _MARKS:
                state: facts.State = "working" if raw.text[:1] == "C" else "idle"
                return self._is(StateFact(state, _WHY[raw.text[:1]], "mark"))
            case "notice":
                return [StateFact("waiting", f"It said: {raw.text}", "notice", "terminal")]
            case "bell" if not self._shell:
                return [StateFact("waiting", "It rang the bell", "bell", "terminal")]
            case "typed":
                return [
                    self._before or StateFact("unknown", "Somebody answered it; it says nothing of itself", "process")
                ]
            case "title" | "cwd" | "bell" | "mark":
                return []
            case _:
                return [facts.Unknown(f"signal {raw.kind}")]

    def answer(self, key: str, decision: Decision) -> None:
        """Nothing is asked here."""
        return None

    def _is(self, fact: StateFact) -> list[Fact]:
        self._before = fact
        return [fact]


def _titled(signal: Signalled) -> StateFact:
    if signal.state in ("approval", "waiting"):
        return StateFact("waiting", f"Its title says so: {signal.text}", "title", "terminal")
    state: facts.State = "working" if signal.state == "working" else "idle"
    return StateFact(state, f"Its title says so: {signal.text}", "title")


class TerminalChannel:
    """The channel of a session that has none."""

    def __init__(self, sid: bytes, provider: str, host: Host, *, shell: bool) -> None:
        self._sid, self._host = sid, host
        self._translator = TerminalTranslator(shell=shell)

    async def prepare(self, order: Prepare) -> Prepared:
        """Nothing is needed."""
        return Prepared(order.req)

    def open(self, view: SessionView) -> None:
        """It says nothing of itself until it does."""
        if view.activity is None:
            self._host.take(self._sid, [StateFact("unknown", "It says nothing of itself", "process")])

    def signal(self, signal: Signalled) -> None:
        """See `TerminalTranslator`."""
        self._host.take(self._sid, self._translator.take(signal, now_us()))

    async def deliver(self, key: str, decision: Decision) -> bool:
        """Nothing is asked here."""
        return False

    async def prompt(self, text: str) -> bool | None:
        """Its keyboard is its only door."""
        return None

    async def interrupt(self) -> bool | None:
        """The same."""
        return None

    def close(self) -> None:
        """There is nothing to close."""
