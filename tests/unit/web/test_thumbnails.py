"""Pictures of sessions for lists: fresh when something happened, and bounded in what they cost."""

from __future__ import annotations

import asyncio
import json

import msgspec

from tether.web.thumbnails import EVERY_S, FORMS, Thumbnail, Thumbnails
from tether.wire.control import Snapshot
from tether.wire.views import SessionView

SID = bytes(range(16))
VIEW = SessionView(SID, "k3v9x0pq", "shell", "t", "running", cols=20, rows=4)


class World:
    """Gives screens and tells the time. Asked once more, it says what the session has said since."""

    def __init__(self) -> None:
        self.seq = 1
        self.data = b"hello"
        self.now = 100.0
        self.asked = 0
        self.cost = 0.0  # seconds that each look at the clock takes
        self.thumbnails = Thumbnails(self, self.clock)  # type: ignore[arg-type]

    def clock(self) -> float:
        self.now += self.cost
        return self.now

    async def of(self, view: SessionView, history: int = 0) -> Snapshot | None:
        self.asked += 1
        return Snapshot(self.seq, len(self.data), 20, 4, self.data, "screen") if self.seq else None

    def get(self, form: str = "text", view: SessionView = VIEW) -> Thumbnail | None:
        return asyncio.run(self.thumbnails.of(view, form))

    def text(self) -> str:
        found = self.get()
        assert found is not None
        return str(json.loads(found.body)["text"])


def test_every_form_shows_the_screen() -> None:
    world = World()
    world.data = b"plain \x1b[1;31;44mbold\x1b[m"
    made = {form: world.get(form) for form in FORMS}
    assert b"plain bold" in made["text"].body  # type: ignore[union-attr]
    runs = json.loads(made["cells"].body)["runs"][0]  # type: ignore[union-attr]
    assert [run["text"] for run in runs] == ["plain ", "bold"]
    assert runs[1]["bold"]
    assert "bg" in runs[1]
    assert made["svg"].body.startswith(b"<svg ")  # type: ignore[union-attr]
    assert made["svg"].media_type == "image/svg+xml"  # type: ignore[union-attr]


def test_who_asks_too_often_gets_the_last_one() -> None:
    world = World()
    assert world.text() == "hello"
    world.seq, world.data = 2, b"changed"
    world.now += EVERY_S / 2
    assert world.text() == "hello"
    assert world.asked == 1
    world.now += EVERY_S
    assert world.text() == "changed"


def test_a_session_that_said_nothing_is_not_drawn_again() -> None:
    world = World()
    first = world.get()
    world.now += 10
    assert world.get() is first
    assert world.asked == 2


def test_drawing_takes_a_bounded_part_of_the_time() -> None:
    world = World()
    world.get()
    world.cost = 1.0
    world.now += 10
    world.seq, world.data = 2, b"changed"
    assert world.text() == "changed"
    world.cost = 0.0
    world.seq, world.data = 3, b"again"
    world.now += 1.0
    assert world.text() == "changed"
    world.now += 20.0
    assert world.text() == "again"


def test_an_ended_session_is_drawn_once() -> None:
    world = World()
    ended = msgspec.structs.replace(VIEW, state="exited")
    first = world.get(view=ended)
    world.now += 100
    assert world.get(view=ended) is first
    assert world.asked == 1


def test_what_can_not_be_had_is_none_and_asked_for_again() -> None:
    world = World()
    world.seq = 0
    assert world.get() is None
    world.seq = 1
    assert world.text() == "hello"


def test_only_so_many_are_kept() -> None:
    world = World()
    for number in range(300):
        world.get(view=msgspec.structs.replace(VIEW, sid=number.to_bytes(16, "big")))
    assert len(world.thumbnails._kept) <= 128
