"""A terminal on loan: what its worker's successor finds of what was typed and shown."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ringmodel import reopened
from tether.loanmarks import TYPED_READ_MAX, Loan
from tether.ring import RECORD_MAX, Ring
from tether.wire.limits import INPUT_QUEUE_BYTES

CLIENT = bytes(range(16))
OTHER = bytes(16)


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "ring"


def read(ring: Ring, data: bytes) -> None:
    """As the kernel copies what was typed."""
    ground = ring.typed_ground()
    assert bytes(ground) == b"\xff" * len(ground)
    ground[: len(data)] = data


def lend(ring: Ring, offer: int = 1) -> None:
    ring.loan.begin(offer, CLIENT, 7, 700)


def test_what_was_read_and_not_taken_is_found_and_what_was_taken_is_not(path: Path) -> None:
    ring = Ring.create(path, 4 * RECORD_MAX)
    assert ring.typed_found() == b""
    lend(ring)
    read(ring, b"ls")
    ring = reopened(ring, path)
    assert ring.typed_found() == b"ls"
    assert ring.header.input_head == 0
    lend(ring, 2)
    read(ring, b"ls\r")
    ring.take_typed(3, CLIENT, 5)
    ring = reopened(ring, path)
    assert ring.typed_found() == b""
    assert bytes(ring.next_input(100)) == b"ls\r"
    assert (ring.header.last_client, ring.header.last_n) == (CLIENT, 5)
    ring.close()


def test_another_input_in_its_place_is_not_taken_for_typing(path: Path) -> None:
    ring = Ring.create(path, 4 * RECORD_MAX)
    lend(ring)
    read(ring, b"left")
    ring.queue_input(b"x", OTHER, 1)
    assert ring.typed_found() == b""
    ring = reopened(ring, path)
    assert ring.typed_found() == b""
    lend(ring, 2)
    read(ring, b"")  # the ground is laid anew over what was left there
    assert ring.typed_found() == b""
    ring.close()


def test_a_loan_is_remembered_with_how_sure_it_is(path: Path) -> None:
    ring = Ring.create(path, 4 * RECORD_MAX)
    assert ring.loan.loan() is None
    lend(ring)
    assert ring.loan.loan() == Loan(1, CLIENT, 7, 700, sure=False)
    ring.loan.shown(8, 800)
    ring = reopened(ring, path)
    assert ring.loan.loan() == Loan(1, CLIENT, 8, 800, sure=True)
    ring.loan.doubt()
    ring = reopened(ring, path)
    assert ring.loan.loan() == Loan(1, CLIENT, 8, 800, sure=False)
    ring.close()


@given(st.lists(st.tuples(st.integers(0, TYPED_READ_MAX), st.booleans()), max_size=40), st.integers(0, 9000))
def test_the_queue_is_what_was_taken_round_and_round(reads: list[tuple[int, bool]], before_the_end: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        ring = Ring.create(Path(directory) / "ring", 4 * RECORD_MAX)
        start = INPUT_QUEUE_BYTES - before_the_end
        ring.header.input_head = ring.header.input_tail = start
        lend(ring)
        expected = b""
        for number, (size, taken) in enumerate(reads):
            data = (b"%d," % number * 4096)[:size]
            data = data[: len(ring.typed_ground())]
            read(ring, data)
            if taken and data:
                ring.take_typed(len(data), CLIENT, number + 1)
                expected += data
                assert ring.typed_found() == b""
            else:
                assert ring.typed_found() == data
                lend(ring, number + 2)
        got = b""
        while view := ring.next_input(5000):
            got += bytes(view)
            ring.input_done(len(view))
        assert got == expected
        ring.close()


def test_what_was_written_of_the_input_is_known_to_the_word(path: Path) -> None:
    ring = Ring.create(path, 4 * RECORD_MAX)
    ring.queue_input(b"abcdef", CLIENT, 1)
    ring.input_intent(4)
    ring = reopened(ring, path)
    assert ring.header.input_writing == 4
    ring.input_done(4)
    ring = reopened(ring, path)
    assert (ring.header.input_writing, bytes(ring.next_input(9))) == (0, b"ef")
    ring.close()
