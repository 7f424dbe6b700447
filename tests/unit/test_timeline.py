"""A session's time from its log: spans, silences, marks."""

from __future__ import annotations

from tether import timeline
from tether.timeline import Timeline
from tether.wire.codec import encode_body
from tether.wire.events import Controlled, Created, Cut, Exited, Note, Output, Resized, Titled

S = 1_000_000
U = 100_000


def of(*events: object) -> Timeline:
    made = Timeline()
    for event in events:
        made.take(event.seq, encode_body(event))  # type: ignore[attr-defined]
    return made


def out(seq: int, ts: int, size: int = 10) -> Output:
    return Output(seq, ts, 0, b"x" * size)


def test_long_silences_divide_spans() -> None:
    made = of(out(1, 0), out(2, 5 * U), out(3, 500 * S), out(4, 500 * S + 5 * U, 90))
    assert [(s.from_ts, s.to_ts, s.from_seq, s.to_seq, s.size) for s in made.spans] == [
        (0, 5 * U, 1, 2, 20),
        (500 * S, 500 * S + 5 * U, 3, 4, 100),
    ]
    assert made.seq == 4


def test_what_stands_out_is_marked_and_output_is_not() -> None:
    made = of(
        Created(1, 1, "shell", "t", "/", 80, 24, "me", "m"),
        out(2, 2),
        Resized(3, 3, 100, 30),
        Controlled(4, 4, 1, "a phone"),
        Titled(5, 5, "x" * 500),
        Note(6, 6, "recovered", "again"),
        Cut(7, 7, 1, 0, 5),
        Exited(8, 8, 3, None),
        Exited(9, 9, None, 9),
    )
    assert [(m.kind, m.text[:10]) for m in made.marks] == [
        ("created", "shell"), ("resized", "100×30"), ("controlled", "a phone"), ("titled", "x" * 10),
        ("note", "again"), ("cut", ""), ("exited", "3"), ("exited", "signal 9"),
    ]  # fmt: skip
    assert len(made.marks[3].text) == 200


def test_what_agents_say_of_themselves_is_marked() -> None:
    from tether.wire.agents import Active, Activity, Settled, Told

    made = of(
        Active(1, 1, Activity(state="working")),
        Settled(2, 2, "a1", "allowed", by="a phone"),
        Told(3, 3, "turn", text="fix it"),
        Told(4, 4, "message", text="I look\n\nat it"),
        Told(5, 5, "tool", text="make", facts={"name": "Bash", "phase": "began"}),
        Told(6, 6, "tool", text="make", facts={"name": "Bash", "phase": "failed"}),
        Told(7, 7, "usage", facts={"input": "12", "cost_usd": "0.1"}),
        Told(8, 8, "turn", facts={"phase": "interrupted"}),
        Told(9, 9, "conversation", "c1"),
    )
    assert [(m.kind, m.text) for m in made.marks] == [
        ("state", "working"), ("decision", "allowed a phone"), ("turn", "fix it"), ("message", "I look at it"),
        ("tool", "Bash (failed): make"), ("usage", "input 12, cost_usd 0.1"), ("turn", "interrupted"),
    ]  # fmt: skip


def test_a_long_text_ends_with_a_whole_word() -> None:
    from tether.wire.agents import Told

    (mark,) = of(Told(1, 1, "message", text=f"{'so ' * 60}{'k' * 60}")).marks
    assert mark.text == " ".join(["so"] * 60)


def test_what_an_agent_says_leaves_room_for_what_it_asks() -> None:
    from tether.timeline import MARKS_MAX
    from tether.wire.agents import Settled, Told

    said = [Told(n, n, "message", text="so") for n in range(1, MARKS_MAX + 1)]
    made = of(*said, Settled(MARKS_MAX + 1, MARKS_MAX + 1, "a1", "denied", by="me"))
    assert made.marks[-1].kind == "decision"
    assert made.dropped > 0


def test_a_clock_that_jumps_back_and_a_row_of_a_newer_version_do_no_harm() -> None:
    made = of(out(1, 100 * S), out(2, 1 * S))
    assert [(s.from_ts, s.to_ts) for s in made.spans] == [(100 * S, 100 * S)]
    # A busy time is told in parts.
    assert len(of(*(out(n, n * U) for n in range(1, 61))).spans) == 10
    made.take(3, b"\x91\xa4what")
    made.take(4, b"")
    assert made.seq == 4


def test_many_spans_are_joined_and_many_marks_counted() -> None:
    made = of(*(out(n, n * 11 * S) for n in range(1, timeline.SPANS_MAX + 100)))
    assert len(made.spans) <= timeline.SPANS_MAX
    assert sum(span.size for span in made.spans) == 10 * (timeline.SPANS_MAX + 99)
    many = of(*(Resized(n, n, 80, 24) for n in range(1, timeline.MARKS_MAX + 11)))
    assert (len(many.marks), many.dropped) == (timeline.MARKS_MAX, 10)
