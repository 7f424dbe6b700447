"""Masked events: numbers, offsets and sizes as they were, whatever waits, for live events and for the log's."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.redact.kinds import ALNUM, take
from tether.masking import SILENCE_S, Mask, events_masked, view_masked
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.web.attachment import Piece, Recent, live_piece
from tether.web.masked import Flow, Live, MaskedLog
from tether.wire.agents import Activity
from tether.wire.codec import decode_body, encode, encode_body
from tether.wire.events import Event, Output, Resized, Titled
from tether.wire.limits import SID_BYTES
from tether.wire.views import SessionView

SID = bytes(range(16))
TOKEN = ("ghp_" + take(random.Random(9), ALNUM, 36)).encode()
MASK = Mask(Finder(shipped()))
PARTS = [
    *(b" " + TOKEN[:9], TOKEN[9:], b" " + TOKEN, b"ls\r\n", b" ", b"\x1b[3", b"1m"),
    *(b" password=hun", b"ter2x!", b"\xe2\x94", b"\x1b]0;t "),
]


def events(parts: list[bytes]) -> list[Event]:
    found: list[Event] = []
    offset = 0
    for number, part in enumerate(parts):
        found.append(Output(len(found) + 1, 0, offset, part))
        offset += len(part)
        if number % 3 == 2:
            found.append(Resized(len(found) + 1, 0, 80, 24))
    return found


def pieces(found: list[Event]) -> list[Piece]:
    made = [live_piece(encode(SID, event)) for event in found]
    return [piece for piece in made if piece is not None]


def shape(found: list[Piece]) -> list[tuple[int, int, int]]:
    return [(piece.seq, piece.offset, piece.size) for piece in found]


def text(found: list[Piece]) -> bytes:
    messages = [decode_body(piece.frame[SID_BYTES:]) for piece in found]
    return b"".join(message.data for message in messages if isinstance(message, Output))


class FakeLog:
    def __init__(self, found: list[Event]) -> None:
        self.rows = [(event.seq, encode_body(event)) for event in found]
        self.read = 0

    def events(self, sid: bytes, after: int, limit: int = 64, max_bytes: int = 1 << 20) -> list[tuple[int, bytes]]:
        self.read += 1
        return [row for row in self.rows if row[0] > after][:limit]


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=25), st.data())
@settings(max_examples=150, deadline=None)
def test_every_event_comes_once_with_its_size_and_silence_may_fall_anywhere(parts: list[bytes], data: st.DataObject):
    found = pieces(events(parts))
    flow = Flow(MASK, 80)
    out: list[Piece] = []
    for piece in found:
        out += flow.take(piece)
        if data.draw(st.booleans()):
            out += flow.silent()
            assert not flow.waiting
    out += flow.silent()
    assert shape(out) == shape(found)
    if b"\x1b[3 " not in text(found):  # a sequence that ends with the token's first letter
        assert TOKEN[4:] not in text(out)
    for before, after in zip(text(found), text(out), strict=True):
        assert before == after or after == 42


def test_what_waits_is_passed_on_when_it_is_complete_and_others_before_it_at_once() -> None:
    flow = Flow(MASK, 80)
    first, second, third = pieces(
        [Output(1, 0, 0, b"$ "), Output(2, 0, 2, b"x " + TOKEN[:9]), Output(3, 0, 13, TOKEN[9:] + b" ")]
    )
    assert flow.take(first) == [first]
    assert flow.take(second) == []
    assert text(flow.take(third)) == b"x ghp_" + b"*" * 36 + b" "


def test_what_stood_before_the_first_event_counts() -> None:
    flow = Flow(MASK, 80, b"x " + TOKEN[:20])
    out = flow.take(pieces([Output(7, 0, 40, TOKEN[20:] + b" ok")])[0])
    assert text(out) == b"*" * 20 + b" ok"


def test_titles_and_arguments_are_masked() -> None:
    flow = Flow(MASK, 80)
    (piece,) = flow.take(pieces([Titled(1, 0, TOKEN.decode())])[0])
    assert decode_body(piece.frame[SID_BYTES:]) == Titled(1, 0, "ghp_" + "*" * 36)


def test_the_log_is_masked_once_for_all_who_read_it_and_from_any_place() -> None:
    now = [0.0]
    found = events([b"a " * 40, TOKEN[:9], TOKEN[9:] + b" b\r\n"] * 30)
    log = FakeLog(found)
    masked = MaskedLog(log, MASK, lambda _sid: 80, lambda: now[0])
    whole: list[tuple[int, bytes]] = []
    while rows := masked.events(SID, whole[-1][0] if whole else 0, limit=7):
        whole += rows
    assert [seq for seq, _ in whole] == [event.seq for event in found]
    read = log.read
    assert masked.events(SID, 0, limit=7) == whole[:7]
    assert log.read == read, "kept for the next"
    fresh = MaskedLog(log, MASK, lambda _sid: 80, lambda: now[0])
    for after in range(len(found)):
        for _, body in fresh.all_of(SID, after, limit=5):
            event = decode_body(body)
            assert not isinstance(event, Output) or TOKEN[13:30] not in event.data


def test_the_end_of_the_log_waits_for_silence() -> None:
    now = [0.0]
    log = FakeLog([Output(1, 0, 0, b"x " + TOKEN[:20])])
    masked = MaskedLog(log, MASK, lambda _sid: 80, lambda: now[0])
    assert masked.events(SID, 0) == []
    now[0] += SILENCE_S
    ((seq, body),) = masked.events(SID, 0)
    assert (seq, msgspec.structs.asdict(decode_body(body))["data"]) == (1, b"x ghp_" + b"*" * 16)
    other = MaskedLog(log, MASK, lambda _sid: 80, lambda: now[0])
    assert len(other.all_of(SID, 0)) == 1


def test_live_events_are_masked_as_far_as_somebody_wants_them() -> None:
    raw = Recent()
    live = Live(raw, lambda _after: Flow(MASK, 80))
    found = pieces(events([b"one ", b"two ", TOKEN[:9], TOKEN[9:] + b"\r\n"]))
    for piece in found[:4]:
        raw.add(piece)
    assert live.recent.last == 0
    live.advance(0)
    assert live.recent.last == 2
    assert live.awaits(2)
    raw.add(found[4])
    live.advance(2)
    assert text(list(live.recent.after(0))) == b"one two ghp_" + b"*" * 36 + b"\r\n"
    # After a gap it goes on with what is there.
    later = pieces([Output(40, 0, 900, b"later")])[0]
    raw.add(later)
    live.advance(39)
    assert live.recent.first == 40


def test_who_is_so_far_behind_that_only_the_log_has_more_has_nothing_masked_and_waits_for_nothing() -> None:
    raw = Recent()
    begun: list[int] = []

    def begin(after: int) -> Flow:
        begun.append(after)
        return Flow(MASK, 80)

    live = Live(raw, begin)
    for piece in pieces(events([b"one ", TOKEN[:9]])):
        raw.add(piece)
    live.advance(0)
    assert (begun, live.awaits(1)) == ([0], True)
    raw.add(pieces([Output(40, 0, 900, b"later")])[0])
    live.advance(1)
    assert (begun, live.waiting, live.awaits(1)) == ([0], False, False)
    live.advance(39)
    assert (begun, live.recent.first) == ([0, 39], 40)


def test_an_export_is_masked_to_its_end() -> None:
    found = events([b"x " + TOKEN[:9], TOKEN[9:30]])
    out = list(events_masked(found, MASK))
    assert [event.seq for event in out] == [event.seq for event in found]
    assert b"".join(event.data for event in out if isinstance(event, Output))[:6] == b"x ghp_"


def test_a_session_is_listed_without_what_is_secret_in_its_words():
    token = TOKEN.decode()
    activity = Activity("waiting", "question", 0, "hook", f"use {token}?")
    view = SessionView(b"1" * 16, "k3v9abcd", "shell", f"with {token}", "running", args=["--key", token])
    shown = view_masked(msgspec.structs.replace(view, activity=activity), MASK)
    assert token not in repr(shown)
    assert shown.title == "with ghp_" + "*" * 36
    plain = msgspec.structs.replace(view, title="fix it", args=[])
    assert view_masked(plain, MASK) is plain
