"""News for a client that may not read for an hour."""

import os

from tether.web.outbox import ANSWERS_MAX, Outbox, merge_acks
from tether.wire.codec import decode
from tether.wire.control import Attached, Control, Done, InputAck, Pong, Refused
from tether.wire.views import SessionView

SID = os.urandom(16)
ME = b"m" * 16
VIEW = SessionView(SID, "k3v9x0pq", "shell", "t", "running")


def sent(outbox: Outbox) -> list[object]:
    return [decode(frame)[1] for frame in outbox.drain()]


def test_what_is_put_is_sent_once():
    outbox = Outbox(SID)
    assert not outbox
    outbox.put(Done(3))
    assert outbox
    assert sent(outbox) == [Done(3)]
    assert not outbox


def test_newer_news_of_a_kind_replaces_older_and_comes_last():
    outbox = Outbox(SID)
    outbox.put(Control(ME, "observe", 4, "you"))
    outbox.put(Attached(1, "observe", 4, VIEW))
    outbox.put(Pong(1))
    outbox.put(Pong(2))
    outbox.put(Control(ME, "control", 5, "me"))
    assert sent(outbox) == [Attached(1, "observe", 4, VIEW), Pong(2), Control(ME, "control", 5, "me")]


def test_answers_queue_and_are_bounded():
    outbox = Outbox(SID)
    for number in range(ANSWERS_MAX + 10):
        outbox.put(Refused(number, "size", "too large"))
    numbers = [message.req for message in sent(outbox)]  # type: ignore[attr-defined]
    assert numbers == list(range(10, ANSWERS_MAX + 10))


def test_a_sleeping_client_costs_a_bounded_amount():
    outbox = Outbox(SID)
    for number in range(10_000):
        outbox.put(VIEW)
        outbox.put(InputAck(ME, number))
        outbox.put(Done(number))
    assert len(outbox.drain()) == ANSWERS_MAX + 2


def test_acknowledgements_add_up():
    assert merge_acks(None, InputAck(ME, 3)) == InputAck(ME, 3)
    assert merge_acks(InputAck(ME, 3), InputAck(ME, 5)) == InputAck(ME, 5)
    assert merge_acks(InputAck(ME, 3, resend=True), InputAck(ME, 3)) == InputAck(ME, 3, resend=True)
    assert merge_acks(InputAck(ME, 3, resend=True), InputAck(ME, 4)) == InputAck(ME, 4)
    assert merge_acks(InputAck(ME, 3), InputAck(ME, 3, resend=True)) == InputAck(ME, 3, resend=True)
