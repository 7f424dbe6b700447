"""A worker's sockets on the bus, made before there is a session: a spare has them ready when it gets one."""

from __future__ import annotations

import os
import signal

from tether.bus import Bus, Poller
from tether.paths import WorkerPaths

# Beneath the layer that makes enumerations of signals: see `tether.paths.WorkerPaths` on what that saves.
_set_signal = getattr(signal.signal, "__wrapped__", signal.signal)


def _told(_number: int, _frame: object) -> None:
    """Nothing: the descriptor says it."""


class Sockets:
    """The context, a connection each to the store and to the broker, and a publisher that is bound once the session is
    known. `wake_r` can be read when a signal came."""

    def __init__(self, paths: WorkerPaths) -> None:
        self.wake_r, self._wake_w = os.pipe()
        os.set_blocking(self.wake_r, False)
        os.set_blocking(self._wake_w, False)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        _set_signal(signal.SIGCHLD, _told)
        self.bus = Bus()
        self.publisher = self.bus.publisher()
        self.store = self.bus.dealer(paths.store, monitored=True)
        self.broker = self.bus.dealer(paths.broker, monitored=True)
        self.poller = Poller()
        for dealer in (self.store, self.broker):
            self.poller.add(dealer)
            self.poller.add_monitor(dealer)
        self.poller.add(self.wake_r)
