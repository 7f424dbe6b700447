"""Reading a terminal: several of the kernel's small reads at once, and not one more than needed."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator

import pytest

from tether.ptyworker.terminal import read_into


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    os.set_blocking(slave, False)
    yield master, slave
    for fd in (master, slave):
        os.close(fd)


def test_what_several_writes_left_is_read_without_gaps(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    data = b"".join(b"%07d\n" % n for n in range(1500))
    data = data[: os.write(slave, data)]
    place = memoryview(bytearray(16_384))
    size = 0
    while size < len(data):
        size += max(0, read_into(master, place[size:]))
    assert place[:size] == data
    assert read_into(master, place) == 0


def test_it_stops_where_the_place_ends(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    assert os.write(slave, b"x" * 3000) == 3000
    size = 0
    while size < 2990:
        size += read_into(master, memoryview(bytearray(2990 - size)))
    assert size == 2990
    assert read_into(master, memoryview(bytearray(100))) == 10


def test_a_terminal_that_hung_up_gives_what_it_had_first() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    os.write(slave, b"last words")
    os.close(slave)
    place = memoryview(bytearray(100))
    sizes = [read_into(master, place), read_into(master, place)]
    os.close(master)
    assert sizes == [10, -1]
