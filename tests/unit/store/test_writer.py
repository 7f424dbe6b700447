"""The writer on a log of its own: what it takes, what it makes durable, what it does when it can't."""

from __future__ import annotations

import pytest

from tether.store import batching
from tether.store.gaps import Verdict
from tether.store.log import EventLog, LogFault
from tether.store.writer import Writer
from tether.wire.codec import encode_body
from tether.wire.events import Created, Exited, Lost, Output

SID = b"\x01" * 16
OTHER = b"\x02" * 16
CREATED = Created(1, 1, "shell", "", "/", 80, 24, "ann", "m")


@pytest.fixture
def events(tmp_path):
    log = EventLog(tmp_path / "log", 1 << 30)
    yield log
    log.close()


def take(writer, event, sid=SID, *, force=False):
    return writer.take(sid, event, encode_body(event), force=force)


def fill(writer, count, sid=SID, data=b"x" * 32_000):
    for _ in range(count):
        seq = writer.newest(sid) + 1
        take(writer, CREATED if seq == 1 else Output(seq, 1, (seq - 2) * len(data), data), sid)
        if writer.is_full():
            writer.commit()
    writer.commit()


def test_what_is_taken_is_durable_after_the_commit_and_not_before(events):
    writer = Writer(events, None)
    assert take(writer, CREATED) is Verdict.APPEND
    assert (writer.newest(SID), writer.durable(SID)) == (1, 0)
    assert list(writer.commit()) == [SID]
    assert writer.durable(SID) == 1
    assert take(writer, CREATED) is Verdict.KNOWN
    assert take(writer, Output(3, 1, 0, b"x")) is Verdict.MISSING
    assert Writer(events, None).durable(SID) == 1


class FullDisk:
    """Stands before a log and refuses to write."""

    def __init__(self, log):
        self.log = log
        self.full = True

    def write(self, *what):
        if self.full:
            raise LogFault("the disk is full", full=True)
        self.log.write(*what)

    def __getattr__(self, name):
        return getattr(self.log, name)


def test_a_full_disk_costs_patience_and_nothing_else(events):
    disk = FullDisk(events)
    writer = Writer(disk, None)
    take(writer, CREATED)
    with pytest.raises(LogFault):
        writer.commit()
    assert writer.durable(SID) == 0
    for seq in range(2, batching.LIMITS.messages + 1):
        assert take(writer, Output(seq, 1, seq - 2, b"x")) is Verdict.APPEND
    late = Output(batching.LIMITS.messages + 1, 1, batching.LIMITS.messages - 1, b"x")
    assert take(writer, late) is Verdict.FULL  # bounded: the worker keeps it
    disk.full = False
    writer.commit()
    assert writer.durable(SID) == batching.LIMITS.messages
    assert writer.catch_up() == {SID}
    assert writer.catch_up() == set()
    assert take(writer, late) is Verdict.APPEND


def test_nothing_is_added_to_a_lost_session(events):
    writer = Writer(events, None)
    take(writer, CREATED)
    take(writer, Lost(2, 1, "gone"))
    assert take(writer, Output(2, 1, 0, b"x")) is Verdict.FINAL  # the number is known, the event is not
    assert take(writer, Output(3, 1, 0, b"x")) is Verdict.FINAL
    writer.commit()
    assert take(Writer(events, None), Output(2, 1, 0, b"x")) is Verdict.FINAL


def test_what_the_worker_lost_is_numbered(events):
    writer = Writer(events, None)
    take(writer, CREATED)
    writer.missing(SID, 2, 7)
    assert writer.newest(SID) == 1  # nothing is missing
    take(writer, Output(2, 1, 0, b"abc"))
    writer.missing(SID, 9, 7)
    assert writer.newest(SID) == 8
    take(writer, Output(9, 1, 40, b"x"))
    view = writer.commit()[SID]
    assert (view.seq, view.offset, view.cut_bytes) == (9, 41, 37)


def test_cutting_frees_and_totals_stay_true(events):
    told = []
    writer = Writer(events, 4 << 20, lambda *cut: told.append(cut))
    fill(writer, 300)
    while writer.over_quota():
        writer.cut_step(1)
    assert told[-1] == (SID, events.view(SID).first_seq)
    assert writer.total <= 4 << 20
    again = Writer(events, 4 << 20)
    assert again.total == writer.total == sum(view.log_bytes for view in events.views())
    view = events.view(SID)
    assert view.seq == 300
    assert view.first_seq > 100
    fill(writer, 1)
    assert not writer.over_quota()


@pytest.mark.parametrize("size", [1, 40, 300, 1500, 2500, 5000])
@pytest.mark.parametrize("quota", [600_000, 700_001])
def test_a_log_just_over_its_quota_is_cut_and_left_in_peace(events, size, quota):
    writer = Writer(events, quota)
    steps = 0
    while writer.total < quota + 100_000:
        fill(writer, 200, data=b"x" * size)
        while writer.over_quota() and steps < 2000:
            writer.cut_step(1)
            steps += 1
        if events.view(SID).first_seq > 50:
            break
    assert steps < 2000
    assert writer.total <= quota


def test_what_must_stay_is_not_looked_at_again_and_again(events):
    writer = Writer(events, 100_000)
    fill(writer, 8)  # less than what every live session keeps
    assert writer.over_quota()
    assert writer.cut_step(1) == 0
    assert not writer.over_quota()
    take(writer, Exited(9, 1, 0, None))
    writer.commit()
    assert writer.over_quota()  # an ended session keeps less
    assert writer.cut_step(1) > 0
    assert writer.total <= 100_000


def test_a_session_of_which_nothing_can_go_is_left(events):
    writer = Writer(events, 100_000)
    take(writer, Created(1, 1, "shell", "", "/", 80, 24, "ann", "m", ["x" * 200_000]))
    take(writer, Exited(2, 1, 0, None))
    writer.commit()
    assert writer.cut_step(1) == 0
    assert not writer.over_quota()


def test_a_cut_keeps_other_sessions_rows(events):
    writer = Writer(events, 6 << 20)
    fill(writer, 100, OTHER)
    fill(writer, 200, SID)
    while writer.over_quota():
        writer.cut_step(1)
    assert events.view(OTHER).first_seq == 1 or events.view(SID).first_seq > 1
    assert events.view(OTHER).seq == 100


def test_a_full_map_grows(tmp_path):
    log = EventLog(tmp_path / "log", 1 << 20)
    writer = Writer(log, None)
    fill(writer, 300)
    assert writer.durable(SID) == 300
    log.close()
