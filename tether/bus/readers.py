"""Waiting for sockets on an asyncio loop. Apart from `loops`, so that workers never load asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import zmq

from tether.bus.sockets import Dealer, Router, Subscriber


class AsyncSockets:
    """Runs a callback on the asyncio loop whenever a bus socket may have mail.

    A ZeroMQ descriptor is edge-triggered, and any send or receive may consume the edge: the callback
    must receive until None, and `poke` must be called after every send on a socket that is also read.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callbacks: dict[int, Callable[[], None]] = {}

    def add(self, what: Dealer | Subscriber | Router, callback: Callable[[], None]) -> None:
        """Call `callback` (which drains `what`) now and whenever there may be something to receive."""
        fd = int(what.socket.get(zmq.FD))
        self._callbacks[fd] = callback
        self._loop.add_reader(fd, callback)
        self._loop.call_soon(callback)

    def add_monitor(self, dealer: Dealer, callback: Callable[[], None]) -> None:
        """Call `callback` (which calls `drain_monitor`) when the dealer's connection may have changed."""
        if dealer.monitor is not None:
            self._loop.add_reader(int(dealer.monitor.get(zmq.FD)), callback)
            self._loop.call_soon(callback)

    def poke(self, what: Dealer | Subscriber | Router) -> None:
        """After a send on `what`: look for mail in the loop's next turn."""
        callback = self._callbacks.get(int(what.socket.get(zmq.FD)))
        if callback is not None:
            self._loop.call_soon(callback)

    def remove(self, what: Dealer | Subscriber | Router) -> None:
        fd = int(what.socket.get(zmq.FD))
        if self._callbacks.pop(fd, None) is not None:
            self._loop.remove_reader(fd)
