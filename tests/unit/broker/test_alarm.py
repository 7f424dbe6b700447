"""What an agent tries is in the log each time, and shown to everybody once in a while."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.broker.scene import TOKEN, Scene, session_id
from tether.wire import PROTOCOL
from tether.wire.agents import Decide
from tether.wire.auditing import Deed
from tether.wire.control import Hello, Refused
from tether.wire.ids import NO_SESSION, public_id

MINE, OTHER = session_id(1), session_id(2)


def watched() -> Scene:
    """Somebody is attached to another session than the agent's."""
    scene = Scene()
    for sid, worker in ((MINE, b"w1"), (OTHER, b"w2")):
        scene.worker(sid, worker)
    scene.client(b"person")
    scene.attach(OTHER, b"p" * 16, b"person")
    return scene


def notices(scene: Scene) -> list[str]:
    return [one.message for one in scene.to(b"person", Refused) if one.code == "notice"]


def test_a_loop_of_tries_is_all_in_the_log_and_seldom_on_the_screen() -> None:
    scene = watched()
    scene.client(b"agent")
    scene.desk.peers[b"agent"] = replace(scene.desk.peers[b"agent"], inside=frozenset({MINE}))
    for _ in range(50):
        scene.say(b"agent", MINE, Decide(1, b"a" * 16, "id0", "allow"))
    assert [one.kind for one in scene.audited].count("self-approval-attempt") == 50
    text = f"A program in session {public_id(MINE)} (process 0) tried to decide id0: refused"
    assert notices(scene) == [text]
    scene.now += 11
    scene.say(b"agent", MINE, Decide(1, b"a" * 16, "id0", "allow"))
    assert notices(scene) == [text, text]


def test_what_the_web_part_refused_is_shown_and_nobody_else_can_have_that_shown() -> None:
    scene = watched()
    deed = Deed("self-approval-attempt", "a program in k3v9x0pq", "k3v9x0pq", {"what": "http /api/v1/tickets"})
    scene.client(b"a command")
    scene.say(b"a command", NO_SESSION, deed)
    assert notices(scene) == []
    scene.say(b"web", NO_SESSION, Hello(PROTOCOL, "web", TOKEN))
    scene.say(b"web", NO_SESSION, deed)
    assert notices(scene) == ["A program in k3v9x0pq tried http /api/v1/tickets: refused"]
