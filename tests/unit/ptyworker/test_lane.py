"""Who may use a session's lane, and what becomes of everybody else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tether.ptyworker.lane import LaneServer
from tether.wire import decode, encode
from tether.wire.control import (
    HistoryQuery,
    Input,
    InputAck,
    Lane,
    LaneAsk,
    LaneOpen,
    LaneTerminal,
    Snapshot,
    SnapshotQuery,
)
from tether.wire.events import Output
from tether.wire.framing import FrameReader, framed

SID = bytes(range(16))
CLIENT, OTHER = b"c" * 16, b"o" * 16
KEY = b"k" * 16


class Bench:
    """A lane with its watched descriptors and the inputs that it let through."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.watched: dict[int, bool] = {}
        self.inputs: list[Input] = []
        self.backlog: list[bytes] = []
        self.lane = LaneServer(str(path), SID, self._watch, lambda: (7, self.backlog), self.inputs.append)

    def _watch(self, fd: int, write: bool | None) -> None:
        if write is None:
            self.watched.pop(fd, None)
        else:
            self.watched[fd] = write

    def turn(self) -> None:
        """One turn of a loop: serve every descriptor that is watched."""
        for _ in range(3):
            for fd in list(self.watched):
                if fd in self.watched:
                    self.lane.ready(fd)

    def connect(self, *messages: object) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(str(self.path))
        sock.settimeout(5)
        for message in messages:
            sock.sendall(framed(encode(SID, message)))
        self.turn()
        return sock


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "l")
    yield made
    made.lane.close()
    assert made.watched == {}
    assert not made.path.exists()


def frames(sock: socket.socket) -> list[object]:
    return [decode(frame)[1] for frame in FrameReader().feed(sock.recv(65536))]


