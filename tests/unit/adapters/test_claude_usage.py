"""What Claude Code's transcript says of tokens."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tether.adapters.claude_usage import Ledger
from tether.adapters.facts import Usage


def line(**told: Any) -> bytes:
    return json.dumps(told).encode() + b"\n"


def said(name: str, fresh: int, output: int, cached: int = 0, made: int = 0) -> bytes:
    usage = {
        "input_tokens": fresh, "output_tokens": output, "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": made,
    }  # fmt: skip
    return line(type="assistant", message={"id": name, "usage": usage})


def test_a_turn_is_the_sum_of_its_messages_each_counted_once() -> None:
    ledger = Ledger()
    assert ledger.take(line(type="user", promptId="p1") + said("m1", 100, 1)) == [Usage("p1", 100, 1)]
    assert ledger.take(said("m1", 100, 10) + said("m2", 5, 20, 90, 3)) == [Usage("p1", 198, 30, 90)]
    assert ledger.take(line(type="user", promptId="p2") + said("m3", 7, 7)) == [Usage("p2", 7, 7)]
    assert ledger.take(line(type="system")) == []


def test_a_line_that_comes_in_pieces_is_one() -> None:
    ledger = Ledger()
    whole = line(type="user", promptId="p1") + said("m1", 100, 1)
    found = [usage for at in range(0, len(whole), 7) for usage in ledger.take(whole[at : at + 7])]
    assert found == [Usage("p1", 100, 1)]


def test_another_shape_is_counted_and_left_out() -> None:
    ledger = Ledger()
    ledger.take(line(type="user", promptId="p1") + line(type="assistant", message={"usage": {}}) + b'{"usage"\n')
    assert ledger.strange == 2


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    Ledger().take(b'{"promptId":1,"usage":' + data + b"}\n")
