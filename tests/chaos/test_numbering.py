"""The checker itself: a chaos run that can't see a fault proves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.chaos.numbering import Mismatch, Numbered


def stream(count: int) -> bytes:
    return b"".join(b"line %08d\r\n" % number for number in range(count)) + b"end  %08d\r\n" % count


def take_in_pieces(data: bytes, size: int) -> None:
    check = Numbered("test")
    for start in range(0, len(data), size):
        check.take(data[start : start + size])


@pytest.mark.parametrize("size", [1, 7, 15, 4096, 1 << 20])
@pytest.mark.parametrize("count", [0, 1, 4096, 5000])
def test_an_intact_stream_passes_however_it_is_cut(size: int, count: int) -> None:
    data = stream(count)
    check = Numbered("test")
    for start in range(0, len(data), size):
        check.take(data[start : start + size], start)
    assert check.total == count
    assert check.complete


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:3000] + data[3015:],  # a line is missing
        lambda data: data[:3000] + data[2985:],  # a line is doubled
        lambda data: data[:3001] + data[3002:],  # a byte is missing
        lambda data: data[:3000] + b"X" + data[3001:],  # a byte is damaged
        lambda data: data[:1500] + data[3000:4500] + data[1500:3000] + data[4500:],  # out of order
        lambda data: data + b"line",  # something follows the end
        lambda data: data[:-15] + b"end  00000999\r\n",  # the count is wrong
    ],
)
@pytest.mark.parametrize("size", [11, 1 << 20])
def test_every_kind_of_damage_is_seen(change: Callable[[bytes], bytes], size: int) -> None:
    with pytest.raises(Mismatch):
        take_in_pieces(change(stream(1000)), size)


def test_a_stream_that_is_cut_short_is_not_complete() -> None:
    check = Numbered("test")
    check.take(stream(10)[:-1])
    assert not check.complete


def test_a_piece_at_another_offset_is_seen() -> None:
    check = Numbered("test")
    check.take(stream(10)[:30], 0)
    with pytest.raises(Mismatch):
        check.take(stream(10)[45:60], 45)
