"""The records of what agents asked are the fold of their events, in one transaction with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.support.storeworld import StoreWorld, Worker
from tether.adapters.reports import asked
from tether.wire.agents import Approval, Asked, Part, Settled
from tether.wire.events import Exited

RECORD = Approval("4d7k2m9p", "k3v9x0pq", "claude", "command", "rm", exact=b"rm", created=5)


@pytest.fixture(scope="module")
def world() -> Iterator[StoreWorld]:
    with StoreWorld() as made:
        made.start()
        yield made


class Log:
    """One session's worker, and the reader of its log."""

    def __init__(self, world: StoreWorld) -> None:
        self.world, self.reader = world, world.reader
        self.worker: Worker = world.worker()

    def add(self, *events: object) -> None:
        for event in events:
            self.worker.add(replace(event, seq=self.worker.next, ts=getattr(event, "ts", 0) or 9))  # type: ignore[type-var]
        self.world.until("it to be durable", lambda: self.worker.is_durable())

    def all(self) -> list[Approval]:
        return self.reader.approvals(sid=self.worker.sid)

    def pending(self) -> list[str]:
        view = self.reader.session(self.worker.sid)
        assert view is not None
        assert [one.id for one in self.reader.approvals(pending=True, sid=view.sid)] == view.approvals
        everywhere = self.reader.approvals(pending=True)
        assert [one.id for one in everywhere if one.sid == view.sid] == view.approvals
        return view.approvals


@pytest.fixture
def log(world: StoreWorld) -> Log:
    return Log(world)


def test_what_is_asked_is_pending_until_it_is_settled(log: Log) -> None:
    log.add(Asked(0, 0, RECORD))
    assert log.pending() == [RECORD.id]
    log.add(Settled(0, 0, RECORD.id, "allowed", "phone", scope="once"))
    assert log.pending() == []
    (found,) = log.all()
    assert (found.state, found.by, found.effect) == ("allowed", "phone", "")
    log.add(Settled(0, 0, RECORD.id, "allowed", "phone", effect="done"))
    assert log.all()[0].effect == "done"


def test_said_twice_is_said_once(log: Log) -> None:
    log.add(Asked(0, 0, RECORD), Settled(0, 0, RECORD.id, "denied", "desk"))
    log.add(Asked(0, 0, RECORD), Settled(0, 0, RECORD.id, "allowed", "phone"))
    assert [(one.state, one.by) for one in log.all()] == [("denied", "desk")]


def test_a_long_one_is_whole_and_its_list_is_short(log: Log) -> None:
    long = replace(RECORD, id="10ng10ng", exact=b"x" * 100_000, size=100_000, diff="+a line\n" * 9_000)
    log.add(*asked(long))
    (found,) = log.reader.approval(long.id)
    assert (found.exact, found.diff) == (long.exact, long.diff)
    assert len(log.all()[0].exact) < 10_000


def test_pieces_without_their_question_are_nothing(log: Log) -> None:
    log.add(Part(0, 0, "0nly0nly", "diff", b"x"))
    assert log.reader.approval("0nly0nly") == []
    assert log.all() == []


def test_the_sessions_end_withdraws_what_was_pending(log: Log) -> None:
    log.add(Asked(0, 0, RECORD), Exited(0, 7, 0, None))
    assert log.pending() == []
    assert [(one.state, one.decided) for one in log.all()] == [("cancelled", 7)]


def test_an_id_is_found_by_its_beginning(log: Log) -> None:
    log.add(Asked(0, 0, replace(RECORD, id="zz1zzzzz")), Asked(0, 0, replace(RECORD, id="zz2zzzzz")))
    assert {one.id for one in log.reader.approval("zz")} == {"zz1zzzzz", "zz2zzzzz"}
    assert [one.id for one in log.reader.approval("zz2")] == ["zz2zzzzz"]
