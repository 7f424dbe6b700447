"""The oracle, for every test that compares with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.screen.oracle import Oracle, install
from tether.screen import unavailable


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """xterm.js, running. Skips the test where it cannot be installed, or where there is no model."""
    why = unavailable() or install()
    if why:
        pytest.skip(why)
    made = Oracle()
    yield made
    made.close()
