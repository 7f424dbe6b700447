"""Reports are numbered, kept until they are events, and cut so that they fit into events."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tether import asking
from tether.adapters.reports import FIELD_BYTES_MAX, Reports, asked
from tether.wire.agents import Approval, Asked, Part, Told
from tether.wire.codec import encode_body
from tether.wire.limits import OUTPUT_BYTES_MAX


def test_what_is_noted_is_not_said_again() -> None:
    reports = Reports("b")
    sent = [reports.add(Told(0, 0, "message", text=str(n))) for n in range(4)]
    reports.noted("b", 2)
    assert reports.again() == sent[2:]
    reports.noted("another run", 4)
    assert reports.again() == sent[2:]


@given(st.binary(max_size=200_000), st.text(max_size=60_000))
def test_the_events_of_a_long_one_fit_and_make_it_whole_again(exact: bytes, diff: str) -> None:
    record = Approval("id", "k3v9x0pq", "claude", "edit", "t", exact=exact, size=len(exact), diff=diff)
    events = asked(record)
    assert all(len(encode_body(event)) <= OUTPUT_BYTES_MAX for event in events)
    kept: Approval | None = None
    parts = []
    for seq, event in enumerate(events, 1):
        if isinstance(event, Part):
            part = msgspec.structs.replace(event, seq=seq)
            parts.append(part)
            kept = asking.part(kept, part, bytes(16))
        elif isinstance(event, Asked):
            kept = asking.asked(kept, event, bytes(16))
    assert kept is not None
    assert kept.parts == [part.seq for part in parts]
    whole = asking.whole(kept, parts)
    assert (whole.exact, whole.diff, whole.cut) == (exact, diff, 0)


def test_what_is_too_long_says_how_much_is_missing() -> None:
    record = Approval("id", "s", "claude", "edit", "t", exact=b"x" * (FIELD_BYTES_MAX + 7))
    last = asked(record)[-1]
    assert isinstance(last, Asked)
    assert last.approval.cut == 7
