"""Where a client's next events come from: exactly once, in order, whatever the live socket loses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.web.attachment import (
    READ_EVENTS,
    Attachment,
    Piece,
    Recent,
    live_piece,
    logged,
    output_extent,
    take_bytes,
)
from tether.web.flow import Flow
from tether.wire.codec import WireError, encode, encode_body
from tether.wire.control import Ping
from tether.wire.events import Cut, Exited, Output

SID = bytes(range(16))


def output(seq: int, size: int = 10) -> Output:
    return Output(seq, 0, (seq - 1) * size, b"x" * size)


def piece(seq: int, size: int = 10) -> Piece:
    made = live_piece(encode(SID, output(seq, size)))
    assert made is not None
    return made


@pytest.mark.parametrize("size", [0, 1, 255, 256, 31_999, 32_000, 70_000])
def test_an_outputs_extent_is_read_without_its_bytes(size: int):
    assert output_extent(encode_body(Output(7, 1 << 50, 1 << 40, b"x" * size))) == (1 << 40, size)


def test_other_messages_have_no_extent():
    assert output_extent(encode_body(Exited(9, 1, 0, None))) is None
    assert output_extent(b"") is None


@pytest.mark.parametrize("body", [b"\x95\xa3out", b"\x95\xa3out\x01\x02\x03\xa1x", b"\x92\xa3out\xc0"])
def test_a_broken_output_is_a_wire_error_live_and_passed_on_from_the_log(body: bytes):
    with pytest.raises(WireError):
        output_extent(body)
    with pytest.raises(WireError):
        live_piece(SID + body)
    assert logged(SID, [(3, body)]) == [Piece(3, SID + body)]


def test_a_live_message_that_is_no_event_is_nothing():
    assert live_piece(encode(SID, Ping(4))) is None


def test_recent_events_are_dense_and_bounded():
    recent = Recent(bytes_max=500)
    for seq in range(1, 100):
        assert recent.add(piece(seq))
    assert recent.last == 99
    assert sum(len(one.frame) for one in recent.after(recent.first - 1)) <= 500
    assert [one.seq for one in recent.after(recent.first - 1)] == list(range(recent.first, 100))
    assert not recent.add(piece(50)), "old news"
    recent.add(piece(200))
    assert (recent.first, recent.last) == (200, 200), "after a gap only what follows it"
    few = Recent(events_max=3)
    for seq in range(1, 10):
        few.add(piece(seq))
    assert (few.first, few.last) == (7, 9)


def test_the_source_is_live_when_the_next_event_is_there_else_the_log_else_nothing():
    recent = Recent()
    place = Attachment(cursor=4)
    assert place.source(recent, newest=4) == "wait"
    assert place.source(recent, newest=9) == "log"
    recent.add(piece(7))
    assert place.source(recent, newest=7) == "log"
    place.cursor = 6
    assert place.source(recent, newest=7) == "live"
    place.cursor = 7
    assert place.source(recent, newest=7) == "wait"


def test_without_credit_nothing_is_fetched():
    recent = Recent()
    recent.add(piece(1, 200))
    place = Attachment(flow=Flow(window=100))
    place.flow.credit(0)
    assert place.source(recent, 1) == "live"
    place.sent(piece(1, 200))
    assert place.source(recent, 9) == "wait"
    place.flow.credit(200)
    assert place.source(recent, 9) == "log"


def test_a_single_new_event_is_there_at_once_when_credit_covers_it():
    recent = Recent()
    place = Attachment(cursor=1, flow=Flow(window=100))
    place.flow.credit(0)
    assert place.next(recent) is None
    recent.add(piece(2))
    assert [one.seq for one in place.next(recent) or []] == [2]
    assert place.next(recent) is None, "nothing is handed over twice"
    recent.add(piece(3))
    recent.add(piece(4))
    assert place.next(recent) is None, "two are for a batch"
    place.cursor = 3
    place.flow.output(30, 100)
    assert place.next(recent) is None, "without credit it waits"


def test_a_cut_moves_the_cursor_behind_what_it_replaces():
    place = Attachment(cursor=50)
    (cut,) = logged(SID, [(100, encode_body(Cut(100, 0, 10, 0, 4_000)))])
    assert place.admits(cut)
    place.sent(cut)
    assert place.cursor == 100


def test_a_batch_is_bounded_but_never_empty():
    pieces = [piece(seq, 1000) for seq in range(1, 200)]
    assert len(take_bytes(iter(pieces), 1 << 30)) == READ_EVENTS
    assert len(take_bytes(iter(pieces), 1)) == 1
    assert len(take_bytes(iter(pieces), 3000)) == 2


class Story:
    """A worker whose live events may be lost, a log that is behind it, and a client that pulls when it likes."""

    def __init__(self, start: int) -> None:
        self.made = self.committed = self.newest = start
        self.recent = Recent(events_max=4)
        self.place = Attachment(cursor=start)
        self.got: list[int] = []

    def event(self, *, lost: bool) -> None:
        self.made += 1
        if not lost:
            self.recent.add(piece(self.made))
            self.newest = self.made

    def commit(self) -> None:
        self.committed = self.newest = self.made

    def pull(self) -> None:
        newest = self.place.next(self.recent)
        if newest is not None:
            self.got += [one.seq for one in newest]
            return
        source = self.place.source(self.recent, self.newest)
        logged_seqs = range(self.place.cursor + 1, self.committed + 1) if source == "log" else ()
        for one in self.place.batch(self.recent) if source == "live" else map(piece, logged_seqs):
            self.place.sent(one)
            self.got.append(one.seq)


@given(st.lists(st.sampled_from(["live", "lost", "commit", "pull", "sleep"]), max_size=200), st.integers(0, 5))
def test_every_event_arrives_once_and_in_order_however_live_events_are_lost(steps: list[str], start: int):
    story = Story(start)
    for step in steps:
        match step:
            case "live" | "lost":
                story.event(lost=step == "lost")
            case "commit":
                story.commit()
            case "pull":
                story.pull()
    story.commit()
    while story.place.cursor < story.made:
        story.pull()
    assert story.got == list(range(start + 1, story.made + 1))
