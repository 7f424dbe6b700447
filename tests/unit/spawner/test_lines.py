"""JSON lines with descriptors beside them."""

import os
import socket

import pytest

from tether.spawner.lines import LINE_BYTES_MAX, LineError, Lines


def pair() -> tuple[Lines, Lines]:
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return Lines(a), Lines(b)


def test_lines_arrive_with_their_own_descriptors_even_when_read_together():
    a, b = pair()
    r1, w1 = os.pipe()
    r2, w2 = os.pipe()
    a.send({"op": "one", "fds": 1}, [r1])
    a.send({"op": "none"})
    a.send({"op": "two", "fds": 2}, [r2, w2])
    got: list[tuple[dict[str, object], list[int]]] = []
    while len(got) < 3:
        got += b.receive()
    assert [m["op"] for m, _ in got] == ["one", "none", "two"]
    assert [len(fds) for _, fds in got] == [1, 0, 2]
    os.write(w1, b"x")
    assert os.read(got[0][1][0], 1) == b"x"
    for fd in (r1, w1, r2, w2, *got[0][1], *got[2][1]):
        os.close(fd)
    a.close()
    assert b.receive() == []
    assert b.closed


def test_a_line_split_anywhere_is_one_line():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    lines = Lines(b)
    got = []
    for byte in b'{"op":"x","text":"\\u00e4"}\n':
        a.send(bytes([byte]))
        got += lines.receive()
    assert got == [({"op": "x", "text": "ä"}, [])]
    a.close()
    lines.close()


@pytest.mark.parametrize("rubbish", [b"not json\n", b"[1]\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"])
def test_rubbish_cuts_the_peer_off(rubbish: bytes):
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    lines = Lines(b)
    a.setblocking(True)
    a.sendall(rubbish)
    with pytest.raises(LineError):  # noqa: PT012 - it may come in any of the calls
        while True:
            lines.receive()
    assert lines.closed
    a.close()


def test_a_line_without_end_is_bounded():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    lines = Lines(b)
    sent = 0
    with pytest.raises(LineError):  # noqa: PT012 - it may come in any of the calls
        while sent <= 2 * LINE_BYTES_MAX:
            sent += a.send(b"x" * 65536)
            lines.receive()
    a.close()


def test_a_peer_that_does_not_read_is_cut_off_in_the_end():
    a, b = pair()
    for _ in range(10_000):
        a.send({"op": "x", "text": "y" * 8192})
        if a.closed:
            break
    assert a.closed
    b.close()
