"""A decision is passed on as whose it is."""

from __future__ import annotations

from tests.unit.broker.scene import TOKEN, Scene, session_id
from tether.wire import PROTOCOL
from tether.wire.agents import Decide
from tether.wire.control import Hello
from tether.wire.ids import NO_SESSION

SID = session_id()


def test_nobody_signs_as_a_rule() -> None:
    scene = Scene()
    scene.worker(SID)
    scene.say(b"adapters", NO_SESSION, Hello(PROTOCOL, "adapters", TOKEN))
    scene.say(b"web", NO_SESSION, Hello(PROTOCOL, "web", TOKEN))
    scene.say(b"web", SID, Decide(1, b"c" * 16, "id0", "allow", by="phone", rule="tests"))
    [passed] = scene.to(b"adapters", Decide)
    assert (passed.by, passed.rule) == ("phone", "")
    assert [one.actor for one in scene.audited if one.kind == "decide"] == ["phone"]
