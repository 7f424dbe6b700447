"""Frames in a byte stream, however it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.wire import WireError
from tether.wire.framing import FrameReader, framed
from tether.wire.limits import FRAME_BYTES_MAX


@given(st.lists(st.binary(max_size=100), max_size=8), st.lists(st.integers(0, 900), max_size=10))
def test_the_same_frames_come_out_wherever_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(framed(frame) for frame in frames)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = FrameReader()
    got = [frame for start, end in pairwise(places) for frame in reader.feed(stream[start:end])]
    assert got == frames
    assert not reader.partial


@given(st.binary(min_size=1, max_size=50))
def test_a_byte_at_a_time_and_never_a_frame_too_early(frame: bytes) -> None:
    reader, stream = FrameReader(), framed(frame)
    for byte in stream[:-1]:
        assert reader.feed(bytes([byte])) == []
        assert reader.partial
    assert reader.feed(stream[-1:]) == [frame]


def test_a_length_over_the_limit_is_refused_before_its_bytes_come() -> None:
    with pytest.raises(WireError, match="over the limit"):
        FrameReader().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(WireError):
        FrameReader(limit=10).feed(framed(b"x" * 11))
    assert FrameReader(limit=10).feed(framed(b"x" * 10)) == [b"x" * 10]


@given(st.binary(max_size=200))
def test_junk_is_frames_or_a_refusal(data: bytes) -> None:
    reader = FrameReader()
    try:
        frames = reader.feed(data)
    except WireError:
        return
    taken = b"".join(framed(frame) for frame in frames)
    assert data.startswith(taken)
    assert reader.partial == (len(taken) < len(data))
