"""Frames out of a stream, by two readers that must agree, however the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.wire.codec import WireError
from tether.wire.framing import FrameBuffer, FrameReader, framed


def read(stream: bytes, cuts: list[int], buffer: FrameBuffer) -> list[bytes]:
    """`stream` as a transport would hand it over: never more at once than there is room for."""
    frames: list[bytes] = []
    at = 0
    for size in [*cuts, *[len(stream)] * len(stream)]:
        room = buffer.room()
        piece = stream[at : at + min(size, len(room))]
        if not piece:
            break
        room[: len(piece)] = piece
        frames += buffer.filled(len(piece))
        at += len(piece)
    assert at == len(stream)
    return frames


@given(st.lists(st.binary(max_size=90), max_size=12), st.lists(st.integers(1, 60), max_size=30), st.integers(5, 64))
def test_the_buffer_gives_what_the_reader_gives(frames: list[bytes], cuts: list[int], size: int):
    stream = b"".join(map(framed, frames))
    assert read(stream, cuts, FrameBuffer(size)) == FrameReader().feed(stream) == frames


def test_a_large_frame_grows_the_buffer_and_only_while_it_is_under_way():
    buffer = FrameBuffer(64)
    assert read(framed(bytes(5000)) + framed(b"next"), [], buffer) == [bytes(5000), b"next"]
    assert len(buffer.room()) == 64


def test_a_frame_over_the_limit_is_refused_from_its_head():
    buffer = FrameBuffer(64, limit=1000)
    with pytest.raises(WireError):
        read(framed(bytes(1001))[:8], [], buffer)
