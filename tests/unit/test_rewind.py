"""A screen rebuilt from a checkpoint is the screen that straight replay gives, at every event."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tether import rewind
from tether.screen import ScreenUnavailable
from tether.wire.codec import encode_body
from tether.wire.events import Created, Cut, Exited, Output, Resized, Titled
from tether.wire.storing import Checkpoint
from tether.wire.views import SessionView

SID = bytes(range(16))
PIECES = (
    b"hello ", b"\r\n", "größer ".encode(), "日本".encode(), b"\x1b[31mred\x1b[m", b"\x1b[2J", b"\x1b[H", b"\x1b[5;5H",
    b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[3;10r", b"\x1b[r", b"\x1b7", b"\x1b8", b"\x1b[K", b"\x1b[2L", b"\t",
    b"\x1b]2;title\x07", b"\x1b[?25l", b"x" * 90, b"\x1b[4mline\x1b[24m\r\n" * 5, b"\x1b[?2004h", b"\x1b(0q\x1b(B",
)  # fmt: skip


class Memory:
    """A log in memory."""

    def __init__(self, rows: list[rewind.Row], checkpoints: list[Checkpoint]) -> None:
        self.rows = rows
        self.kept = checkpoints
        self.read = 0

    def events(self, sid: bytes, after: int, limit: int = 64, max_bytes: int = 1 << 20) -> list[rewind.Row]:
        found = [row for row in self.rows if row[0] > after][:limit]
        self.read += len(found)
        return found

    def tail(self, sid: bytes, max_bytes: int) -> list[rewind.Row]:
        return self.rows[-3:]

    def checkpoint_at_or_before(self, sid: bytes, seq: int) -> Checkpoint | None:
        return next((one for one in reversed(self.kept) if one.seq <= seq), None)


def view(**fields: object) -> SessionView:
    return SessionView(SID, "k3v9x0pq", "shell", "t", "running", cols=40, rows=12, **fields)  # type: ignore[arg-type]


def story(pieces: list[bytes], sizes: list[tuple[int, int]], seed: int) -> list[rewind.Row]:
    """A session's rows: output cut anywhere, with some changes of size in it."""
    dice = random.Random(seed)
    rows: list[rewind.Row] = [(1, encode_body(Created(1, 1, "shell", "", "/", 40, 12, "o", "m")))]
    data = b"".join(pieces)
    offset = 0
    while offset < len(data):
        seq = len(rows) + 1
        if sizes and dice.random() < 0.1:
            rows.append((seq, encode_body(Resized(seq, seq, *sizes.pop()))))
            continue
        size = dice.randrange(1, 40)
        part = data[offset : offset + size]
        rows.append((seq, encode_body(Output(seq, seq, offset, part))))
        offset += len(part)
    return rows


def checkpoints(rows: list[rewind.Row], every: int) -> list[Checkpoint]:
    made = rewind.rebuild(None, (), view())
    kept = []
    for row in rows:
        made.take(row)
        if row[0] % every == 0:
            data = zlib.compress(made.screen.snapshot(50))
            kept.append(Checkpoint(row[0], made.ts, made.offset, made.screen.cols, made.screen.rows, data))
    made.close()
    return kept


@pytest.fixture
def long() -> Memory:
    dice = random.Random(7)
    rows = story([dice.choice(PIECES) for _ in range(3000)], [(60, 20), (30, 10)], 7)
    return Memory(rows, checkpoints(rows, 50))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=80),
    st.lists(st.tuples(st.integers(20, 60), st.integers(5, 20)), max_size=3),
    st.integers(0, 1000),
    st.integers(2, 12),
)
def test_from_a_checkpoint_as_by_straight_replay(
    pieces: list[bytes], sizes: list[tuple[int, int]], seed: int, every: int
) -> None:
    rows = story(pieces, sizes, seed)
    log = Memory(rows, checkpoints(rows, every))
    straight = rewind.rebuild(None, (), view())
    for row in rows:
        straight.take(row)
        if row[0] % 5 == 0 or row is rows[-1]:
            sought = rewind.at(log, view(seq=len(rows)), row[0])
            assert sought.exact
            assert (sought.seq, sought.offset, sought.ts) == (straight.seq, straight.offset, straight.ts)
            assert sought.screen.text() == straight.screen.text()
            found, wanted = sought.screen.facts(), straight.screen.facts()
            assert (found.x, found.y, found.alternate) == (wanted.x, wanted.y, wanted.alternate)
            sought.close()
    straight.close()


