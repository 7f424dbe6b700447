"""A short directory and a bus for each test; sockets want short paths."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from zmq.backend import Socket

from tether.bus import Bus


class OwningBus(Bus):
    """Keeps its sockets until it is closed, so that a test need not."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[object] = []

    def _socket(self, kind: int, *, send: int, receive: int) -> Socket:
        made = super()._socket(kind, send=send, receive=receive)
        self.kept.append(made)
        return made


@pytest.fixture
def run_dir() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tb", dir="/tmp"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def bus() -> Iterator[Bus]:
    made = OwningBus()
    yield made
    made.close()
