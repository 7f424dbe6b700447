"""The durable path's sender, against a store that loses, forgets and restarts."""

from hypothesis import given
from hypothesis import strategies as st

from tether.ptyworker.outflow import SILENCE_S, Outflow


def test_nothing_is_sent_before_the_store_has_said_where_it_stands():
    flow = Outflow(0, 1)
    flow.added(1)
    assert flow.next_to_send() is None
    flow.acked(0, "boot", 0.0)
    assert flow.next_to_send() == 1


def test_a_new_run_of_the_store_sends_the_cursor_back():
    flow = Outflow(0, 1)
    flow.acked(0, "a", 0.0)
    for seq in (1, 2, 3):
        flow.added(seq)
        flow.sent(0.0)
    assert flow.next_to_send() is None
    flow.acked(1, "b", 1.0)
    assert flow.next_to_send() == 2


def test_an_acknowledgement_of_what_never_existed_is_not_believed():
    flow = Outflow(0, 3)
    assert flow.acked(99, "a", 0.0) == 2
    assert flow.durable == 2


def test_silence_about_sent_events_is_noticed_and_an_idle_session_never():
    flow = Outflow(0, 1)
    flow.acked(0, "a", 0.0)
    assert not flow.silent(100.0)
    flow.added(1)
    flow.sent(100.0)
    assert not flow.silent(100.0 + SILENCE_S / 2)
    assert flow.silent(100.0 + SILENCE_S)


@given(st.lists(st.sampled_from(["add", "send", "lose", "store", "restart", "reconnect", "old-ack"]), max_size=200))
def test_whatever_happens_everything_becomes_durable_in_order(steps: list[str]):  # noqa: C901 - one branch for each step
    flow = Outflow(0, 1)
    pipe: list[int] = []
    log: list[int] = []
    boot, acks = 0, [0]

    def answer() -> None:
        flow.acked(len(log), str(boot), 0.0)
        acks.append(len(log))

    def deliver(seq: int) -> None:
        if seq == len(log) + 1:
            log.append(seq)
        elif seq > len(log) + 1:
            flow.nacked(len(log) + 1, str(boot), 0.0)
            return
        answer()

    def send() -> None:
        if (seq := flow.next_to_send()) is not None:
            pipe.append(seq)
            flow.sent(0.0)

    answer()
    for step in steps:
        match step:
            case "add":
                flow.added(flow.next_seq)
            case "send":
                send()
            case "lose" if pipe:
                pipe.pop(0)
            case "store" if pipe:
                deliver(pipe.pop(0))
            case "restart":
                boot += 1
                pipe.clear()
                answer()
            case "reconnect":
                flow.disconnected()
                answer()
            case "old-ack":
                flow.acked(acks[len(acks) // 2], str(boot), 0.0)
        assert flow.durable <= len(log)
        assert flow.durable < flow.cursor <= flow.next_seq
    flow.disconnected()
    answer()
    pipe.clear()
    for _ in range(2 * flow.next_seq):
        send()
        if pipe:
            deliver(pipe.pop(0))
    assert log == list(range(1, flow.next_seq))
    assert not flow.unacknowledged