def test_the_holder_gets_in_with_its_key_and_hears_events_and_its_input_passes(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(Lane(CLIENT, 3, KEY), Input(CLIENT, 3, 1, b"ls"))
    assert frames(sock) == [LaneOpen(3, 7)]
    assert bench.inputs == [Input(CLIENT, 3, 1, b"ls")]
    assert bench.lane.holds(CLIENT)
    bench.lane.publish(encode(SID, Output(7, 1, 0, b"hi")))
    assert frames(sock) == [Output(7, 1, 0, b"hi")]
    sock.close()
    bench.turn()
    assert not bench.lane.holds(CLIENT)


def test_the_holder_asks_for_the_screen_and_gets_it_between_the_events(tmp_path: Path):
    asked: list[object] = []

    def answer(query: SnapshotQuery | HistoryQuery) -> Snapshot:
        asked.append(query)
        return Snapshot(7, 2, 80, 24, b"screen", "screen", 2, query.req, query.client)

    watched: dict[int, bool | None] = {}
    lane = LaneServer(
        str(tmp_path / "l"), SID, watched.__setitem__, lambda: (7, []), lambda _input: None, on_query=answer
    )
    lane.grant(CLIENT, KEY, 3)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(str(tmp_path / "l"))
    sock.settimeout(5)
    query = SnapshotQuery(9, CLIENT, 10)
    for message in (Lane(CLIENT, 3, KEY), query):
        sock.sendall(framed(encode(SID, message)))
    for _ in range(3):
        for fd in [fd for fd, wanted in watched.items() if wanted is not None]:
            lane.ready(fd)
    lane.publish(encode(SID, Output(8, 1, 2, b"more")))
    got: list[object] = []
    reader = FrameReader()
    while len(got) < 3:
        got += [decode(frame)[1] for frame in reader.feed(sock.recv(65536))]
    assert [type(one) for one in got] == [LaneOpen, Snapshot, Output]
    assert asked == [query]
    lane.close()
    sock.close()


@pytest.mark.parametrize("first", [Lane(CLIENT, 2, KEY), Input(CLIENT, 3, 1, b"ls"), Lane(OTHER, 2, b"x" * 16)])
def test_who_comes_too_late_or_without_a_key_is_cut_off(bench: Bench, first: object):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(first, Input(CLIENT, 3, 1, b"ls"))
    assert sock.recv(100) == b""
    assert bench.inputs == []
    sock.close()


@pytest.mark.parametrize(
    "first", [Lane(CLIENT, 3, b"x" * 16), Lane(CLIENT, 3, b""), Lane(OTHER, 3, KEY), Lane(CLIENT, 9, KEY)]
)
def test_a_key_that_was_not_granted_waits_and_types_nothing(bench: Bench, first: object):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(first)
    bench.lane.publish(encode(SID, Output(7, 1, 0, b"secret")))
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        sock.recv(100)
    sock.settimeout(5)
    sock.sendall(framed(encode(SID, Input(CLIENT, 3, 1, b"ls"))))
    bench.turn()
    assert sock.recv(100) == b"", "whoever does not wait for the answer is cut off"
    assert bench.inputs == []
    sock.close()


def test_a_holder_that_is_faster_than_the_broker_gets_in_when_the_broker_has_spoken(bench: Bench):
    bench.lane.grant(OTHER, b"o" * 16, 2)
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    bench.lane.grant(CLIENT, KEY, 3)
    assert frames(sock) == [LaneOpen(3, 7)]
    assert bench.lane.holds(CLIENT)
    sock.close()


def test_no_key_means_no_lane(bench: Bench):
    bench.lane.grant(CLIENT, b"", 3)
    sock = bench.connect(Lane(CLIENT, 3, b""))
    assert not bench.lane.holds(CLIENT)
    sock.close()


def test_when_the_lease_moves_on_the_old_holder_is_cut_off(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    assert frames(sock) == [LaneOpen(3, 7)]
    bench.lane.grant(OTHER, b"n" * 16, 4)
    with pytest.raises(BrokenPipeError):
        sock.sendall(framed(encode(SID, Input(CLIENT, 3, 1, b"rm"))))
    bench.turn()
    assert bench.inputs == []
    sock.close()


def test_a_holder_types_only_in_its_own_name(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(Lane(CLIENT, 3, KEY), Input(OTHER, 3, 1, b"rm"))
    assert bench.inputs == []
    assert not bench.lane.holds(CLIENT)
    sock.close()


@pytest.mark.parametrize("rubbish", [b"\xff\xff\xff\xff", b"\0\0\0\x05hello", b"\0" * 4096])
def test_rubbish_is_cut_off(bench: Bench, rubbish: bytes):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect()
    sock.sendall(rubbish)
    bench.turn()
    assert sock.recv(100) == b""
    sock.close()


def test_strangers_can_not_fill_the_lane(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    strangers = [bench.connect() for _ in range(20)]
    assert len(bench.watched) <= 6
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    assert frames(sock) == [LaneOpen(3, 7)]
    for each in (sock, *strangers):
        each.close()


def test_a_holder_that_does_not_read_costs_a_bounded_amount_and_whole_frames_only(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    sock.setblocking(False)
    for seq in range(7, 2000):
        bench.lane.publish(encode(SID, Output(seq, 1, 0, b"x" * 4000)))
    reader, got = FrameReader(), []
    while True:
        try:
            got += reader.feed(sock.recv(1 << 20))
        except BlockingIOError:
            before = len(got)
            bench.turn()
            try:
                got += reader.feed(sock.recv(1 << 20))
            except BlockingIOError:
                assert len(got) == before
                break
    seqs = [decode(frame)[1].seq for frame in got[1:]]
    assert seqs == list(range(7, 7 + len(seqs))), "in order, from the first, without a hole inside what was taken"
    assert 100 < len(seqs) < 1000
    assert not reader.partial
    sock.close()


def test_a_holder_that_comes_in_gets_what_is_not_in_the_log_yet(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    bench.backlog = [encode(SID, Output(7, 1, 0, b"$ "))]
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    assert frames(sock) == [LaneOpen(3, 7), Output(7, 1, 0, b"$ ")]
    sock.close()


def test_an_acknowledgement_travels_with_the_echo_or_alone_a_moment_later(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    assert frames(sock) == [LaneOpen(3, 7)]
    bench.lane.send_later(encode(SID, InputAck(CLIENT, 1)), 10.0)
    wait = bench.lane.wait(10.0)
    assert wait is not None
    assert 0 < wait < 0.01
    bench.lane.publish(encode(SID, Output(7, 1, 0, b"x")))
    assert frames(sock) == [InputAck(CLIENT, 1), Output(7, 1, 0, b"x")], "in one message"
    assert bench.lane.wait(10.0) is None
    bench.lane.send_later(encode(SID, InputAck(CLIENT, 2)), 11.0)
    bench.lane.tick(11.0)
    bench.lane.send_later(encode(SID, InputAck(CLIENT, 3)), 11.001)
    bench.lane.tick(11.1)
    assert frames(sock) == [InputAck(CLIENT, 2), InputAck(CLIENT, 3)]
    sock.close()


def lend(sock: socket.socket, message: LaneTerminal | LaneAsk, *fds: int) -> None:
    socket.send_fds(sock, [framed(encode(SID, message))], list(fds))


def test_a_terminal_comes_with_its_word_from_the_holder_only(tmp_path: Path):
    bench = Bench(tmp_path / "l")
    got: list[tuple[bytes, object, list[int]]] = []
    bench.lane.close()
    bench.lane = LaneServer(
        str(tmp_path / "l"), SID, bench._watch, lambda: (7, []), bench.inputs.append,
        on_terminal=lambda client, message, fds: got.append((client, message, fds)),
    )  # fmt: skip
    bench.lane.grant(CLIENT, KEY, 3)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    stranger = bench.connect()
    lend(stranger, LaneTerminal(1, 0, 0), 0, 1)
    bench.turn()
    assert stranger.recv(100) == b""
    stranger.close()
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    lend(sock, LaneTerminal(1, 0, 0), 0, 1)
    sock.sendall(framed(encode(SID, LaneAsk(1))))
    bench.turn()
    [(client, terminal, fds), (_, ask, none)] = got
    assert (client, terminal, ask, none) == (CLIENT, LaneTerminal(1, 0, 0), LaneAsk(1), [])
    assert len(fds) == 2
    assert not any(os.get_inheritable(fd) for fd in fds)
    for fd in fds:
        os.close(fd)
    # Descriptors whose word never comes are closed with the connection.
    socket.send_fds(sock, [b"\0"], [0, 1])
    bench.turn()
    bench.lane.close()
    sock.close()
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before - 1, "the listener is closed, and nothing is left"


def test_a_word_of_a_newer_holder_is_passed_over(bench: Bench):
    bench.lane.grant(CLIENT, KEY, 3)
    sock = bench.connect(Lane(CLIENT, 3, KEY))
    assert frames(sock) == [LaneOpen(3, 7)]
    sock.sendall(framed(SID + b"\x92\xa6futur\x65\x01"))
    bench.turn()
    assert bench.lane.holds(CLIENT)
    sock.close()
