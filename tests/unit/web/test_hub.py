"""Who gets a session's events when: the controller at once, observers on a clock, and each of them everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from tether.bus import Subscriber
from tether.bus.readers import AsyncSockets
from tether.web.attachment import Attachment, Piece
from tether.web.carrier import messages
from tether.web.frameclock import FRAME_S, FrameClock
from tether.web.hub import SHOW_MAX, Hub
from tether.wire.codec import encode
from tether.wire.events import Output

SID = bytes(range(16))


def event(seq: int) -> bytes:
    return encode(SID, Output(seq, 0, seq * 10, b"0123456789"))


class Bus:
    """The subscriptions of a hub."""

    def __init__(self) -> None:
        self.live = True
        self.store = False

    def subscribe(self, _topic: bytes) -> None:
        self.live = True

    def unsubscribe(self, _topic: bytes) -> None:
        self.live = False

    def add(self, *_: Any) -> None: ...

    def hear(self, wanted: bool) -> None:
        self.store = wanted


class Client:
    """A watcher that takes what it is offered."""

    kind = "fake"
    pack = staticmethod(messages)

    def __init__(self, hub: Hub, *, leads: bool = False) -> None:
        self.hub, self.leads, self.place, self.pumps = hub, leads, Attachment(), 0
        self.chunks: list[bytes] = []
        hub.watchers[self] = None

    @property
    def cursor(self) -> int:
        return self.place.cursor

    def write(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def ready(self) -> bool:
        return True

    def pump(self) -> None:
        self.pumps += 1
        pieces: list[Piece] = []
        if self.place.source(self.hub.recent, self.hub.newest) == "live":
            pieces = self.place.take(self.place.batch(self.hub.recent))
        if pieces:
            self.write(self.hub.packed(self, pieces))


def story(play: Callable[[Hub, Bus], Any]) -> None:
    async def run() -> None:
        bus = Bus()
        hub = Hub(SID, lambda: cast(Subscriber, bus), bus.hear, cast(AsyncSockets, bus))
        await play(hub, bus)

    asyncio.run(run())


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not what():
            step = asyncio.Event()
            asyncio.get_running_loop().call_soon(step.set)  # one turn of the loop
            await step.wait()


def test_the_controller_gets_an_event_in_the_turn_in_which_it_came_and_observers_soon():
    async def play(hub: Hub, _bus: Bus) -> None:
        leader, observer = Client(hub, leads=True), Client(hub)
        hub.arrived([event(1)])
        assert (leader.cursor, observer.cursor) == (1, 0)
        await until(lambda: observer.cursor == 1)
        # Within the frame the observer waits, and then gets everything at once.
        for seq in (2, 3, 4):
            hub.arrived([event(seq)])
        assert (leader.cursor, observer.cursor, observer.pumps) == (4, 1, 1)
        await until(lambda: observer.cursor == 4)
        assert observer.pumps == 2

    story(play)


def test_observers_at_one_place_share_one_chunk_and_many_of_them_leave_turns_to_others():
    async def play(hub: Hub, _bus: Bus) -> None:
        crowd = [Client(hub) for _ in range(SHOW_MAX * 2 + 1)]
        hub.arrived([event(1), event(2)])
        await until(lambda: crowd[0].cursor == 2)
        assert crowd[-1].cursor == 0, "others have a turn between"
        # What comes while the frame is being shown is not forgotten for those who were served already.
        hub.arrived([event(3)])
        await until(lambda: all(client.cursor == 3 for client in crowd))
        assert len({id(client.chunks[0]) for client in crowd[:SHOW_MAX]}) == 1
        assert {b"".join(client.chunks) for client in crowd} == {messages([event(1), event(2), event(3)])}

    story(play)


def test_a_lane_replaces_the_bus_until_it_is_lost_or_somebody_lags():
    async def play(hub: Hub, bus: Bus) -> None:
        client = Client(hub)
        assert (bus.live, bus.store) == (True, True)
        hub.lane(opened=True)
        assert (bus.live, bus.store) == (False, False)
        hub.lagging()
        assert (bus.live, bus.store) == (False, True)
        hub.arrived([event(5), event(6)])
        hub.look(6)
        assert bus.store, "it lags still: what it needs is in the log alone"
        client.place.cursor = 6
        hub.look(6)
        assert not bus.store
        hub.lane(opened=False)
        assert (bus.live, bus.store) == (True, True)

    story(play)


def test_a_frame_is_due_at_once_after_quiet_and_once_a_frame_otherwise():
    clock = FrameClock()
    assert clock.wait(100.0) == 0
    clock.shown(100.0)
    assert 0 < clock.wait(100.001) < FRAME_S
    assert clock.wait(100.0 + FRAME_S) == 0
