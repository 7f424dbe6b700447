"""A device's whole journey by a way from elsewhere: paired, attached, typing, revoked."""

from __future__ import annotations

import json
import time

from tests.support.device import Way, close_code, pair, socket_to
from tests.support.gateway import Gateway
from tether.noise import Initiator
from tether.web import channel
from tether.wire.control import Attached, Input, InputAck
from tether.wire.events import Output


def whole_journey(gateway: Gateway, agent: str, way: Way, name: str) -> float:
    """Everything that a phone does, through `way`. Seconds from `tether revoke` to its channel's end."""
    device = pair(gateway, name=name, way=way)
    listed = {one["id"]: one for one in json.loads(gateway.tether("devices", "--json").stdout)}
    assert listed[device.id]["name"] == name
    with device.dial(way=way) as line:
        assert agent in [one["id"] for one in line.ask("GET", "/api/v1/sessions")[1]["sessions"]]
        number = line.attach(agent)
        attached = line.expect(number, Attached)
        assert attached.mode == "control"
        line.tell(number, Input(line.me, attached.epoch, 1, f"typed by {name}\r".encode()))
        line.expect(number, InputAck)
        seen = b""
        while f"echo: typed by {name}".encode() not in seen:
            seen += line.expect(number, Output).data
        gateway.tether("revoke", device.id)
        told = time.monotonic()
        assert close_code(line.socket) == 1008
        took = time.monotonic() - told
    again = socket_to(gateway, "channel", way=way)
    again.send(Initiator(device.keys, device.gateway_key, channel.PROLOGUE).write(b""))
    assert close_code(again) == 4401
    return took
