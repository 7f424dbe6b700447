"""A browser's lane against the worker's own end of it, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tether.ptyworker.lane import LaneServer
from tether.web.lane import LaneKeeper
from tether.wire.codec import encode
from tether.wire.control import Input, InputAck
from tether.wire.events import Output

SID = bytes(range(16))
ME = b"m" * 16
KEY = b"k" * 16


class Bench:
    """Both ends on one asyncio loop."""

    def __init__(self, path: Path) -> None:
        self.inputs: list[Input] = []
        self.acks: list[InputAck] = []
        self.events: list[bytes] = []
        self.watched: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self.server = LaneServer(str(path), SID, self.watch, lambda: (5, []), self.inputs.append)
        self.opened = self.lost = 0
        self.keeper = LaneKeeper(path, SID, ME, self)

    def lane_opened(self) -> None:
        self.opened += 1

    def lane_brought(self, ack: InputAck | None, events: list[bytes]) -> None:
        self.acks += [ack] if ack is not None else []
        self.events += events

    def lane_lost(self) -> None:
        self.lost += 1

    def watch(self, fd: int, write: bool | None) -> None:
        self._loop.remove_reader(fd)
        self.watched.discard(fd)
        if write is not None:
            self.watched.add(fd)
            self._loop.add_reader(fd, lambda: self.server.ready(fd))

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not what():
                step = asyncio.Event()
                self._loop.call_later(0.005, step.set)
                await step.wait()


def test_input_goes_and_acknowledgements_and_events_come_until_the_lease_moves_on(tmp_path: Path):
    async def story() -> None:
        bench = Bench(tmp_path / "l")
        assert not bench.keeper.send(b"too early")
        bench.server.grant(ME, KEY, 3)
        bench.keeper.granted(3, KEY)
        await bench.until(lambda: bench.server.holds(ME))
        frame = encode(SID, Input(ME, 3, 1, b"ls"))
        await bench.until(lambda: bench.keeper.send(frame))
        await bench.until(lambda: bench.inputs)
        assert bench.inputs == [Input(ME, 3, 1, b"ls")]
        event = encode(SID, Output(5, 1, 0, b"hi"))
        bench.server.send(encode(SID, InputAck(ME, 1)))
        bench.server.publish(event)
        await bench.until(lambda: bench.events)
        assert (bench.acks, bench.events) == ([InputAck(ME, 1)], [event])
        bench.server.grant(b"o" * 16, b"other key bytes!", 4)
        await bench.until(lambda: not bench.keeper.send(frame))
        bench.keeper.leave()
        bench.server.close()

    asyncio.run(story())


def test_a_wrong_key_opens_nothing_and_the_lane_of_a_new_worker_is_found(tmp_path: Path):
    async def story() -> None:
        path = tmp_path / "l"
        bench = Bench(path)
        bench.server.grant(ME, KEY, 3)
        bench.keeper.granted(3, b"x" * 16)
        await bench.until(lambda: len(bench.watched) > 1)
        assert not bench.keeper.send(b"frame")
        bench.keeper.granted(3, KEY)
        await bench.until(lambda: bench.server.holds(ME))
        bench.server.close()
        await bench.until(lambda: not bench.keeper.send(b"frame"))
        bench.server = LaneServer(str(path), SID, bench.watch, lambda: (9, []), bench.inputs.append)
        bench.server.grant(ME, KEY, 3)
        await bench.until(lambda: bench.server.holds(ME))
        bench.keeper.leave()
        bench.server.close()

    asyncio.run(story())
