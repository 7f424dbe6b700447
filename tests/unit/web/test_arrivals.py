"""What a browser may say on its attachment, and what it may not."""

import os

import pytest

from tether.web import arrivals
from tether.web.arrivals import Arrival
from tether.wire.codec import WireError, encode
from tether.wire.control import (
    Attach,
    Credit,
    Detach,
    Grant,
    Hello,
    HistoryQuery,
    Input,
    InputAck,
    Launch,
    Ping,
    Refused,
    Release,
    Resize,
    Seen,
    SnapshotQuery,
    Stop,
    Take,
)  # fmt: skip
from tether.wire.events import Exited, Output
from tether.wire.ids import NO_SESSION
from tether.wire.limits import HISTORY_LINES_MAX, INPUT_BYTES_MAX

SID = os.urandom(16)
ME = b"m" * 16
YOU = b"y" * 16


def attach(**fields: object) -> Attach:
    values: dict[str, object] = {
        "req": 1, "client": ME, "name": "phone", "kind": "web", "mode": "control", "cols": 80, "rows": 24,
    }  # fmt: skip
    return Attach(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "message",
    [Input(ME, 1, 1, b"ls\r"), Resize(ME, 1, 80, 24), Take(3, ME), Release(3, ME), Seen(ME, 5, 100), Credit(5, 100),
     Ping(9), Detach(ME), Credit(5, 100, 1 << 20), SnapshotQuery(3, ME, HISTORY_LINES_MAX),
     HistoryQuery(3, ME, 100, 50)],
)  # fmt: skip
def test_a_browsers_own_messages_pass_as_they_are(message: object):
    frame = encode(SID, message)  # type: ignore[arg-type]
    assert arrivals.read(frame, SID, ME) == Arrival(message, frame)


@pytest.mark.parametrize(
    "message",
    [Input(YOU, 1, 1, b"x"), Resize(YOU, 1, 80, 24), Take(3, YOU), Release(3, YOU), Seen(YOU, 1, 1), Detach(YOU)],
)
def test_another_clients_id_is_refused(message: object):
    refused = arrivals.read(encode(SID, message), SID, ME)  # type: ignore[arg-type]
    assert isinstance(refused, Refused)
    assert refused.code == "not-attached"
    assert refused.req == getattr(message, "req", 0)


@pytest.mark.parametrize(
    "message",
    [Credit(1, 1, -1), SnapshotQuery(3, ME, HISTORY_LINES_MAX + 1), SnapshotQuery(3, ME, -1),
     HistoryQuery(3, ME, -1, 1), HistoryQuery(3, ME, 0, 0)],
)  # fmt: skip
def test_questions_for_screens_have_bounds(message: object):
    assert isinstance(arrivals.read(encode(SID, message), SID, ME), Refused)  # type: ignore[arg-type]


def test_another_session_is_refused():
    for other in (os.urandom(16), NO_SESSION):
        refused = arrivals.read(encode(other, Input(ME, 1, 1, b"x")), SID, ME)
        assert isinstance(refused, Refused)


@pytest.mark.parametrize(
    "message",
    [
        Stop(1, "me"), Launch(1, "shell", [], "", "/", 80, 24), Hello("1.0", "web", "t"), Grant(1, ME, "me"),
        InputAck(ME, 5), Output(1, 1, 0, b"x"), Exited(1, 1, 0, None), attach(),
    ],
)  # fmt: skip
def test_what_is_not_a_browsers_to_say_is_refused(message: object):
    refused = arrivals.read(encode(SID, message), SID, ME)  # type: ignore[arg-type]
    assert isinstance(refused, Refused)
    assert refused.code == "bad-message"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (Input(ME, 1, 1, b"x" * (INPUT_BYTES_MAX + 1)), "size"), (Input(ME, 1, 0, b"x"), "bad-message"),
        (Resize(ME, 1, 0, 24), "size"), (Resize(ME, 1, 80, 1001), "size"), (Resize(ME, 1, -5, 24), "size"),
        (Seen(ME, -1, 0), "bad-message"), (Credit(0, -1), "bad-message"), (Credit(0, 1 << 63), "bad-message"),
    ],
)  # fmt: skip
def test_sizes_and_numbers_have_bounds(message: object, code: str):
    refused = arrivals.read(encode(SID, message), SID, ME)  # type: ignore[arg-type]
    assert isinstance(refused, Refused)
    assert refused.code == code


def test_a_message_of_a_newer_protocol_is_skipped_and_garbage_is_an_error():
    assert arrivals.read(SID + b"\x92\xa6future\x01", SID, ME) is None
    for garbage in (
        b"",
        SID,
        SID + b"\xff",
        SID + b"\x92\xa5input",
        os.urandom(15),
        SID + b"\x95\xa5input\xc0\xc0\xc0\xc0",
    ):
        with pytest.raises(WireError):
            arrivals.read(garbage, SID, ME)
    with pytest.raises(WireError, match="limit"):
        arrivals.read(encode(SID, Input(ME, 1, 1, b"x" * 300_000)), SID, ME)


def test_the_first_message_is_an_attach_to_this_session_or_to_the_one_in_the_url():
    assert arrivals.read_attach(encode(SID, attach()), SID) == attach()
    assert arrivals.read_attach(encode(NO_SESSION, attach(kind="api")), SID) == attach(kind="api")
    for frame in (encode(os.urandom(16), attach()), encode(SID, Ping(1)), b"hello"):
        with pytest.raises(WireError):
            arrivals.read_attach(frame, SID)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client", b"short"), ("client", bytes(16)), ("kind", "native"), ("kind", "http"), ("mode", "own"),
        ("cols", -1), ("cols", 1001), ("rows", 5000), ("after", -1), ("epoch", -1), ("req", 1 << 63),
        ("name", "x" * 121),
        ("name", "a\x1b]0;x\x07"), ("device", "a\nb"), ("device", "\u202e"),
    ],
)  # fmt: skip
def test_an_attach_that_does_not_fit_is_refused_by_the_fields_name(field: str, value: object):
    with pytest.raises(WireError, match=field if field not in ("cols", "rows") else "cols and rows"):
        arrivals.read_attach(encode(SID, attach(**{field: value})), SID)