def test_seeking_reads_no_more_than_the_way_from_the_checkpoint(long: Memory) -> None:
    made = rewind.at(long, view(seq=len(long.rows)), len(long.rows) - 3)
    assert made.seq == len(long.rows) - 3
    assert long.read <= 300
    made.close()


def test_what_the_log_lost_is_said(long: Memory) -> None:
    cut = Cut(100, 1, 2, 0, 5000, "quota")
    rows = [long.rows[0], (100, encode_body(cut)), *[row for row in long.rows if row[0] > 100]]
    made = rewind.at(Memory(rows, []), view())
    assert not made.exact
    assert made.snapshot(0).kind == "tail"
    made.close()
    behind = rewind.at(Memory(rows, [one for one in long.kept if one.seq >= 150]), view(seq=len(long.rows)))
    assert behind.exact
    assert behind.snapshot(0).kind == "screen"
    behind.close()


def test_a_damaged_checkpoint_is_no_screen() -> None:
    broken = Checkpoint(5, 1, 100, 40, 12, b"junk")
    made = rewind.rebuild(broken, [(6, encode_body(Output(6, 1, 100, b"later")))], view())
    assert not made.exact
    assert made.screen.text()[0] == "later"
    made.close()


def test_the_end_and_events_of_the_future_do_not_disturb_it() -> None:
    rows = [
        (1, encode_body(Created(1, 1, "shell", "", "/", 40, 12, "o", "m"))),
        (2, encode_body(Output(2, 2, 0, b"last words"))),
        (3, b"\x93\xa6future\x03\x05"),
        (4, encode_body(Titled(4, 4, "new"))),
        (5, encode_body(Exited(5, 5, 0, None))),
    ]
    made = rewind.at(Memory(rows, []), view())
    assert (made.seq, made.ts, made.exact) == (5, 5, True)
    assert made.screen.text()[0] == "last words"
    made.close()


def test_without_an_emulator_there_is_the_newest_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise ScreenUnavailable("no emulator here")

    monkeypatch.setattr(rewind, "Screen", none)
    rows = [(1, encode_body(Output(1, 1, 0, b"some\r\noutput")))]
    found = rewind.snapshot(Memory(rows, []), view(seq=1, offset=12), 10)
    assert found.kind == "tail"
    assert found.data.endswith(b"some\r\noutput")


def scrolled(lines: int, every: int, kept: int) -> Memory:
    """A log of so many lines, with a checkpoint for each `every` that holds `kept` lines of scrollback."""
    rows: list[rewind.Row] = [(1, encode_body(Created(1, 1, "shell", "", "/", 40, 12, "o", "m")))]
    made = rewind.rebuild(None, rows, view())
    found, offset = [], 0
    for number in range(lines):
        data = b"line %d\r\n" % number
        rows.append((len(rows) + 1, encode_body(Output(len(rows) + 1, 1, offset, data))))
        offset += len(data)
        made.take(rows[-1])
        if number % every == every - 1:
            found.append(Checkpoint(made.seq, 1, offset, 40, 12, zlib.compress(made.screen.snapshot(kept))))
    made.close()
    return Memory(rows, found)


def lines_of(log: Memory, seq: int, wanted: int, **fields: object) -> tuple[list[str], list[str]]:
    *_, made = rewind.deep(log, view(seq=len(log.rows), **fields), seq, wanted)
    try:
        size = made.screen.history_size()
        return [line.text for line in made.screen.history(max(0, size - wanted), size)], made.screen.text()
    finally:
        made.close()


@pytest.mark.parametrize("wanted", [1, 30, 100, 399, 400, 2000])
@pytest.mark.parametrize("seq", [120, 300, 501])
def test_lines_above_a_screen_that_no_checkpoint_has(wanted: int, seq: int) -> None:
    log = scrolled(500, 50, 10)
    above, shown = lines_of(log, seq, wanted)
    every = [f"line {number}" for number in range(seq - 1)]
    assert shown == [*every[-11:], ""]
    assert above == every[:-11][-wanted:]


def test_no_farther_than_some_output_and_not_into_what_was_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    log = scrolled(500, 50, 10)
    assert lines_of(log, 501, 2000, cut_bytes=1)[0][0] == "line 29"  # the first of the oldest checkpoint
    monkeypatch.setattr(rewind, "DEEP_BYTES", 1000)
    few, _ = lines_of(log, 501, 2000)
    assert 100 < len(few) < 170
    log.read = 0
    lines_of(log, 501, 20)
    assert log.read == 50  # one checkpoint back
