"""Which input a worker takes."""

from hypothesis import given
from hypothesis import strategies as st

from tether.ptyworker.inbox import Inbox, Verdict
from tether.wire.limits import INPUT_BYTES_MAX, INPUT_CLIENTS_REMEMBERED

A, B = b"a" * 16, b"b" * 16


def judge(
    inbox: Inbox, client: bytes, n: int, size: int = 1, *, same_epoch: bool = True, room: int = 1 << 20
) -> Verdict:
    verdict = inbox.judge(client, n, size, same_epoch=same_epoch, room=room)
    if verdict is Verdict.TAKE:
        inbox.took(client, n)
    return verdict


def test_the_next_number_is_taken_a_repeat_is_not_and_a_hole_asks_again():
    inbox = Inbox()
    assert judge(inbox, A, 1) is Verdict.TAKE
    assert judge(inbox, A, 1) is Verdict.REPEAT
    assert judge(inbox, A, 3) is Verdict.AGAIN
    assert judge(inbox, A, 2) is Verdict.TAKE
    assert judge(inbox, B, 2) is Verdict.AGAIN, "a client that is not known starts at 1"


def test_another_epoch_is_fenced_before_anything_else():
    inbox = Inbox()
    assert judge(inbox, A, 1, INPUT_BYTES_MAX + 1, same_epoch=False) is Verdict.FENCED
    assert judge(inbox, A, 1, INPUT_BYTES_MAX + 1) is Verdict.TOO_LONG
    assert inbox.last(A) == 0


def test_a_full_queue_drops_and_asks_again_when_there_is_room():
    inbox = Inbox()
    assert judge(inbox, A, 1, 100, room=99) is Verdict.FULL
    assert inbox.feed(100) == [], "not for a few bytes of room"
    assert inbox.feed(1 << 20) == [A]
    assert inbox.feed(1 << 20) == [], "once"


def test_the_least_recently_heard_client_is_forgotten_first():
    inbox = Inbox()
    clients = [number.to_bytes(16, "big") for number in range(INPUT_CLIENTS_REMEMBERED)]
    for client in clients:
        judge(inbox, client, 1)
    judge(inbox, clients[0], 2)
    judge(inbox, A, 1)
    assert inbox.last(clients[0]) == 2
    assert inbox.last(clients[1]) == 0
    assert Inbox(inbox.remembered()).last(clients[0]) == 2


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 6)), max_size=60))
def test_each_number_is_taken_once_and_in_order(tries: list[tuple[bytes, int]]):
    inbox = Inbox()
    taken: dict[bytes, list[int]] = {A: [], B: []}
    for client, n in tries:
        if judge(inbox, client, n) is Verdict.TAKE:
            taken[client].append(n)
    for numbers in taken.values():
        assert numbers == list(range(1, len(numbers) + 1))
