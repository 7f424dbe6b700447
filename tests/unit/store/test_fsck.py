"""fsck finds what is planted, and nothing in a log that is sound."""

from __future__ import annotations

import msgspec
import pytest

from tether.paths import Paths, prepare
from tether.store.fsck import fsck
from tether.store.keyspace import event_key, row_bytes
from tether.store.log import EventLog
from tether.store.projection import blank, fold
from tether.store.reader import LogUnavailable
from tether.wire.codec import encode_body
from tether.wire.events import Created, Cut, Exited, Lost, Output
from tether.wire.storing import Ack

SID = b"\x01" * 16
CREATED = Created(1, 1, "shell", "", "/", 80, 24, "ann", "m")
SOUND = [CREATED, Output(2, 2, 0, b"abc"), Output(3, 3, 3, b"de"), Exited(4, 4, 0, None)]


@pytest.fixture
def paths(tmp_path):
    made = Paths(tmp_path / "c", tmp_path / "d", tmp_path / "r", tmp_path / "l")
    prepare(made)
    return made


def planted(paths, rows, *, sid=SID, record=None, with_record=True):
    """The report on a log with these rows: events, or (seq, body)."""
    pairs = [row if isinstance(row, tuple) else (row.seq, encode_body(row)) for row in rows]
    events = [(row, row_bytes(len(encode_body(row)))) for row in rows if not isinstance(row, tuple)]
    view = record or msgspec.structs.replace(fold(blank(sid), events), seq=pairs[-1][0])
    log = EventLog(paths.log_db, 1 << 26)
    log.write([(event_key(sid, seq), body) for seq, body in pairs], [view] if with_record else [])
    log.close()
    return fsck(paths)


def test_a_sound_log(paths):
    report = planted(paths, SOUND)
    assert report.ok, report.problems
    assert (report.sessions, report.events, report.output_bytes, report.cuts) == (1, 4, 5, 0)


def test_a_log_that_was_cut(paths):
    rows = [CREATED, Cut(40, 9, 2, 0, 700, "quota"), Output(41, 9, 700, b"x")]
    report = planted(paths, rows)
    assert report.ok, report.problems
    assert report.cuts == 1


def test_no_log(paths):
    with pytest.raises(LogUnavailable):
        fsck(paths)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([CREATED, Output(3, 1, 0, b"x")], "event 3 follows event 1: 1 are missing"),
        ([CREATED, (2, encode_body(Output(5, 1, 0, b"x")))], "event 2 says that it is event 5"),
        ([CREATED, (2, b"\xff\xff")], "event 2 does not decode"),
        ([CREATED, (2, encode_body(Ack(1, "x")))], "event 2 is a Ack, which is no event"),
        ([CREATED, Output(2, 1, 9, b"x")], "event 2 has output from byte 9, but 0 came before"),
        ([CREATED, Output(2, 1, 0, b"abc"), Output(3, 1, 1, b"x")], "event 3 has output from byte 1, but 3 came"),
        ([CREATED, Output(2, 1, 0, b"abc"), Cut(9, 1, 2, 0, 3)], "event 9 cuts from 2, but event 2 is there"),
        ([CREATED, Cut(9, 1, 12, 0, 3)], "event 9 cuts from 12, which comes after it"),
        ([CREATED, Cut(9, 1, 2, 5, 3)], "event 9 cuts bytes 5 to 3"),
        ([Output(1, 1, 0, b"x")], "event 1 is the session's first and a Output"),
        ([*SOUND, Lost(5, 1, "late")], "event 5 is an end, but the session ended with event 4"),
    ],
)
def test_what_is_wrong_with_the_events(paths, rows, problem):
    report = planted(paths, rows)
    assert any(problem in found for found in report.problems), report.problems


@pytest.mark.parametrize(
    ("field", "value"),
    [("seq", 9), ("offset", 77), ("state", "running"), ("log_bytes", 1), ("title", "x"), ("cols", 1)],
)
def test_a_record_that_says_otherwise(paths, field, value):
    view = fold(blank(SID), [(event, row_bytes(len(encode_body(event)))) for event in SOUND])
    report = planted(paths, SOUND, record=msgspec.structs.replace(view, **{field: value}))
    assert not report.ok


def test_events_behind_the_record(paths):
    view = fold(blank(SID), [(event, row_bytes(len(encode_body(event)))) for event in SOUND[:2]])
    report = planted(paths, SOUND, record=view)
    assert any("goes on to event 4, the record to 2" in found for found in report.problems)


def test_events_without_a_record(paths):
    report = planted(paths, SOUND, with_record=False)
    assert any("has events and no record" in found for found in report.problems)


def test_the_report_is_bounded(paths):
    report = planted(paths, [CREATED, *[(seq, b"\xff") for seq in range(2, 500)]])
    assert len(report.problems) == 100
