"""An input that went to the broker while its client's lane was opening was acknowledged on the lane alone: the broker
waited for the worker's word, and after five seconds called a healthy session unresponsive."""

from __future__ import annotations

import socket

from tests.support.gateway import Gateway
from tether.bus import BrokerClient, Bus
from tether.paths import resolve
from tether.wire import decode, encode
from tether.wire.control import Attach, Attached, Input, InputAck, Lane, LaneOpen
from tether.wire.framing import FrameReader, framed


def test_an_input_is_acknowledged_on_the_way_it_came_also_when_its_client_has_a_lane(gateway: Gateway) -> None:
    session = gateway.run(gateway.add_fake("echo"))
    paths = resolve(gateway.env)
    ring = next(paths.workers.glob("*.ring"))
    sid, me = bytes.fromhex(ring.stem), bytes(range(16))
    bus = Bus()
    client = BrokerClient(bus, paths)
    lane = socket.socket(socket.AF_UNIX)
    try:
        attached = client.ask(sid, Attach(0, me, "test", "api", "control", 80, 24))
        assert isinstance(attached, Attached)
        assert attached.mode == "control"
        lane.settimeout(15)
        lane.connect(str(paths.worker_lane(sid)))
        lane.sendall(framed(encode(sid, Lane(me, attached.epoch, attached.lane))))
        reader, frames = FrameReader(), []
        while not frames:
            frames = reader.feed(lane.recv(65536))
        assert isinstance(decode(frames[0])[1], LaneOpen)

        assert client.send(sid, Input(me, attached.epoch, 1, b"by the broker\n"))

        def told() -> bool:
            got = client.receive()
            return got is not None and isinstance(got[1], InputAck) and got[1].n == 1

        gateway.wait_until("the broker was told as well", told)
        gateway.wait_until("it was typed", lambda: b"echo: by the broker" in gateway.raw(session))
        assert gateway.raw(session).count(b"echo: by the broker") == 1
    finally:
        lane.close()
        client.close()
        bus.close()
