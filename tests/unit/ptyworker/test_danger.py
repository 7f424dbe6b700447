"""Native code is tried where its end is nobody's end."""

from __future__ import annotations

import os
import signal

from tether.ptyworker.danger import survives
from tether.ptyworker.model import warm_up


def test_what_gets_to_its_end_survives() -> None:
    assert survives(lambda: None)
    assert survives(warm_up)


def test_what_kills_its_process_or_raises_or_leaves_does_not() -> None:
    assert not survives(lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert not survives(lambda: 1 // 0)
    assert not survives(lambda: os._exit(0))


def test_what_hangs_does_not() -> None:
    assert not survives(signal.pause, limit_s=0.1)


def test_where_nobody_waits_for_children_it_is_the_same() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert survives(lambda: None)
        assert not survives(lambda: os.kill(os.getpid(), signal.SIGKILL))
    finally:
        signal.signal(signal.SIGCHLD, before)
