"""What the broker tells the audit log arrives once and in order, whatever the store does meanwhile."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.unit.broker.scene import Scene, session_id
from tether.broker.journal import WAITING_MAX, Journal
from tether.wire.auditing import AuditAck, AuditEntry, Deed, Typed
from tether.wire.control import Input, Resize, Stop, Take

A, B = b"a" * 16, b"b" * 16


class JournalMachine(RuleBasedStateMachine):
    """A store that takes what follows, loses what was in flight when it dies, and acknowledges late."""

    def __init__(self) -> None:
        super().__init__()
        self.there = True
        self.flight: list[AuditEntry] = []
        self.kept: list[AuditEntry] = []
        self.noted = 0
        self.journal = Journal("boot", self.send, lambda: 7)

    def send(self, entry: AuditEntry) -> bool:
        if self.there and len(self.flight) < 4:
            self.flight.append(entry)
            return True
        return False

    @rule()
    def note(self) -> None:
        self.noted += 1
        self.journal.note("deed", str(self.noted))

    @rule(count=st.integers(1, 3))
    def arrive(self, count: int) -> None:
        for entry in self.flight[:count]:
            if entry.n == len(self.kept) + 1:
                self.kept.append(entry)
            elif entry.n > len(self.kept) + 1:
                self.journal.acked(AuditAck("boot", len(self.kept), resend=True))
        del self.flight[:count]

    @rule()
    def acknowledge(self) -> None:
        self.journal.acked(AuditAck("boot", len(self.kept)))

    @rule()
    def die(self) -> None:
        self.there = False
        self.flight.clear()

    @rule()
    def come_back(self) -> None:
        self.there = True
        self.flight.clear()
        self.journal.connected()

    def teardown(self) -> None:
        self.come_back()
        for _ in range(self.noted + 4):
            self.arrive(3)
            self.acknowledge()
        assert [entry.actor for entry in self.kept] == [str(n) for n in range(1, self.noted + 1)]


TestJournal = JournalMachine.TestCase


def test_what_can_not_be_kept_is_counted() -> None:
    sent: list[AuditEntry] = []
    there = False
    journal = Journal("boot", lambda entry: there and (sent.append(entry) or True), lambda: 1)
    for _ in range(WAITING_MAX + 10):
        journal.note("deed", "somebody")
    there = True
    journal.connected()
    journal.acked(AuditAck("boot", WAITING_MAX))
    journal.note("deed", "somebody else")
    assert [(one.kind, one.facts) for one in sent[-2:]] == [("dropped", {"entries": "10"}), ("deed", {})]
    assert [one.n for one in sent] == list(range(1, len(sent) + 1))


def entries(scene: Scene) -> list[tuple[str, str, dict[str, str]]]:
    return [(one.kind, one.actor, one.facts) for one in scene.audited]


def test_what_clients_do_is_noted() -> None:
    scene, sid = Scene(), session_id()
    scene.worker(sid)
    scene.client()
    scene.attach(sid, A)
    scene.attach(sid, B)
    epoch = scene.desk.registry.live[sid].lease.epoch
    scene.say(b"client", sid, Resize(A, epoch, 100, 30))
    scene.say(b"client", sid, Take(1, B))
    scene.say(b"client", sid, Stop(2, "somebody", 1.0))
    scene.say(b"worker", sid, Typed(A, 12, 3, 1_000_000, 3_500_000))
    kinds = [kind for kind, _, _ in entries(scene)]
    assert kinds == ["control", "attach", "attach", "resize", "control", "stop", "typed"]
    by_kind = {kind: (actor, facts) for kind, actor, facts in entries(scene)}
    assert by_kind["resize"] == ("name (native)", {"size": "100x30"})
    assert by_kind["control"][1]["reason"] == "taken by name"
    assert by_kind["stop"][0] == "somebody"
    assert by_kind["typed"] == ("name (native)", {"bytes": "12", "pieces": "3", "seconds": "2.5"})


def test_refused_writing_is_noted_once_and_then_counted() -> None:
    scene, sid = Scene(), session_id()
    scene.worker(sid)
    scene.client()
    scene.attach(sid, A)
    scene.attach(sid, B, mode="observe")
    for n in range(1, 6):
        scene.say(b"client", sid, Input(B, 1, n, b"secret"))
    scene.wait(11)
    refused = [(actor, facts) for kind, actor, facts in entries(scene) if kind == "refused"]
    assert refused[0] == ("name (native)", {"what": "writing", "code": "observe-only"})
    assert refused[1][1]["times"] == "4"
    assert len(refused) == 2
    assert not any("secret" in str(one) for one in scene.audited)


def test_what_others_report_is_made_safe() -> None:
    scene = Scene()
    scene.client()
    scene.say(b"client", session_id(), Deed("login\x1b]0;x\x07", "a" * 999, "", {f"k{n}": "v\n" for n in range(99)}))
    ((kind, actor, facts),) = entries(scene)
    assert "\x1b" not in kind
    assert len(actor) <= 201
    assert len(facts) <= 16
    assert "\n" not in str(list(facts.values()))


def test_facts_may_be_called_as_our_own_words_are() -> None:
    """A fact of the name "kind" ended the broker, whoever reported it."""
    kept: list[AuditEntry] = []
    journal = Journal("boot", lambda entry: bool(kept.append(entry)) or True, lambda: 7)
    facts = {"kind": "command", "actor": "x", "session": "y", "self": "z", "now": "w"}
    for kind in ("decide", "refused"):
        journal.deed(Deed(kind, "rule a", "k3v9x0pq", facts), 1.0)
    assert [(one.kind, one.actor, one.facts) for one in kept] == [
        ("decide", "rule a", facts),
        ("refused", "rule a", facts),
    ]
