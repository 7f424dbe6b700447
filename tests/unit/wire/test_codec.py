"""Every message survives the wire, and nothing else that arrives is more than a WireError or an Unknown."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire.strategies import anything, messages, session_ids
from tether.wire.codec import (
    MESSAGES,
    TAGS,
    WireError,
    decode,
    decode_body,
    encode,
    encode_body,
    envelope_sid,
    peek_tag,
)
from tether.wire.control import Ping
from tether.wire.events import Unknown
from tether.wire.limits import FRAME_BYTES_MAX, OUTPUT_BYTES_MAX, SID_BYTES
from tools import golden

SID = bytes(range(16))
pack = msgspec.msgpack.encode
every_message = pytest.mark.parametrize("struct", MESSAGES, ids=lambda struct: struct.__name__)


def decode_or_refuse(frame: bytes) -> object:
    """What the codec makes of `frame`; None when it refuses. Any other exception fails the test."""
    try:
        return decode(frame)[1]
    except WireError:
        return None


@given(session_ids, messages)
def test_what_is_decoded_is_what_was_encoded(sid: bytes, message: msgspec.Struct) -> None:
    frame = encode(sid, message)
    assert decode(frame) == (sid, message)
    assert type(decode(frame)[1]) is type(message)
    assert envelope_sid(frame) == sid
    assert decode_body(encode_body(message)) == message
    assert peek_tag(memoryview(frame)[SID_BYTES:]) == message.__struct_config__.tag


@every_message
def test_a_frame_cut_short_anywhere_is_refused(struct: type[msgspec.Struct]) -> None:
    frame = encode(SID, golden.sample(struct))
    for length in range(len(frame)):
        with pytest.raises(WireError):
            decode(frame[:length])


@every_message
def test_a_frame_with_junk_behind_it_is_refused(struct: type[msgspec.Struct]) -> None:
    frame = encode(SID, golden.sample(struct))
    for junk in (b"\0", b"\xc1", frame):
        with pytest.raises(WireError):
            decode(frame + junk)


@every_message
def test_a_damaged_frame_never_raises_anything_else(struct: type[msgspec.Struct]) -> None:
    frame = bytearray(encode(SID, golden.sample(struct)))
    for at in range(SID_BYTES, min(len(frame), 200)):
        for value in (0x00, 0x80, 0x90, 0xC1, 0xDF, 0xFF, frame[at] ^ 1):
            damaged = bytearray(frame)
            damaged[at] = value
            decode_or_refuse(bytes(damaged))


@every_message
def test_a_newer_peers_extra_fields_are_skipped(struct: type[msgspec.Struct]) -> None:
    message = golden.sample(struct)
    fields = [struct.__struct_config__.tag, *(getattr(message, name) for name in struct.__struct_fields__)]
    assert decode(SID + pack([*fields, "from the future", {"more": [1, 2]}]))[1] == message


@every_message
def test_an_older_peers_missing_fields_take_their_defaults(struct: type[msgspec.Struct]) -> None:
    message = golden.sample(struct)
    optional = len(struct.__struct_defaults__)
    names = struct.__struct_fields__
    required = len(names) - optional
    for given_fields in range(len(names)):
        frame = SID + pack([struct.__struct_config__.tag, *(getattr(message, n) for n in names[:given_fields])])
        if given_fields < required:
            with pytest.raises(WireError):
                decode(frame)
        else:
            got = decode(frame)[1]
            assert all(getattr(got, n) == getattr(message, n) for n in names[:given_fields])


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_or_unknown(data: bytes) -> None:
    got = decode_or_refuse(SID + data)
    assert got is None or isinstance(got, (*MESSAGES, Unknown))


@given(st.sampled_from(sorted(TAGS)), st.lists(anything, max_size=8))
def test_a_known_tag_with_anything_behind_it_is_refused_or_fits(tag: str, fields: list[object]) -> None:
    got = decode_or_refuse(SID + pack([tag, *fields]))
    assert got is None or type(got) is TAGS[tag]


@given(st.text("abcdefghijklmnopqrstuvwxyz-?", min_size=1, max_size=31).filter(lambda t: t not in TAGS), anything)
def test_an_unknown_tag_is_no_error(tag: str, field: object) -> None:
    got = decode(SID + pack([tag, field]))[1]
    assert isinstance(got, Unknown)
    assert got.tag == tag
    assert got.seq == (field if type(field) is int else 0)


def test_an_unknown_event_keeps_its_number() -> None:
    assert decode(SID + pack(["hologram", 42, 0, b"x"]))[1] == Unknown("hologram", 42)
    assert decode(SID + pack(["hologram"]))[1] == Unknown("hologram", 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        pack("ping"),
        pack({"ping": 1}),
        pack([]),
        pack([1, 2]),
        pack(["", 1]),
        pack(["x" * 32, 1]),
        pack([b"ping", 1]),
        pack([None]),
        b"\xdc",
        b"\xdc\x00",
        b"\xdc\x00\x01",
        b"\xdd\x00\x00\x00\x02\xa4ping\x01",
        b"\x92\xa4p\xffng\x01",
        b"\x92\xd9\x04ping\x01",
    ],
    ids=lambda body: body[:8].hex() or "empty",
)
def test_what_is_no_tagged_message_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        decode(SID + body)


@pytest.mark.parametrize("size", range(SID_BYTES + 1))
def test_a_frame_without_a_body_is_refused(size: int) -> None:
    with pytest.raises(WireError):
        decode(bytes(size))
    with pytest.raises(WireError):
        envelope_sid(bytes(size))


@pytest.mark.parametrize("tag", ["hologram", "ping", "out"])
@pytest.mark.parametrize(
    "opening", [b"\x91", b"\x81\x01", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdc\xff\xff"]
)
def test_deep_and_hollow_nesting_is_refused(tag: str, opening: bytes) -> None:
    head = bytes([0x92, 0xA0 + len(tag)]) + tag.encode()
    for depth in (1, 100, 1000, 100_000):
        assert decode_or_refuse(SID + head + opening * depth) is None


def test_lengths_that_are_not_there_take_no_memory() -> None:
    for claim in (b"\xc6\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff"):
        assert decode_or_refuse(SID + b"\x92\xa8hologram" + claim) is None


def test_a_frame_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(WireError, match="over the limit"):
        decode(bytes(FRAME_BYTES_MAX + 1))


def test_the_largest_output_fits_a_frame_and_a_page_of_the_log() -> None:
    from tether.wire.events import Output

    largest = Output((1 << 64) - 1, (1 << 64) - 1, (1 << 64) - 1, bytes(OUTPUT_BYTES_MAX))
    # Eight pages of 4,096 bytes, less LMDB's page header: more would cost a ninth.
    assert len(encode_body(largest)) <= 8 * 4096 - 16
    assert len(encode(SID, largest)) <= FRAME_BYTES_MAX


def test_a_message_decodes_from_a_view_as_from_bytes() -> None:
    assert decode_body(memoryview(encode_body(Ping(3)))) == Ping(3)


def test_tags_are_unique_and_short_enough_to_peek() -> None:
    assert len(TAGS) == len(MESSAGES)
    for tag in TAGS:
        assert 0 < len(tag) <= 31
        assert tag == tag.lower()
        assert tag.isascii()
