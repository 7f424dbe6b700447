"""Frames in a byte stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.wire import WireError
from tether.wire.framing import FrameReader, framed


@given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_a_stream_in_pieces_of_any_size_gives_the_same_frames(frames: list[bytes], sizes: list[int]):
    stream = b"".join(framed(frame) for frame in frames)
    reader, got, at, turn = FrameReader(), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        got += reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert got == frames
    assert not reader.partial


def test_a_frame_that_says_it_is_over_the_limit_is_refused_before_it_is_read():
    reader = FrameReader(limit=10)
    assert reader.feed(b"\0\0\0\x0a") == []
    assert reader.partial
    with pytest.raises(WireError):
        FrameReader(limit=10).feed(b"\0\0\0\x0b")
