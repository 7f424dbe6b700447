"""Finding an output byte in a log that is keyed by event number. Pure but for the `read` it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tether.web.attachment import output_extent

Rows = Sequence[tuple[int, bytes]]
Read = Callable[[int], Rows]
"""`read(after)`: some rows that follow the event `after`, at least one when there is one."""


def locate(read: Read, last: int, offset: int) -> int:
    """The largest event number after which reading on finds the output byte `offset` and nothing that ends before it
    for long: start at `after = locate(...)` and drop what comes before `offset`.

    Output offsets grow with event numbers, so this is a binary search of about log2(`last`) reads.
    """
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        found = _first_extent(read, middle, last)
        if found is not None and found[0] <= offset:
            low = middle
        else:
            high = middle - 1
    return low


def clip(offset: int, data: bytes, wanted_from: int) -> bytes:
    """What of the output `data` at `offset` stands at or behind `wanted_from`."""
    return data[max(0, wanted_from - offset) :]


def _first_extent(read: Read, after: int, last: int) -> tuple[int, int] | None:
    """(offset, size) of the first output event behind `after`, or None when there is none up to `last`."""
    while after < last:
        rows = read(after)
        if not rows:
            return None
        for _, body in rows:
            extent = output_extent(body)
            if extent is not None:
                return extent
        after = rows[-1][0]
    return None
