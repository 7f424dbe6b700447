"""Sharing the loop: what takes long is done in slices."""

from __future__ import annotations

import types
from collections.abc import Generator


@types.coroutine
def turn() -> Generator[None, None, None]:
    """Give everybody else a turn of the loop."""
    yield
