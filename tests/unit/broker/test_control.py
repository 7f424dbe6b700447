"""Never two writers: the lease alone, and the lease with a worker, clients and messages that are late or lost."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tether.broker import control
from tether.broker.control import GRACE_S, READOPT_GRACE_S, Lease

A, B, C = b"a" * 16, b"b" * 16, b"c" * 16


def attach(lease: Lease, client: bytes, mode: str = "control", *, take: bool = False, epoch: int = 0) -> Lease:
    return control.attach(lease, client, client[:1].decode(), mode=mode, take=take, epoch=epoch).lease


def test_the_first_who_wants_control_gets_it_and_the_next_observes() -> None:
    lease = attach(Lease(), A)
    assert lease == Lease(1, A, "a")
    change = control.attach(lease, B, "b", mode="control", take=False, epoch=0)
    assert change == (lease, "controlled by a")
    assert control.mode_of(lease, A) == "control"
    assert control.mode_of(lease, B) == "observe"
    assert control.mode_of(Lease(), b"") == "observe"


def test_an_observer_changes_nothing() -> None:
    assert control.attach(Lease(3), A, "a", mode="observe", take=False, epoch=0) == (Lease(3), "")


def test_take_moves_the_epoch_and_says_who() -> None:
    lease = attach(Lease(), A)
    taken = Lease(2, B, "b", displaced=((A, "a"),))
    assert control.take_over(lease, B, "b") == (taken, "taken by b")
    assert attach(lease, B, take=True) == taken
    assert control.take_over(Lease(2, B, "b", 9.0), B, "b").lease == Lease(2, B, "b")


def test_a_displaced_client_does_not_take_back_by_repeating_itself() -> None:
    lease = control.take_over(attach(Lease(), A), B, "b").lease
    assert attach(lease, A, take=True, epoch=1) == lease
    assert attach(lease, A, take=True, epoch=2).holder == A


def test_a_holder_that_comes_back_resumes_even_if_it_came_to_observe() -> None:
    lease = control.gone(attach(Lease(), A), A, 100.0)
    assert lease.away_until == 100.0 + GRACE_S
    assert attach(lease, A) == Lease(1, A, "a")
    assert attach(lease, A, "observe", epoch=1) == Lease(1, A, "a")
    assert attach(lease, A, "observe") == Lease(2)


def test_a_lease_waits_for_its_holder_and_then_is_free() -> None:
    lease = control.gone(attach(Lease(), A), A, 100.0)
    assert control.gone(lease, A, 104.0) == lease
    assert control.attach(lease, B, "b", mode="control", take=False, epoch=0).reason == "held for a, who is away"
    assert control.expire(lease, 104.9, ()) == (lease, "")
    assert control.expire(lease, 105.0, ()) == (Lease(2), "a did not come back")
    assert control.expire(Lease(2), 1e9, ()) == (Lease(2), "")


def test_who_was_displaced_has_the_lease_back_when_the_other_leaves_and_it_is_there_still() -> None:
    lease = control.take_over(control.take_over(attach(Lease(), A), B, "b").lease, C, "c").lease
    assert control.leave(lease, C, {A, B}) == (Lease(4, B, "b", displaced=((A, "a"),)), "c left")
    assert control.leave(lease, C, {A}) == (Lease(4, A, "a"), "c left")
    assert control.leave(lease, C, ()) == (Lease(4), "c left")
    assert control.leave(lease, A, {A, B}) == (lease, ""), "only the holder's leaving matters"
    gone = control.gone(lease, C, 100.0)
    assert control.expire(gone, 100.0 + GRACE_S, {A}) == (Lease(4, A, "a"), "c did not come back")
    assert control.release(lease, C) == (Lease(4), "released by c"), "who gives it up, gives it to nobody in particular"
    again = control.take_over(lease, A, "a").lease
    assert again.displaced == ((B, "b"), (C, "c")), "nobody is displaced twice"


def test_release_is_only_the_holders() -> None:
    lease = attach(Lease(), A)
    assert control.release(lease, B) == (lease, "")
    assert control.release(lease, A) == (Lease(2), "released by a")
    assert control.release(Lease(2), b"") == (Lease(2), "")
    assert control.gone(lease, B, 1.0) == lease


def test_adopting_a_worker_takes_the_newer_epoch() -> None:
    assert control.adopt(Lease(), 4, A, "a", 10.0) == Lease(4, A, "a", 10.0 + READOPT_GRACE_S)
    assert control.adopt(Lease(), 4, b"", "", 10.0) == Lease(4)
    assert control.adopt(Lease(6, B, "b"), 4, A, "a", 10.0) == Lease(6, B, "b")
    assert control.adopt(Lease(4, A, "a"), 4, A, "a", 10.0) == Lease(4, A, "a")
    assert control.adopt(Lease(4, B, "b"), 4, A, "a", 10.0) == Lease(5, B, "b")


CLIENTS = [bytes([letter]) * 16 for letter in b"abc"]


class NeverTwoWriters(RuleBasedStateMachine):
    """A broker that may be restarted, a worker that may be behind, clients that believe what they were told."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lease = Lease()
        self.grants: list[tuple[int, bytes]] = []  # on their way to the worker, in order
        self.worker: tuple[int, bytes] = (0, b"")
        self.epochs = dict.fromkeys(CLIENTS, 0)  # the newest epoch each client was told
        self.inputs: list[tuple[int, bytes]] = []  # passed on by the broker, on their way
        self.writers: dict[int, set[bytes]] = {}
        self.last_written = 0
        self.highest = 0

    def change(self, lease: Lease) -> None:
        assert lease.epoch >= self.lease.epoch, "an epoch went back"
        if (lease.holder, lease.epoch) != (self.lease.holder, self.lease.epoch):
            assert lease.epoch == self.lease.epoch + 1, "a change of holder must move the epoch by one"
            self.grants.append((lease.epoch, lease.holder))
        self.lease = lease
        self.highest = max(self.highest, lease.epoch)

    @rule(client=st.sampled_from(CLIENTS), mode=st.sampled_from(["control", "observe"]), take=st.booleans())
    def attach(self, client: bytes, mode: str, take: bool) -> None:
        known = self.epochs[client]
        self.change(control.attach(self.lease, client, "x", mode=mode, take=take, epoch=known).lease)
        self.epochs[client] = self.lease.epoch

    @rule(client=st.sampled_from(CLIENTS))
    def take(self, client: bytes) -> None:
        self.change(control.take_over(self.lease, client, "x").lease)

    @rule(client=st.sampled_from(CLIENTS))
    def release(self, client: bytes) -> None:
        self.change(control.release(self.lease, client).lease)

    @rule(client=st.sampled_from(CLIENTS), here=st.sets(st.sampled_from(CLIENTS)))
    def leave(self, client: bytes, here: set[bytes]) -> None:
        self.change(control.leave(self.lease, client, here - {client}).lease)

    @rule(client=st.sampled_from(CLIENTS))
    def disappear(self, client: bytes) -> None:
        self.change(control.gone(self.lease, client, self.now))

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.change(control.expire(self.lease, self.now, CLIENTS[:2]).lease)

    @rule(client=st.sampled_from(CLIENTS))
    def told(self, client: bytes) -> None:
        """A Control message reaches the client, late."""
        self.epochs[client] = self.lease.epoch

    @rule(client=st.sampled_from(CLIENTS))
    def type_in(self, client: bytes) -> None:
        if self.lease.holder == client and self.epochs[client] == self.lease.epoch:
            self.inputs.append((self.epochs[client], client))
            # Input travels behind the grants in the same pipe.
            self.grants.append((-1, b""))

    @precondition(lambda self: self.grants)
    @rule()
    def deliver(self) -> None:
        epoch, client = self.grants.pop(0)
        if epoch >= 0:
            self.worker = (epoch, client)
            return
        epoch, client = self.inputs.pop(0)
        if epoch == self.worker[0]:
            assert client == self.worker[1], "the worker took input of a client that does not hold the lease"
            assert epoch >= self.last_written, "an older writer wrote after a newer one"
            self.last_written = epoch
            self.writers.setdefault(epoch, set()).add(client)

    @rule(keep=st.integers(0, 3))
    def restart_broker(self, keep: int) -> None:
        """The broker dies; what was on its way may or may not arrive. The worker introduces itself again."""
        while self.grants and keep:
            keep -= 1
            self.deliver()
        self.grants, self.inputs = [], []
        epoch, holder = self.worker
        self.lease = control.adopt(Lease(), epoch, holder, "x", self.now)

    @rule(keep=st.integers(0, 3))
    def reconnect_worker(self, keep: int) -> None:
        """The worker is replaced; it was told some of the grants. The broker lives."""
        while self.grants and keep:
            keep -= 1
            self.deliver()
        self.grants, self.inputs = [], []
        epoch, holder = self.worker
        lease = control.adopt(self.lease, epoch, holder, "x", self.now)
        assert lease.epoch >= self.lease.epoch
        self.lease = lease
        if (lease.epoch, lease.holder) != (epoch, holder):
            self.grants.append((lease.epoch, lease.holder))

    @invariant()
    def one_writer_per_epoch(self) -> None:
        assert all(len(writers) == 1 for writers in self.writers.values())

    @invariant()
    def the_worker_is_never_ahead(self) -> None:
        assert self.worker[0] <= self.lease.epoch


TestNeverTwoWriters = NeverTwoWriters.TestCase
