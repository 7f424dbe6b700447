"""Minor versions talk to each other; major ones do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.wire.version import PROTOCOL, compatible, major


def test_our_own_version_is_one() -> None:
    assert major(PROTOCOL) is not None
    assert compatible(PROTOCOL)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_only_the_major_number_decides(first: int, second: int) -> None:
    assert major(f"{first}.{second}") == first
    assert compatible(f"{first}.{second}") == (first == major(PROTOCOL))


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "one.two", "1.0.0", "-1.0", "1.0 ", "١.٠", "1,0", "²." + "0"])
def test_what_is_no_version_is_compatible_with_nothing(text: str) -> None:
    assert major(text) is None
    assert not compatible(text)
