"""A key's echo goes to who typed it; everybody else, and the log, hear of it when that is done."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from tether.ptyworker.loop import Worker


class Bench:
    """A worker's parts, as far as an echo passes them; `told` is what happened, in order."""

    def __init__(self) -> None:
        self.terminal_r, self.terminal_w = os.pipe()
        self.lane_r, self.lane_w = os.pipe()
        self.told: list[str] = []
        say = self.told.append
        worker: Any = Worker.__new__(Worker)
        worker._reading, worker._connected, worker._copies = True, True, None
        worker.terminal = SimpleNamespace(fd=self.terminal_r)
        worker.lane = SimpleNamespace(fds=[self.lane_r])
        worker.loan = SimpleNamespace(event=lambda _record, _frame: say("typist"))
        worker.delivery = SimpleNamespace(
            frame=lambda _record: b"", add=lambda _record: say("kept"), send=lambda _seq, _frame: say("log")
        )
        worker.model = SimpleNamespace(added=lambda _record: None)
        worker.beside = SimpleNamespace(said=lambda _data: None)
        worker._pub = SimpleNamespace(send=lambda _frame: say("bus"))
        worker._read = self._read
        self.worker = worker

    def _read(self, _now: float) -> int:
        os.read(self.terminal_r, 64)
        self.worker._added(SimpleNamespace(seq=1, output=True, data=b"j"))
        self.told.append("read")
        return 1

    def close(self) -> None:
        for fd in (self.terminal_r, self.terminal_w, self.lane_r, self.lane_w):
            os.close(fd)


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.close()


def test_the_typist_has_the_echo_before_the_bus_and_the_log_hear_of_it(bench: Bench) -> None:
    os.write(bench.terminal_w, b"j")
    bench.worker.await_echo(0.0)
    assert bench.told == ["typist", "kept", "read", "bus", "log"]


def test_what_is_no_echo_is_copied_at_once(bench: Bench) -> None:
    os.write(bench.terminal_w, b"j")
    bench._read(0.0)
    assert bench.told == ["typist", "kept", "bus", "log", "read"]


def test_a_program_that_does_not_echo_is_not_waited_for(bench: Bench) -> None:
    bench.worker.await_echo(0.0)
    assert bench.told == []
