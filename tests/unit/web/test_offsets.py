"""An output byte is found in a log of events, wherever cuts and other events lie."""

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from tether.web.offsets import clip, locate
from tether.wire.codec import encode_body
from tether.wire.events import Note, Output


@given(
    st.lists(st.one_of(st.none(), st.integers(1, 20)), max_size=60),
    st.integers(0, 40),
    st.integers(0, 1000),
    st.integers(1, 5),
)
def test_reading_on_from_the_place_finds_the_byte_and_little_before_it(
    sizes: list[int | None], cut: int, wanted: int, at_once: int
):
    """`None` is an event that is no output; the first `cut` events were removed."""
    rows: list[tuple[int, bytes]] = []
    offset = 0
    expected = b""
    for seq, size in enumerate(sizes, 1):
        if size is None:
            body = encode_body(Note(seq, 0, "resumed", ""))
        else:
            data = bytes((offset + index) % 251 for index in range(size))
            body = encode_body(Output(seq, 0, offset, data))
            if seq > cut:
                expected += clip(offset, data, wanted)
            offset += size
        if seq > cut:
            rows.append((seq, body))
    seqs = [seq for seq, _ in rows]
    reads = 0

    def read(after: int) -> list[tuple[int, bytes]]:
        nonlocal reads
        reads += 1
        start = bisect_right(seqs, after)
        return rows[start : start + at_once]

    last = seqs[-1] if seqs else 0
    after = locate(read, last, wanted)
    got = b""
    skipped = 0
    for seq, body in rows:
        event = _output(body)
        if seq <= after or event is None:
            continue
        part = clip(event.offset, event.data, wanted)
        skipped += part == b""
        got += part
    assert got == expected
    if expected:
        assert skipped <= 1, "at most the event that ends right before the byte is read in vain"


def _output(body: bytes) -> Output | None:
    from tether.wire.codec import decode_body

    message = decode_body(body)
    return message if isinstance(message, Output) else None


def test_clip_drops_what_lies_before():
    assert clip(100, b"abcdef", 103) == b"def"
    assert clip(100, b"abcdef", 100) == b"abcdef"
    assert clip(100, b"abcdef", 50) == b"abcdef"
    assert clip(100, b"abcdef", 106) == b""
