"""Reports are numbered, kept until they are events, and cut so that they fit into events."""

from __future__ import annotations

import random
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether import asking, masking
from tether.adapters.reports import FIELD_BYTES_MAX, Reports, asked
from tether.masking import Mask
from tether.redact.finding import Finder
from tether.redact.rules import shipped
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


MASK = Mask(Finder(shipped()))
LETTERS = string.ascii_letters + string.digits


def secrets_of(chance: random.Random) -> list[bytes]:
    """What must not be seen of the lines that `line` makes of them."""
    token = "".join(chance.choices(LETTERS, k=36))
    body = ["".join(chance.choices(LETTERS + "+/", k=64)) for _ in range(20)]
    return [token.encode(), *(row.encode() for row in body)]


@pytest.mark.parametrize("seed", range(8))
def test_what_is_secret_is_hidden_in_each_piece_wherever_pieces_end(seed: int) -> None:
    """Events of pieces are shown one by one: a token or a key may stand where one would end by its size alone."""
    chance = random.Random(seed)
    hidden = secrets_of(chance)
    token, body = hidden[0], b"\n".join(hidden[1:])
    # A telling word that an end could cut from what it tells of, a token, and a key over many lines.
    told = b"export GITHUB_TOKEN=ghp_" + token + b"\n"
    key = b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"\n-----END RSA PRIVATE KEY-----\n"
    secret = told if seed % 2 else key
    text, filler = b"", b"a line of a file that says nothing\n"
    while len(text) < 100_000:
        text += filler * chance.randrange(1, 40) + secret
    for event in asked(Approval("id", "s", "claude", "edit", "t", exact=text, diff=text.decode())):
        shown = masking.event_masked(event, MASK)
        data = shown.data if isinstance(shown, Part) else shown.approval.exact + shown.approval.diff.encode()
        assert b"a line of a file" in data
        for one in hidden:
            assert one not in data
            assert one[:20] not in data
            assert one[-20:] not in data


def test_a_key_that_never_ends_costs_no_time() -> None:
    text = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"\n" * FIELD_BYTES_MAX
    events = asked(Approval("id", "s", "claude", "edit", "t", exact=text))
    assert all(len(encode_body(event)) <= OUTPUT_BYTES_MAX for event in events)
