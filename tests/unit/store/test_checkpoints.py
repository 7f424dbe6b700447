"""Checkpoints in a log of their own: found by event, thinned, gone with what was cut, never in the way of events."""

from __future__ import annotations

import contextlib
import os
import zlib

import pytest

from tests.unit.store.test_writer import CREATED, OTHER, SID, FullDisk, fill, take
from tether.paths import prepare, resolve
from tether.store.checkpoints import APART_BYTES
from tether.store.fsck import fsck
from tether.store.log import EventLog, LogFault
from tether.store.reader import LogReader
from tether.store.writer import Writer
from tether.wire.codec import decode_body
from tether.wire.events import Output
from tether.wire.storing import Checkpoint


@pytest.fixture
def paths(tmp_path):
    found = resolve({"TETHER_HOME": str(tmp_path / "home")})
    prepare(found)
    return found


@pytest.fixture
def events(paths):
    log = EventLog(paths.log_db, 1 << 30)
    yield log
    log.close()


def checkpoint(seq, offset=0, data=b"the screen"):
    return Checkpoint(seq, 1, offset, 80, 24, zlib.compress(data))


def keep(writer, *checkpoints, sid=SID):
    for one in checkpoints:
        writer.keep(sid, one)
        writer.commit()


def found(paths, seq, sid=SID):
    """Read by another process's means: LMDB opens a log once in each process."""
    reader = LogReader(paths)
    with contextlib.closing(reader):
        got = reader.checkpoint_at_or_before(sid, seq)
    return None if got is None else got.seq


def recalled(events, seq, sid=SID):
    got, _bodies, _last = events.recall(sid, 0, seq, 1 << 20)
    return None if got is None else got.seq


def test_the_newest_that_is_not_behind_an_event_is_found(events):
    writer = Writer(events, None)
    fill(writer, 20)
    fill(writer, 20, OTHER)
    keep(writer, checkpoint(5, 0), checkpoint(9, APART_BYTES), checkpoint(15, 2 * APART_BYTES))
    keep(writer, checkpoint(3), sid=OTHER)
    assert [recalled(events, seq) for seq in (4, 5, 8, 9, 14, 15, 1 << 40)] == [None, 5, 5, 9, 9, 15, 15]
    assert [recalled(events, seq, OTHER) for seq in (2, 3, 100)] == [None, 3, 3]
    assert recalled(events, 100, b"\x00" * 16) is None
    assert recalled(events, 100, b"\x03" * 16) is None


def test_a_large_one_comes_back_whole(events, paths):
    writer = Writer(events, None)
    fill(writer, 3)
    noise = os.urandom(700_000)
    keep(writer, checkpoint(3, 0, noise))
    events.close()
    with contextlib.closing(LogReader(paths)) as reader:
        got = reader.checkpoint_at_or_before(SID, 3)
    assert got is not None
    assert zlib.decompress(got.data) == noise


def test_those_that_come_close_together_are_thinned(events, paths):
    writer = Writer(events, None)
    fill(writer, 200)
    step = APART_BYTES // 10
    keep(writer, *(checkpoint(seq, seq * step) for seq in range(1, 101)))
    events.close()
    with contextlib.closing(LogReader(paths)) as reader:
        kept = {one.seq for seq in range(1, 101) if (one := reader.checkpoint_at_or_before(SID, seq))}
    assert {1, 100} <= kept
    assert len(kept) <= 22
    assert all(later - earlier <= 10 for earlier, later in zip(sorted(kept), sorted(kept)[1:], strict=False))


def test_what_is_ahead_of_the_events_is_not_kept(events):
    writer = Writer(events, None)
    fill(writer, 3)
    keep(writer, checkpoint(4), checkpoint(0))
    keep(writer, checkpoint(1), sid=OTHER)
    assert recalled(events, 100) is None
    assert recalled(events, 100, OTHER) is None


def test_one_goes_with_the_events_that_it_stands_for(events):
    writer = Writer(events, 8 << 20)
    fill(writer, 400)
    keep(writer, checkpoint(100, 0), checkpoint(399, 2 * APART_BYTES))
    while writer.cut_step(1):
        pass
    view = writer.view(SID)
    assert view is not None
    assert 100 < view.first_seq < 399
    assert recalled(events, 200) is None
    assert recalled(events, 399) == 399


def test_a_full_disk_forgets_them_and_keeps_the_events(events):
    disk = FullDisk(events)
    writer = Writer(disk, None)
    take(writer, CREATED)
    writer.keep(SID, checkpoint(1))
    with pytest.raises(LogFault):
        writer.commit()
    disk.full = False
    writer.commit()
    assert writer.durable(SID) == 1
    assert recalled(events, 1) is None


def test_only_so_many_wait_for_a_commit(events):
    writer = Writer(events, None)
    fill(writer, 100)
    for seq in range(1, 101):
        writer.keep(SID, checkpoint(seq, seq * APART_BYTES, os.urandom(200_000)))
    writer.commit()
    kept = {recalled(events, seq) for seq in range(1, 101)}
    assert len(kept) == (8 << 20) // 200_100


def test_a_worker_is_told_the_screen_and_what_followed_in_answers_of_bounded_size(events):
    writer = Writer(events, None)
    fill(writer, 100)
    keep(writer, checkpoint(40))
    got, bodies, last = events.recall(SID, 0, 95, 400_000)
    assert got is not None
    assert got.seq == 40
    assert 41 < last < 95
    seqs = [decode_body(body).seq for body in bodies]
    while last < 95:
        none, bodies, last = events.recall(SID, last, 95, 400_000)
        assert none is None
        seqs += [decode_body(body).seq for body in bodies]
    assert seqs == list(range(41, 96))
    assert events.recall(SID, 95, 95, 400_000) == (None, [], 0)


def test_without_a_checkpoint_they_begin_at_the_first_event(events):
    writer = Writer(events, None)
    fill(writer, 5)
    got, bodies, last = events.recall(SID, 0, 3, 1 << 20)
    assert (got, last) == (None, 3)
    assert decode_body(bodies[0]) == CREATED
    assert isinstance(decode_body(bodies[2]), Output)


def test_fsck_knows_them(events, paths):
    writer = Writer(events, None)
    fill(writer, 5)
    keep(writer, checkpoint(3, 0), Checkpoint(5, 1, 2 * APART_BYTES, 80, 24, b"no zlib"))
    events.close()
    report = fsck(paths)
    assert report.checkpoints == 2
    assert [problem.partition("checkpoint ")[2][:16] for problem in report.problems] == ["5 can't be infla"]


def test_a_log_that_never_had_any_has_none(events, paths, monkeypatch):
    writer = Writer(events, None)
    fill(writer, 2)
    monkeypatch.setattr("tether.store.keyspace.CHECKPOINTS", b"none such")
    events.close()
    assert found(paths, 2) is None
    assert fsck(paths).ok
