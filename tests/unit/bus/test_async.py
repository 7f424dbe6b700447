"""Bus sockets on an asyncio loop: their descriptors are edge-triggered, and no message may be left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tether.bus import Bus
from tether.bus.readers import AsyncSockets


def test_every_message_is_seen_although_sending_consumes_the_edge(bus: Bus, run_dir: Path) -> None:  # noqa: C901 - four callbacks
    """Questions and answers crossing each other: a lost edge would leave one side waiting for ever."""
    count = 2000
    router, dealer = bus.router(run_dir / "r"), bus.dealer(run_dir / "r", monitored=True)
    answers: list[bytes] = []
    asked = 0

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        sockets = AsyncSockets(loop)
        done = loop.create_future()

        def ask() -> None:
            nonlocal asked
            while asked < count and asked - len(answers) < 20 and dealer.send(b"%d" % asked):
                asked += 1
                sockets.poke(dealer)

        def serve() -> None:
            while (got := router.receive()) is not None:
                assert router.send(got[0], b"re " + got[1])
                sockets.poke(router)

        def take() -> None:
            while (frame := dealer.receive()) is not None:
                answers.append(frame)
            if len(answers) == count and not done.done():
                done.set_result(None)
            ask()

        def connected() -> None:
            if dealer.drain_monitor():
                ask()

        sockets.add(router, serve)
        sockets.add(dealer, take)
        sockets.add_monitor(dealer, connected)
        await asyncio.wait_for(done, 30)
        sockets.remove(router)
        sockets.remove(dealer)
        sockets.remove(dealer)

    asyncio.run(talk())
    assert answers == [b"re %d" % number for number in range(count)]
