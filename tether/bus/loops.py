"""Waiting for sockets in a plain loop. (`tether.bus.readers` is the same for asyncio.)"""

from __future__ import annotations

import zmq

from tether.bus.sockets import Dealer, Publisher, Router, Subscriber

_Waitable = Dealer | Router | Subscriber | Publisher | int


class Poller:
    """Waits for any of several bus sockets and file descriptors. Keys are the objects that were added."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()
        self._owners: dict[object, _Waitable] = {}
        self._events: dict[object, int] = {}

    def add(self, what: _Waitable, *, write: bool = False, read: bool = True) -> None:
        """Wait for `what` to be readable, and writable with `write`. Again with other flags: changes them."""
        key = what if isinstance(what, int) else what.socket
        events = (zmq.POLLIN if read else 0) | (zmq.POLLOUT if write else 0)
        if self._events.get(key) == events:
            return
        self._owners[key] = what
        self._events[key] = events
        self._poller.register(key, events)

    def add_monitor(self, dealer: Dealer) -> None:
        """Wait for `dealer`'s connection events; the wait then names the dealer's `monitor` socket's owner."""
        if dealer.monitor is not None:
            self._owners[dealer.monitor] = dealer
            self._events[dealer.monitor] = zmq.POLLIN
            self._poller.register(dealer.monitor, zmq.POLLIN)

    def remove(self, what: _Waitable) -> None:
        key = what if isinstance(what, int) else what.socket
        if self._events.pop(key, None) is not None:
            del self._owners[key]
            self._poller.unregister(key)

    def wait(self, timeout_s: float | None) -> dict[_Waitable, int]:
        """Wait at most `timeout_s` seconds (None: for ever). What is ready, by its poll bits: 1 read, 2 write, 4 error.

        A dealer whose connection events are waiting is among the ready, whether or not it has mail.
        """
        timeout = None if timeout_s is None else max(0, int(timeout_s * 1000 + 0.999))
        ready: dict[_Waitable, int] = {}
        for key, events in self._poller.poll(timeout):
            owner = self._owners.get(key)
            if owner is not None:
                ready[owner] = ready.get(owner, 0) | events
        return ready
