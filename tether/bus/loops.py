"""Waiting for sockets in a plain loop. (`tether.bus.readers` is the same for asyncio.)"""

from __future__ import annotations

from typing import Any, Final

import zmq
from zmq.backend import Socket, zmq_poll

from tether.bus.sockets import Dealer, Publisher, Router, Subscriber

_READ: Final = int(zmq.POLLIN)
_WRITE: Final = int(zmq.POLLOUT)
_Waitable = Dealer | Router | Subscriber | Publisher | int


class Poller:
    """Waits for any of several bus sockets and file descriptors. Keys are the objects that were added."""

    def __init__(self) -> None:
        self._owners: dict[Socket | int, _Waitable] = {}
        self._events: dict[Socket | int, int] = {}
        self._asked: list[Any] = []  # pairs of both, for the library

    def add(self, what: _Waitable, *, write: bool = False, read: bool = True) -> None:
        """Wait for `what` to be readable, and writable with `write`. Again with other flags: changes them."""
        key = what if isinstance(what, int) else what.socket
        events = (_READ if read else 0) | (_WRITE if write else 0)
        if self._events.get(key) != events:
            self._watch(key, what, events)

    def add_monitor(self, dealer: Dealer) -> None:
        """Wait for `dealer`'s connection events; the wait then names the dealer's `monitor` socket's owner."""
        if dealer.monitor is not None:
            self._watch(dealer.monitor, dealer, _READ)

    def remove(self, what: _Waitable) -> None:
        key = what if isinstance(what, int) else what.socket
        if self._events.pop(key, None) is not None:
            del self._owners[key]
            self._asked = list(self._events.items())

    def _watch(self, key: Socket | int, owner: _Waitable, events: int) -> None:
        self._owners[key] = owner
        self._events[key] = events
        self._asked = list(self._events.items())

    def wait(self, timeout_s: float | None) -> dict[_Waitable, int]:
        """Wait at most `timeout_s` seconds (None: for ever). What is ready, by its poll bits: 1 read, 2 write, 4 error.

        A dealer whose connection events are waiting is among the ready, whether or not it has mail.
        """
        timeout = -1 if timeout_s is None else max(0, int(timeout_s * 1000 + 0.999))
        ready: dict[_Waitable, int] = {}
        for key, events in zmq_poll(self._asked, timeout):
            owner = self._owners[key]
            ready[owner] = ready.get(owner, 0) | events
        return ready
