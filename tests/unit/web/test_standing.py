"""What a client is told of what the broker says, and how it is attached again without its doing."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tether.web.standing import ATTACH_AGAIN_S, Standing
from tether.wire.control import Attach, Attached, Control, Done, Refused, Take
from tether.wire.views import SessionView

SID = os.urandom(16)
ME = b"m" * 16
VIEW = SessionView(SID, "k3v9x0pq", "shell", "t", "running", seq=5, offset=50, epoch=3)


class Line:
    """An uplink that notes what is asked and answers when told to."""

    def __init__(self) -> None:
        self.ready = True
        self.asked: list[tuple[Any, Any]] = []
        self.sent: list[bytes] = []

    def question(self, sid: bytes, message: Any, answered: Any) -> int:
        if not self.ready:
            return 0
        self.asked.append((message, answered))
        return len(self.asked)

    def send(self, frame: bytes) -> bool:
        self.sent.append(frame)
        return self.ready


class Lane:
    """The keeper's surface: what was granted, what was sent, and whether the lane takes anything."""

    def __init__(self) -> None:
        self.grants: list[tuple[int, bytes]] = []
        self.sent: list[bytes] = []
        self.takes = True

    def granted(self, epoch: int, key: bytes) -> None:
        self.grants.append((epoch, key))

    def send(self, frame: bytes) -> bool:
        if self.takes:
            self.sent.append(frame)
        return self.takes

    def leave(self) -> None:
        self.grants.append((0, b""))


class Story:
    def __init__(self, mode: str = "control") -> None:
        self.line = Line()
        self.told: list[Any] = []
        self.gave_up = False
        self.record: SessionView | None = None
        attach = Attach(7, ME, "phone", "web", mode, 80, 24, take=True)
        self.lane = Lane()
        self.taken = 0
        self.standing = Standing(
            self.line, SID, attach, self.told.append, lambda: self.record, self._give_up, self.lane, lambda: self.taken  # type: ignore[arg-type]
        )  # fmt: skip

    def _give_up(self) -> None:
        self.gave_up = True

    def answer(self, message: Any) -> None:
        self.line.asked[-1][1](message)


def test_the_answer_carries_the_clients_number_the_logs_position_and_no_key_to_the_lane():
    story = Story()
    story.record = SessionView(SID, "k3v9x0pq", "shell", "t", "running", seq=9, offset=90)
    story.standing.attach_again(take=True)
    story.answer(Attached(1234, "control", 4, VIEW, "", 2, b"key"))
    (told,) = story.told
    assert (told.req, told.mode, told.epoch, told.last_n, told.lane) == (7, "control", 4, 2, b"")
    assert (told.view.seq, told.view.offset) == (9, 90)
    assert story.standing.known
    story.standing.from_broker(Control(ME, "observe", 5, "you", lane=b"key"))
    assert story.told[-1] == Control(ME, "observe", 5, "you")
    assert (story.standing.mode, story.standing.epoch) == ("observe", 5)


@pytest.mark.parametrize(("granted", "wanted"), [("control", "control"), ("observe", "observe")])
def test_a_broker_that_comes_back_is_told_what_stood_and_no_more(granted: str, wanted: str):
    story = Story()
    story.standing.attach_again(take=True)
    assert (story.line.asked[-1][0].mode, story.line.asked[-1][0].take) == ("control", True)
    story.answer(Attached(1, granted, 4, VIEW))
    story.standing.attach_again()
    again = story.line.asked[-1][0]
    assert (again.mode, again.take, again.epoch) == (wanted, False, 4)


def test_who_is_not_attached_any_more_is_attached_again_without_being_told():
    story = Story()
    story.standing.attach_again()
    story.answer(Attached(1, "control", 4, VIEW))
    story.told.clear()
    story.standing.from_broker(Refused(0, "not-attached", "x", client=ME))
    assert story.told == []
    assert not story.standing.known
    assert story.standing.overdue(1e12)
    story.standing.ask(Take(5, ME))
    story.answer(Refused(99, "not-attached", "x"))
    assert story.told == [Refused(5, "not-attached", "x")], "a question always has an answer"


def test_an_absent_session_is_told_to_whoever_ordered_something_and_once():
    story = Story()
    for code in ("ended", "not-found", "not-ready"):
        story.standing.from_broker(Refused(0, code, "x", client=ME))
    assert story.told == []
    story.standing.order(b"frame")
    assert story.line.sent == [b"frame"]
    story.standing.from_broker(Refused(0, "ended", "x", client=ME))
    story.standing.from_broker(Refused(0, "ended", "x", client=ME))
    assert len(story.told) == 1
    story.standing.from_broker(Refused(0, "observe-only", "x", client=ME))
    assert len(story.told) == 2


def test_questions_are_answered_also_without_a_broker():
    story = Story()
    story.standing.ask(Take(5, ME))
    story.answer(Done(77))
    assert story.told == [Done(5)]
    story.line.ready = False
    story.standing.ask(Take(6, ME))
    assert (story.told[-1].req, story.told[-1].code) == (6, "not-ready")
    assert not story.standing.attach_again()
    assert not story.standing.overdue(1e12), "nobody to ask"


def test_a_refused_attach_is_tried_again_but_not_at_once_and_not_when_the_session_is_full():
    story = Story()
    story.standing.attach_again()
    asked_at = story.standing._asked_at
    story.answer(Refused(1, "not-found", "No session k3v9x0pq"))
    assert story.told == []
    assert story.standing.stand_in(VIEW).reason == "No session k3v9x0pq"
    assert not story.standing.overdue(asked_at + ATTACH_AGAIN_S / 2)
    assert story.standing.overdue(asked_at + ATTACH_AGAIN_S)
    story.standing.attach_again()
    story.answer(Refused(1, "too-many", "full"))
    assert story.gave_up


def test_the_stand_in_says_why_the_client_only_observes():
    story = Story()
    assert "broker is away" in story.standing.stand_in(VIEW).reason
    ended = SessionView(SID, "k3v9x0pq", "shell", "t", "exited", epoch=8)
    attached = story.standing.stand_in(ended)
    assert (attached.req, attached.mode, attached.epoch, attached.reason) == (7, "observe", 8, "the session has ended")


def test_the_lane_is_entered_with_the_lease_left_with_it_and_is_the_first_way_for_input():
    story = Story()
    story.standing.attach_again()
    story.answer(Attached(7, "control", 4, VIEW, lane=b"key"))
    assert story.lane.grants[-1] == (4, b"key")
    story.standing.type(b"input")
    assert (story.lane.sent, story.line.sent) == ([b"input"], [])
    story.lane.takes = False
    story.standing.type(b"again")
    assert story.line.sent == [b"again"], "without a lane it goes through the broker"
    story.standing.from_broker(Control(ME, "observe", 5, "you", lane=b"other"))
    assert story.lane.grants[-1] == (5, b""), "a key that comes with no lease opens nothing"


def test_a_client_that_comes_back_continues_behind_what_was_taken_over_the_lane():
    story = Story()
    story.taken = 9
    story.standing.attach_again()
    story.answer(Attached(7, "control", 4, VIEW, last_n=2))
    assert story.told[-1].last_n == 9
